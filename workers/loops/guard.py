"""
When an event is one too many: pure, a record and what was counted in, a failure or nothing out.

An event over a limit is a dead letter and not ignored: it may be a change that somebody made, it is kept until a person
has looked, and a loop ends with it, since what does not run writes nothing. Who replays an event has looked: no limit
holds for it, nor is it passed over as an echo.
"""

from dataclasses import dataclass
from typing import Self

from receiver.record import Record

from ..failures import Permanent, Reason
from ..loop_settings import LoopGuardSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class LoopRules:
    """What the guard is told of a source."""

    ignores_echoes: bool = True
    max_depth: int = 5
    max_runs: int = 60
    window_s: float = 600.0

    @classmethod
    def of(cls, settings: LoopGuardSettings) -> Self:
        """Return the rules that the settings make."""
        return cls(
            ignores_echoes=settings.echo == "ignore",
            max_depth=settings.max_depth,
            max_runs=settings.max_order_runs,
            window_s=settings.order_runs_window_s,
        )

    @property
    def window_ms(self) -> int:
        return int(self.window_s * 1000)

    def passes_over(self, record: Record) -> bool:
        """Return whether the event is an echo that starts no workflow but those that ask for it."""
        return bool(record.echo) and self.ignores_echoes and not record.replays

    def too_much(self, record: Record, tally: "Tally", *, runs: int) -> Permanent | None:
        """
        Return why the event may not begin, if it may not.

        Args:
            tally: What its order has had.
            runs: How many it would begin.
        """
        if record.replays or record.ledger:
            return None
        if record.depth > self.max_depth:
            return Permanent(_too_deep(record, self.max_depth), reason=Reason.LOOP_DEPTH)
        if tally.within(record.accepted, self.window_ms) + runs > self.max_runs:
            return Permanent(self._too_many(), reason=Reason.ORDER_RATE)
        return None

    def _too_many(self) -> str:
        return (
            f"the order has had {self.max_runs} runs within {self.window_s:g} s, as many as it may; "
            "look what changes it so often, then replay the event"
        )


@dataclass(frozen=True, slots=True)
class Tally:
    """The runs of an order for events that came from *since* on, in milliseconds."""

    runs: int = 0
    since: int = 0

    def within(self, came: int, window_ms: int) -> int:
        """Return how many count for an event that came then, where a window is that long."""
        return self.runs if came < self.since + window_ms else 0


#: Of an order that had no run of late.
NOTHING_YET = Tally()


def _too_deep(record: Record, limit: int) -> str:
    return (
        f"write {record.depth} of a chain of our own, at most {limit} may follow from each other; "
        "look which workflow answers its own change, then replay the event"
    )
