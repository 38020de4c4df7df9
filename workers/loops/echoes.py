"""
What a write of ours is answered by, as a value, and who remembers it; `workers.ledger` does, with its other writes.

It is written before a write is sent, since its echo may come before its answer. Where Redis does not answer, the write
is not sent: its result could not be noted either, and an echo that nobody knows is how a loop begins.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from redis.exceptions import RedisError

from receiver import keys
from receiver.intake import plain

from ..failures import RateLimited, Reason
from ..lease import LeaseLost

#: Longest wait for Redis, in seconds, and seconds until an event comes back whose write could not be remembered.
PATIENCE_S = 5.0
REDIS_WAIT_S = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """
    The events that a write of ours will raise at one source, one of each type.

    Args:
        source: Where they will come in.
        order: Their subject; None of an order that is being made.
        made: The order is new by this write, so that events of it were raised by it, whenever they came.
        key: The idempotency key of the write: it is remembered once, however often it is sent.
        cause: `depth write source event-id`: how deep it is in a chain, and what wrote for which event.
    """

    source: str
    order: str | None
    types: Sequence[str]
    key: str
    cause: str
    made: bool = False

    @property
    def recent(self) -> str:
        """Return the key under which it is remembered."""
        if self.order is None:
            return keys.creating(self.source)
        return keys.recent(keys.lane(self.source, plain(self.order)))


class Memory(Protocol):
    """Remembers echoes; the ledger does."""

    async def expect(self, echo: Echo, *, window_ms: int) -> None:
        """Take the events that come within that time from now for the echo; without a time, forget it."""


async def remember(memory: Memory, echoes: Sequence[Echo], *, window_s: float) -> None:
    """
    Remember what events are ours, if they come within *window_s* seconds from now; forget them if that is 0.

    Raises:
        RateLimited: Redis does not answer; the event comes again in a moment, and has used no attempt.
    """
    try:
        async with asyncio.timeout(PATIENCE_S):
            for echo in echoes:
                await memory.expect(echo, window_ms=int(window_s * 1000))
    except (RedisError, OSError, TimeoutError, LeaseLost) as error:
        message = f"our write cannot be remembered, so it is not sent: {str(error) or type(error).__name__}"
        raise RateLimited(
            message, reason=Reason.IO_ERROR, retry_after_s=REDIS_WAIT_S, punctual=True
        ) from error
