"""
How far the seeded orders have come, and how it ended. Pure: fed with records as they are seen.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from receiver.lifecycle import Status
from receiver.record import Record

from ..render import Piece
from ..story import Tone

#: The last event of an order's life.
LAST = "order.completed"
#: A configuration need not have a workflow for the last event.
_DONE = frozenset({Status.SUCCEEDED, Status.IGNORED, Status.SUPERSEDED})


@dataclass(slots=True, kw_only=True)
class Progress:
    """
    The orders by id, with what people call them, and the last that was seen of each of their events.
    """

    orders: Mapping[str, str]
    seen: dict[str, Record] = field(default_factory=dict)

    def note(self, record: Record) -> None:
        """
        Remember what was seen of an event.
        """
        if record.subject in self.orders:
            self.seen[record.key] = record

    def completed(self, order_id: str) -> bool:
        """
        Return whether an order has reached its end, and all that was to be done about it is.
        """
        events = self._events(order_id)
        reached = any(event.type == LAST and event.status in _DONE for event in events)
        return reached and all(event.status in _DONE for event in events)

    @property
    def count(self) -> int:
        return sum(map(self.completed, self.orders))

    @property
    def over(self) -> bool:
        """
        Return whether nothing is left to wait for: each order is at its end, or has a dead letter.
        """
        return all(self.completed(order_id) or self._dead(order_id) for order_id in self.orders)

    def rows(self) -> Iterator[Sequence[Piece]]:
        """
        Yield a row for each order: its name, its events, how often attempts were made, its last event, the result.
        """
        for order_id, name in self.orders.items():
            events = sorted(self._events(order_id), key=lambda event: event.accepted)
            attempts = sum(event.attempt for event in events)
            last = events[-1].type if events else "-"
            yield name, str(len(events)), str(attempts), last, self._result(order_id)

    def _result(self, order_id: str) -> Piece:
        if self.completed(order_id):
            return "completed", Tone.GOOD
        if dead := self._dead(order_id):
            return f"dead: {dead[0].type}: {dead[0].reason}: {dead[0].error}", Tone.BAD
        return "not completed in time", Tone.BAD

    def _dead(self, order_id: str) -> list[Record]:
        return [event for event in self._events(order_id) if event.status is Status.DEAD]

    def _events(self, order_id: str) -> list[Record]:
        return [event for event in self.seen.values() if event.subject == order_id]
