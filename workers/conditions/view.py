"""
What a condition can see, and how a dotted path finds a value in it.

Refuses to follow anything but keys of mappings and indexes of lists: `__class__` is a key like any other.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

#: First words of a path that name where to look; without one it is the data, then the order.
SCOPES = ("event", "data", "order")

_LONGEST_INDEX = 9  # digits; int() of more costs time and finds nothing


class Absent(Enum):
    """Why a path has no value. An enum, because null is a value."""

    MISSING = "missing"
    ORDER_NEEDED = "order needed"  # the order has not been fetched, and it may be in there


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """
    One event as conditions see it.

    Args:
        event: id, type, subject, source, occurredAt, acceptedAt, stale.
        data: The payload's data; empty where the source is trusted as a hint only.
        order: The fetched order; None says not fetched yet, an empty mapping that there is none to fetch.
    """

    event: Mapping[str, object]
    data: Mapping[str, object] = field(repr=False)
    order: Mapping[str, object] | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Path:
    """A dotted path, split once. A scope's name alone (`order`) is an ordinary key of the data."""

    text: str
    scope: Literal["event", "data", "order", "either"]
    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Path":
        first, *rest = text.split(".")
        match first:
            case "event" | "data" | "order" if rest:
                return cls(text, first, tuple(rest))
            case _:
                return cls(text, "either", (first, *rest))

    def find(self, view: View) -> object:
        """Return the value at this path, or an `Absent`."""
        match self.scope:
            case "event":
                return _walk(view.event, self.parts)
            case "data":
                return _walk(view.data, self.parts)
            case "order":
                return self._in_order(view)
        found = _walk(view.data, self.parts)
        return self._in_order(view) if found is Absent.MISSING else found

    def _in_order(self, view: View) -> object:
        return Absent.ORDER_NEEDED if view.order is None else _walk(view.order, self.parts)


def _walk(value: object, parts: tuple[str, ...]) -> object:
    for part in parts:
        value = _step(value, part)
        if value is Absent.MISSING:
            break
    return value


def _step(value: object, part: str) -> object:
    if isinstance(value, Mapping):
        return value.get(part, Absent.MISSING)
    if isinstance(value, list | tuple) and _is_index(part) and int(part) < len(value):
        return value[int(part)]
    return Absent.MISSING


def _is_index(part: str) -> bool:
    return part.isascii() and part.isdigit() and len(part) <= _LONGEST_INDEX
