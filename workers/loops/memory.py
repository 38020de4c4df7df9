"""
The memory of our writes over Redis: what events will be their echo, for each order; the workers' side of remember.lua.

It is written before a write is sent, since its echo may come before its answer. Where Redis does not answer, the write
is not sent: its result could not be noted either, and an echo that nobody knows is how a loop begins.
"""

import contextlib
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

import redis.asyncio as aredis
import structlog
from redis.exceptions import RedisError

from receiver import keys, scripts
from receiver.batcher import Batcher
from receiver.intake import plain

from ..failures import RateLimited, Reason

log = structlog.get_logger()

#: Seconds until an event comes back whose write could not be remembered.
REDIS_WAIT_S = 1.0
#: Most entries in one script call.
MAX_BATCH = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """
    An event that a write of ours will raise.

    Args:
        source: The source at which it will come in.
        order: Its subject.
        type: Its type.
        key: The idempotency key of the write: it is remembered once, however often it is sent.
        cause: `depth write source event-id`: how deep it is in a chain, and what wrote for which event.
    """

    source: str
    order: str
    type: str
    key: str
    cause: str


class Memory:
    """Remembers and forgets; build it inside a running loop and `close` it."""

    def __init__(self, redis: "aredis.Redis") -> None:
        self._redis = redis
        self._batcher = Batcher[tuple[Sequence[Echo], int], None](self._send, max_items=MAX_BATCH)

    async def remember(self, echoes: Sequence[Echo], *, window_s: float) -> None:
        """
        Remember what events are ours, if they come within *window_s* seconds from now.

        Raises:
            RateLimited: Redis does not answer; the event comes again in a moment, and has used no attempt.
        """
        try:
            await self._batcher.put((echoes, int(window_s * 1000)))
        except (RedisError, OSError) as error:
            message = f"our write cannot be remembered, so it is not sent: {error}"
            raise RateLimited(
                message, reason=Reason.IO_ERROR, retry_after_s=REDIS_WAIT_S, punctual=True
            ) from error

    async def forget(self, echoes: Sequence[Echo]) -> None:
        """Forget a write that surely had no effect; where Redis does not answer, it is expected in vain."""
        with contextlib.suppress(RedisError, OSError):
            await self._batcher.put((echoes, 0))

    async def close(self) -> None:
        """Stop; all that was asked for must have been waited for."""
        await self._batcher.close()

    async def _send(self, asked: Sequence[tuple[Sequence[Echo], int]], oldest: float) -> list[None]:
        del oldest
        flat = [(echo, window_ms) for echoes, window_ms in asked for echo in echoes]
        recent = [keys.recent(keys.lane(echo.source, plain(echo.order))) for echo, _ in flat]
        arguments = [
            part for echo, window_ms in flat for part in (echo.type, echo.key, window_ms, echo.cause)
        ]
        await scripts.run(self._redis, "remember", recent, arguments)
        return [None] * len(asked)


@contextlib.asynccontextmanager
async def remembering(redis: "aredis.Redis") -> AsyncIterator[Memory]:
    """Yield the memory of one shift."""
    memory = Memory(redis)
    try:
        yield memory
    finally:
        await memory.close()
