"""
What the sender has to send and has sent: an event, its attempts, where it stands.
"""

from collections import Counter, deque
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class DeliveryState(StrEnum):
    """
    Where a delivery stands.
    """

    #: Waits for its turn, for a retry, or for an answer.
    PENDING = "pending"
    #: Answered 2xx.
    DELIVERED = "delivered"
    #: Every retry is used up.
    GIVEN_UP = "given_up"
    #: Never sent, because a fault says so.
    DROPPED = "dropped"
    #: Never sent, because no webhook URL is set.
    UNSENT = "unsent"


@dataclass(frozen=True, slots=True, kw_only=True)
class SentEvent:
    """
    One event as it goes out. Its body is the same in every attempt; the id is ours and not in the body.
    """

    id: str
    type: str
    #: Events of one subject are sent in order: the order's id.
    subject: str
    body: bytes
    #: Which system sends it, and so where it goes.
    system: str = "installer"
    #: Where it goes, of a system whose clients say so; else its system's address.
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendAttempt:
    """
    One POST and what came of it.
    """

    at: str
    #: None: no answer came, and `error` says why.
    status: int | None
    error: str | None
    duration_ms: float
    bad_signature: bool

    @property
    def succeeded(self) -> bool:
        # Ours: only 2xx counts, and a redirect is not followed. The vendor does not say.
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - the class 2xx

    def to_json(self) -> dict[str, Any]:
        return {
            "at": self.at,
            "status": self.status,
            "error": self.error,
            "durationMs": round(self.duration_ms, 1),
            "badSignature": self.bad_signature,
        }


@dataclass(slots=True, kw_only=True)
class Delivery:
    """
    One event on its way, with all attempts at it.
    """

    event: SentEvent
    #: In the order in which deliveries began.
    number: int = 0
    state: DeliveryState = DeliveryState.PENDING
    #: The second one of an event that a fault delivers twice.
    duplicate: bool = False
    #: Waits so long when its turn has come, before the first attempt.
    delay_s: float = 0.0
    attempts: list[SendAttempt] = field(default_factory=list)

    def to_json(self) -> dict[str, Any]:
        return {
            "eventId": self.event.id,
            "system": self.event.system,
            "event": self.event.type,
            "orderId": self.event.subject,
            "state": self.state,
            "duplicate": self.duplicate,
            "attempts": [attempt.to_json() for attempt in self.attempts],
        }


class Deliveries:
    """
    Every delivery that is pending, the last ones that are over, and counts of all.
    """

    def __init__(self, *, kept: int) -> None:
        self._pending: dict[int, Delivery] = {}
        self._over: deque[Delivery] = deque(maxlen=kept)
        self._counts: Counter[DeliveryState] = Counter()
        self._numbers = 0

    def begin(self, delivery: Delivery) -> None:
        self._numbers += 1
        delivery.number = self._numbers
        self._pending[delivery.number] = delivery

    def end(self, delivery: Delivery, state: DeliveryState) -> None:
        delivery.state = state
        # None: it began before everything was forgotten.
        if self._pending.pop(delivery.number, None) is not None:
            self._over.append(delivery)
            self._counts[state] += 1

    @property
    def pending(self) -> int:
        return len(self._pending)

    def counts(self) -> dict[str, int]:
        over = {state.value: self._counts[state] for state in DeliveryState}
        return over | {"pending": self.pending}

    def to_json(self) -> list[dict[str, Any]]:
        known = [*self._over, *self._pending.values()]
        return [delivery.to_json() for delivery in sorted(known, key=lambda delivery: delivery.number)]

    def forget(self) -> None:
        self._pending.clear()
        self._over.clear()
        self._counts.clear()
