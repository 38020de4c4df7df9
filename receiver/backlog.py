"""
How much waits in Redis, and whether there is room for more: soft caps, well before Redis is full.

Looks at Redis a few times a second and counts down in between, so that a delivery costs no further question. Several
receivers can therefore go over a cap by what they take in between two looks; it is a soft one.
"""

import asyncio
import contextlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import redis.asyncio as aredis
from redis.exceptions import RedisError

from . import keys
from .lifecycle import IN_FLIGHT

#: Seconds between two looks at Redis.
LOOK_EVERY_S = 0.2
#: What an event takes in Redis beside its body, in bytes; measured: 540 to 700 for a pending one.
OVERHEAD_BYTES = 700


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """Most events in flight, and most bytes of their bodies."""

    events: int
    bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """The caps for all events together, those of each source, and the share of Redis' memory that may be used."""

    total: Cap
    sources: Mapping[str, Cap]
    memory_share: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Levels:
    """What Redis says: events in flight and bytes of each source, and its own memory; *maxmemory* 0 for no limit."""

    events: Mapping[str, int]
    bytes: Mapping[str, int]
    used_memory: int
    maxmemory: int


@dataclass(slots=True, kw_only=True)
class Room:
    """What a source may still send until the next look; *why* names the cap that leaves the least of it."""

    events: int
    bytes: int
    why: str


def room(levels: Levels, caps: Caps, source: str) -> Room:
    """Return what is left for a source under every cap; negative where a cap is passed."""
    own, total = caps.sources[source], caps.total
    waiting, all_waiting = levels.events.get(source, 0), sum(levels.events.values())
    held, all_held = levels.bytes.get(source, 0), sum(levels.bytes.values())
    events = (
        (own.events - waiting, f"{waiting} of at most {own.events} events of {source} wait"),
        (total.events - all_waiting, f"{all_waiting} of at most {total.events} events wait"),
    )
    sizes = [
        (own.bytes - held, f"{held} of at most {own.bytes} bytes of {source} wait"),
        (total.bytes - all_held, f"{all_held} of at most {total.bytes} bytes wait"),
    ]
    if levels.maxmemory:
        usable = int(levels.maxmemory * caps.memory_share)
        sizes.append(
            (usable - levels.used_memory, f"Redis uses {levels.used_memory} of {levels.maxmemory} bytes")
        )
    left_events, why_events = min(events)
    left_bytes, why_bytes = min(sizes)
    return Room(
        events=left_events, bytes=left_bytes, why=why_bytes if left_bytes < OVERHEAD_BYTES else why_events
    )


class Backlog:
    """Says of each delivery whether there is room for it; looks at Redis between `start` and `close`."""

    def __init__(self, redis: "aredis.Redis", caps: Caps) -> None:
        self._redis = redis
        self._caps = caps
        self._closed = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None
        #: Empty before the first look: Redis itself refuses what it cannot take.
        self._rooms: dict[str, Room] = {}

    def refusal(self, source: str, size: int) -> str:
        """Take room for an event of that source and body size; return why there is none, empty where there was."""
        left = self._rooms.get(source)
        if left is None:
            return ""
        if left.events <= 0 or left.bytes < size + OVERHEAD_BYTES:
            return left.why
        left.events -= 1
        left.bytes -= size + OVERHEAD_BYTES
        return ""

    def cap(self, sources: Mapping[str, Cap]) -> None:
        """Look after these sources from the next look on."""
        self._caps = replace(self._caps, sources=sources)

    def start(self) -> None:
        """Begin to look at Redis, again and again until closed."""
        self._watch = asyncio.create_task(self._look_forever())

    async def _look_forever(self) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(RedisError, OSError):  # then what was seen last holds
                await self.look()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), LOOK_EVERY_S)

    async def close(self) -> None:
        """Stop looking, and give the connections back."""
        self._closed.set()
        if self._watch is not None:
            await self._watch  # not cancelled: a cancellation can get lost in the middle of an answer
        await self._redis.aclose()

    async def look(self) -> None:
        """Ask Redis once."""
        caps = self._caps
        async with self._redis.pipeline(transaction=False) as pipeline:
            pipeline.hmget(keys.counts(), _fields(caps.sources))
            pipeline.info("memory")
            counts, memory = await pipeline.execute()
        levels = _levels(counts, memory, caps)
        self._rooms = {name: room(levels, caps, name) for name in caps.sources}


_STATUSES = tuple(sorted(IN_FLIGHT))


def _fields(sources: Mapping[str, Cap]) -> list[str]:
    return [f"{name}:{what}" for name in sources for what in (*_STATUSES, "bytes")]


def _levels(counts: list[bytes | None], memory: Mapping[str, Any], caps: Caps) -> Levels:
    numbers = iter([int(count or 0) for count in counts])
    events, sizes = {}, {}
    for name in caps.sources:
        events[name] = sum(next(numbers) for _ in _STATUSES)
        sizes[name] = next(numbers)
    return Levels(
        events=events, bytes=sizes, used_memory=memory["used_memory"], maxmemory=memory.get("maxmemory", 0)
    )
