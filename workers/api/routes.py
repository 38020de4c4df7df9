"""
An API's operations: what each is called here, where it is, how that is known, and whether it changes something.

Pure values that both clients' tables are made of. Refuses to know HTTP beyond a method and a path.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from urllib.parse import quote

#: Stands for an id in a path.
PLACEHOLDER = re.compile(r"\{([A-Za-z]+)\}")
_LONGEST_ID = 256


class Standing(StrEnum):
    """How a request line is known."""

    DOCUMENTED = "documented"  # the vendor's own text
    SECOND_HAND = "second-hand"  # a third party's public client says so
    OURS = "ours"  # the vendor names the operation and nothing else


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A method and a path whose `{placeholders}` are ids."""

    method: str
    path: str

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    def filled(self, ids: Mapping[str, str]) -> str:
        """
        Return the path with *ids* in it, each escaped as one segment.

        Raises:
            ValueError: An id could leave its place in the path. Ids come out of payloads.
        """
        return self.path.format_map({name: _segment(name, value) for name, value in ids.items()})


def _segment(name: str, value: str) -> str:
    # A dot is no character that quoting escapes, so ".." would climb.
    if not value.strip(".") or len(value) > _LONGEST_ID or not value.isprintable():
        raise ValueError(f"{name} is not usable in a path; expected 1 to {_LONGEST_ID} printable characters")
    return quote(value, safe="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """
    What the API can do, under our name for it.

    Args:
        needs: Placeholders that its path must have.
        allows: Placeholders that its path may have besides; the value goes along in the body anyway.
        writes: It changes something, so a call without an answer has an unknown effect, whatever its method is.
        about: What a 404 says is gone: an order, a shipment; nothing where it may mean something else.
        note: What else about it is not documented.
        configurable: Its path is a guess that the configuration can correct.
    """

    name: str
    route: Route
    standing: Standing
    needs: frozenset[str] = frozenset()
    allows: frozenset[str] = frozenset()
    writes: bool = False
    about: str = ""
    note: str = ""
    configurable: bool = True
