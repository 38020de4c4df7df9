"""
What is wanted of a list of events, and how it is best found. Pure.
"""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass

from receiver import keys
from receiver.lifecycle import IN_FLIGHT, Status

from ..odata import Comparison, Expression, Facts, Kind, Not, fields_of, required

#: What can be filtered by; in the list of dead letters by `diedAt` too.
FIELDS = {
    "source": Kind.TEXT,
    "status": Kind.TEXT,
    "type": Kind.TEXT,
    "subject": Kind.TEXT,
    "reason": Kind.TEXT,
    "eventId": Kind.TEXT,
    "acceptedAt": Kind.TIME,
    "occurredAt": Kind.TIME,
    "stale": Kind.SWITCH,
}
#: What `$search` looks at.
SEARCHED = ("eventId", "subject", "type")
#: Before and after all times.
FIRST, LAST = 0, 1 << 52


class BadCursor(ValueError):
    """
    It is none that we gave out.
    """


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Cursor:
    """
    A place in a list: behind the event of this time and key.
    """

    at: int
    key: str

    def spelled(self) -> str:
        """
        Return it as callers carry it; they need not read it.
        """
        place = [self.at, keys.event_source(self.key), keys.event_id(self.key)]
        text = json.dumps(place, separators=(",", ":"))
        return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")

    @classmethod
    def read(cls, text: str) -> "Cursor":
        """
        Return the cursor that *text* spells.

        Raises:
            BadCursor: It spells none.

        """
        try:
            at, source, event_id = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        except (ValueError, TypeError, binascii.Error, RecursionError):
            raise BadCursor("it is none that an answer gave as `next`") from None
        texts = isinstance(source, str) and isinstance(event_id, str)
        if type(at) is not int or not texts or not FIRST <= at < LAST:
            raise BadCursor("it is none that an answer gave as `next`")
        return cls(at=at, key=keys.event(source, event_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """
    What a caller asked for; *time* names the field that the list is ordered by.
    """

    time: str
    newest_first: bool
    expression: Expression | None = None
    search: str = ""
    offset: int = 0
    size: int
    cursor: Cursor | None = None

    def admits(self, facts: Facts) -> bool:
        """
        Return whether an event is wanted.
        """
        if self.expression is not None and not self.expression.holds(facts):
            return False
        sought = self.search.casefold()
        return not sought or any(sought in str(facts[name]).casefold() for name in SEARCHED)

    @property
    def required(self) -> tuple[Comparison, ...]:
        """
        Return what must hold of every event, comparison by comparison.
        """
        return () if self.expression is None else tuple(required(self.expression))

    @property
    def fields(self) -> set[str]:
        """
        Return the fields that decide.
        """
        named = set() if self.expression is None else set(fields_of(self.expression))
        return named | (set(SEARCHED) if self.search else set())

    @property
    def event_ids(self) -> tuple[str, ...]:
        """
        Return the ids of which one must be the event's; empty where any may be.
        """
        found = self._texts("eventId")
        return () if found is None else tuple(found)

    def sources(self, known: list[str]) -> list[str]:
        """
        Return the sources whose events are to be looked at, out of those known.
        """
        found = self._texts("source")
        return known if found is None else [name for name in known if name in found]

    @property
    def statuses(self) -> frozenset[str] | None:
        """
        Return the statuses of which one must be the event's; None where any may be.
        """
        found = self._texts("status")
        return None if found is None else frozenset(found)

    @property
    def in_flight_only(self) -> bool:
        """
        Return whether no other than events in flight are wanted.
        """
        return self.statuses is not None and self.statuses <= {status.value for status in IN_FLIGHT}

    @property
    def dead_only(self) -> bool:
        """
        Return whether no other than dead letters are wanted.
        """
        return self.statuses == frozenset({Status.DEAD.value})

    @property
    def since(self) -> int:
        """
        Return the first time that can be wanted, in milliseconds.
        """
        bounds = (_from(one) for one in self.required if one.field == self.time)
        return min(LAST, max(FIRST, *bounds, FIRST))

    @property
    def until(self) -> int:
        """
        Return the time before which every wanted one must lie.
        """
        bounds = (_to(one) for one in self.required if one.field == self.time)
        return max(FIRST, min(LAST, *bounds, LAST))

    def is_served_by(self, *fields: str) -> bool:
        """
        Return whether what must hold of these fields is all that is asked.
        """
        if self.search or not self.fields <= set(fields):
            return False
        return self.expression is None or _is_conjunction(self.expression)

    def _texts(self, field: str) -> set[str] | None:
        """
        Return the values of which a field must have one; None where nothing is said.
        """
        found: set[str] | None = None
        for one in self.required:
            if one.field == field and one.operator in ("eq", "in"):
                texts = {str(value) for value in (one.values or (one.value,)) if value is not None}
                found = texts if found is None else found & texts
        return found


def _is_conjunction(expression: Expression) -> bool:
    """
    Return whether it is nothing but comparisons that must all hold, each of a kind that an index can serve.
    """
    served = {"eq", "in", "lt", "le", "gt", "ge"}
    whole = sum(1 for _ in _leaves(expression)) == sum(1 for _ in required(expression))
    return whole and all(one.operator in served and _has_value(one) for one in required(expression))


def _has_value(one: Comparison) -> bool:
    return one.value is not None or (one.operator == "in" and None not in one.values)


def _leaves(expression: Expression) -> Iterator[Comparison]:
    if isinstance(expression, Comparison):
        yield expression
    elif isinstance(expression, Not):
        yield from _leaves(expression.inner)
    else:
        yield from _leaves(expression.left)
        yield from _leaves(expression.right)


def _from(one: Comparison) -> int:
    if not isinstance(one.value, int):
        return FIRST
    return {"gt": one.value + 1, "ge": one.value, "eq": one.value}.get(one.operator, FIRST)


def _to(one: Comparison) -> int:
    if not isinstance(one.value, int):
        return LAST
    return {"lt": one.value, "le": one.value + 1, "eq": one.value + 1}.get(one.operator, LAST)
