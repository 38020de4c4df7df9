"""
Writes traces to Redis behind the deliveries' backs: never on the way of an answer, and never more than it can hold.

What is to be kept waits in memory and goes in one command a second. Where Redis does not take it, it waits on; what
finds no room is counted. After a lost answer of Redis the same traces may be written twice.
"""

import asyncio
import contextlib
import time
from collections import deque

import msgspec
import redis.asyncio as aredis
from msgspec import Struct
from redis.exceptions import RedisError
from starlette.types import Scope

from . import keys, scripts
from .arrival import declared_length
from .delivery_log import Delivery, plain
from .ending import ended
from .metrics import TracesSeen
from .traces import DUPLICATE, MAX_BODY, MAX_TEXT, NO_SOURCE, REJECTED, Kept, Sampler, Trace

#: Seconds between two writes.
FLUSH_S = 1.0
#: Most traces, and bytes of bodies, that wait in one process; and most traces of one command.
MAX_WAITING = 1_000
MAX_WAITING_BYTES = 4 * 1024 * 1024
MAX_BATCH = 200
#: Most rejected bodies of a source, and how long traces are kept, in milliseconds.
BODIES_KEPT = 200
KEEP_MS = 7 * 24 * 60 * 60 * 1000
#: Longest name of a source that nobody has configured, in characters.
MAX_NAME = 64

_encode = msgspec.json.Encoder().encode


class _Seen(Struct, frozen=True):
    """A delivery as it was handed in; of a flood nothing is made of it."""

    at_ns: int
    elapsed_s: float
    delivery: Delivery
    scope: Scope
    scheme: str | None
    body: bytes


class TraceKeeper:
    """Takes deliveries that made no event; `start` it inside a running loop and `close` it."""

    def __init__(self, client: "aredis.Redis", *, kept: int, timeout_s: float) -> None:
        """
        Args:
            kept: Most traces of a source and outcome; 0 keeps none.
            timeout_s: Longest time for one write.
        """
        self._redis = client
        self._kept = kept
        self._timeout_s = timeout_s
        self._sampler = Sampler[_Seen]()
        self._waiting: deque[Kept] = deque()
        self._waiting_bytes = 0
        self._writing: asyncio.Task[None] | None = None
        self._written = self._counted = self._dropped = 0

    @property
    def seen(self) -> TracesSeen:
        """Return what became of the deliveries of this process so far."""
        return TracesSeen(written=self._written, counted=self._counted, dropped=self._dropped)

    def add(self, delivery: Delivery, scope: Scope, *, scheme: str | None, body: bytes = b"") -> None:
        """
        Take a delivery.

        Args:
            scheme: Of its source; None where there is no such source.
            body: What is to be kept of it; empty for nothing.
        """
        if not self._kept:
            return
        seen = _Seen(time.time_ns(), time.perf_counter() - delivery.started, delivery, scope, scheme, body)
        more = self._sampler.take((_stream(seen), delivery.outcome), seen, time.monotonic())
        if more is None:
            self._counted += 1
        else:
            self._put(_kept(seen, more))

    def start(self) -> None:
        """Begin to write."""
        if self._kept:
            self._writing = asyncio.get_running_loop().create_task(self._write_forever())

    async def close(self) -> None:
        """Write what waits, if Redis takes it at once, and end."""
        if self._writing is not None:
            await ended([self._writing])
        await self.flush()
        await self._redis.aclose()

    async def flush(self) -> None:
        """Write what waits; what Redis does not take waits on."""
        for seen, more in self._sampler.late(time.monotonic()):
            self._counted -= 1
            self._put(_kept(seen, more))
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
            try:
                await self._write(batch)
            except BaseException as error:
                self._waiting.extendleft(reversed(batch))
                if isinstance(error, RedisError | OSError | TimeoutError):
                    return
                raise
            self._written += len(batch)
            self._waiting_bytes -= sum(len(kept.body) for kept in batch)

    def _put(self, kept: Kept) -> None:
        if len(self._waiting) >= MAX_WAITING:
            self._dropped += 1 + kept.trace.more
            return
        if self._waiting_bytes + len(kept.body) > MAX_WAITING_BYTES:
            kept = Kept(kept.stream, kept.trace)
        self._waiting.append(kept)
        self._waiting_bytes += len(kept.body)

    async def _write_forever(self) -> None:
        while True:
            await asyncio.sleep(FLUSH_S)
            with contextlib.suppress(RedisError, OSError, TimeoutError):
                await self.flush()

    async def _write(self, batch: list[Kept]) -> None:
        places = [
            (keys.traces(one.stream, one.trace.outcome), keys.rejected_bodies(one.stream)) for one in batch
        ]
        told = [(_encode(one.trace), one.body) for one in batch]
        async with asyncio.timeout(self._timeout_s):
            await scripts.run(
                self._redis,
                "trace",
                [keys.trace_streams(), *(key for pair in places for key in pair)],
                [self._kept, BODIES_KEPT, KEEP_MS, *(part for pair in told for part in pair)],
            )


def _stream(seen: _Seen) -> str:
    return NO_SOURCE if seen.scheme is None else seen.delivery.source


def _kept(seen: _Seen, more: int) -> Kept:
    delivery, client = seen.delivery, seen.scope.get("client")
    declared = declared_length(seen.scope["headers"])
    trace = Trace(
        at=seen.at_ns // 1_000_000,
        source=plain(delivery.source)[:MAX_NAME],
        outcome=DUPLICATE if delivery.outcome == DUPLICATE else REJECTED,
        code=delivery.outcome,
        status=delivery.status,
        event_id=delivery.event_id,
        detail=plain(delivery.detail)[:MAX_TEXT],
        duration_ms=round(seen.elapsed_s * 1000, 2),
        bytes=-1 if declared is None else declared,
        remote=client[0] if client else "",
        scheme=seen.scheme or "",
        more=more,
    )
    return Kept(_stream(seen), trace, seen.body[:MAX_BODY])
