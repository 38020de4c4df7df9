"""
What a condition can see, and how a dotted path finds a value in it.

Refuses to follow anything but keys of mappings and indexes of lists: `__class__` is a key like any other.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

_LONGEST_INDEX = 9  # digits; int() of more costs time and finds nothing


class Absent(Enum):
    """Why a path has no value. An enum, because null is a value."""

    MISSING = "missing"
    ORDER_NEEDED = (
        "order needed"  # the order, or whatever it is about, was not fetched, and it may be in there
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """
    One event as conditions see it.

    Args:
        event: id, type, subject, source, occurredAt, acceptedAt, stale.
        data: The payload's data; empty where the source is trusted as a hint only.
        fetched: The fetched order, or shipment, customer or product; None says not fetched yet, an empty mapping that
            there is none to fetch.
        about: What that is: the first word of a path into it.
    """

    event: Mapping[str, object]
    data: Mapping[str, object] = field(repr=False)
    fetched: Mapping[str, object] | None = field(default=None, repr=False)
    about: str = "order"


@dataclass(frozen=True, slots=True)
class Path:
    """
    A dotted path, split once.

    Which word names the fetched entity is the view's to say: `customer.name` is a customer's name where the workflow
    is about customers, and a key of the data elsewhere. A scope's name alone (`order`) is an ordinary key.
    """

    text: str
    scope: Literal["event", "data", "plain"]
    parts: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> "Path":
        first, *rest = text.split(".")
        match first:
            case "event" | "data" if rest:
                return cls(text, first, tuple(rest))
            case _:
                return cls(text, "plain", (first, *rest))

    def find(self, view: View) -> object:
        """Return the value at this path, or an `Absent`."""
        match self.scope:
            case "event":
                return _walk(view.event, self.parts)
            case "data":
                return _walk(view.data, self.parts)
        first, *rest = self.parts
        if rest and first == view.about:
            return _in_fetched(view, rest)
        found = _walk(view.data, self.parts)
        return _in_fetched(view, self.parts) if found is Absent.MISSING else found


def _in_fetched(view: View, parts: Sequence[str]) -> object:
    return Absent.ORDER_NEEDED if view.fetched is None else _walk(view.fetched, parts)


def _walk(value: object, parts: Sequence[str]) -> object:
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
