"""
Which events an operator means, as it was typed. Light, since every command line is read with it.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    Which events are wanted, as it was typed; an empty field wants all.
    """

    source: str = ""
    type: str = ""
    subject: str = ""
    status: str = ""
    since: str = ""
    until: str = ""
