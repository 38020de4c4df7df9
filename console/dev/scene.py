"""
What was asked for, and what a run is played with.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from .folder import Folder
from .stage import Addresses


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """
    What was asked for; port 0 takes a free one.
    """

    once: bool
    orders: int
    receiver_port: int
    sandbox_port: int
    console_port: int
    folder: Path
    source: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """
    What a run is played with.
    """

    demo: Demo
    source: str
    #: Gets the events of the sandbox's Dispatch side; empty for none.
    dispatch_source: str
    folder: Folder
    addresses: Addresses
    environ: Mapping[str, str]
