"""
Who makes a call: the attempt that is under way, as a budget sees it.

It travels in a context variable, since a call passes through an action, which may be a user's, and through a client,
and neither has anything to do with it.
"""

import contextlib
from collections.abc import Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Literal, Self

from receiver.record import Record

from ..failures import Reason

Standing = Literal["new", "back", "begun"]
#: Who goes first: live traffic, then replays, then what nobody waits for.
Class = Literal["live", "replay", "import"]

#: Reasons for which an event waits for a moment that a budget gave it.
_WAITS = frozenset({Reason.RATE_LIMITED, Reason.CIRCUIT_OPEN, Reason.UNAUTHORIZED, Reason.TARGET_BUSY})


@dataclass(slots=True, kw_only=True)
class Visit:
    """
    One attempt.

    Args:
        event_id: The event that is attempted, and `depth`: how many of our writes led to it.
        replayed: An operator started the event again; live traffic goes before it.
        imports: Nobody waits for it: live traffic and replays go before it.
        back: It has waited for its moment, so it does not queue again.
        made: Calls that it has made. From the first on it goes before others, so that what was begun gets done.
    """

    source: str = ""
    event_id: str = ""
    depth: int = 0
    replayed: bool = False
    imports: bool = False
    back: bool = False
    made: int = 0

    @classmethod
    def of(cls, record: Record) -> Self:
        """Return the visit of an attempt at this event."""
        return cls(
            source=record.source,
            event_id=record.id,
            depth=record.depth,
            replayed=record.replays > 0,
            imports=record.synthetic,
            back=record.reason in _WAITS,
        )

    @property
    def budget_class(self) -> Class:
        if self.replayed:
            return "replay"
        return "import" if self.imports else "live"

    @property
    def standing(self) -> Standing:
        if self.made:
            return "begun"
        return "back" if self.back else "new"


_VISIT: ContextVar[Visit | None] = ContextVar("visit", default=None)


def current() -> Visit:
    """Return the attempt that is under way; outside of one, a visit of nobody in particular."""
    return _VISIT.get() or Visit()


@contextlib.contextmanager
def visiting(visit: Visit) -> Iterator[None]:
    """Make *visit* the current one, for all that is called in the block."""
    token = _VISIT.set(visit)
    try:
        yield
    finally:
        _VISIT.reset(token)
