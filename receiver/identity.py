"""
Whether Redis is still the one that this process has recorded into: neither another one, nor emptied, nor set back.

Knows how to tell; what follows from it (503 until an operator has looked and starts the receiver again) is up to those
who ask. What it knows ends with the process, so a start is the operator's word that this Redis is the right one.
"""

import uuid
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Any

import structlog

from . import keys
from .store import ForeignStore

log = structlog.get_logger()

#: Sends a command to Redis and returns its answer.
Ask = Callable[..., Awaitable[Any]]


class Identity:
    """The identity of a Redis, and how many events of each source it must know at the least."""

    def __init__(self, sources: Collection[str], *, promised: Collection[str] = ()) -> None:
        """
        Args:
            sources: All names.
            promised: Those whose events were acknowledged as safe on disk or on a replica: where Redis has lost some of
                them, nothing more is recorded. What others lose is logged, once.
        """
        self._sources = tuple(sorted(sources))
        self._promised = frozenset(promised)
        #: Of the Redis; empty before the first look at it.
        self.name = ""
        self._recorded: Counter[str] = Counter()

    def recorded(self, sources: Sequence[str]) -> None:
        """Note that Redis has acknowledged a new event of each of *sources*."""
        self._recorded.update(sources)

    def watch(self, sources: Collection[str]) -> None:
        """Look after these sources too, from now on; one that is gone is still asked for."""
        self._sources = tuple(sorted({*self._sources, *sources}))

    async def check(self, ask: Ask) -> None:
        """
        Look at Redis; the first look takes it as it is, and gives an empty one its identity.

        Raises:
            ForeignStore: It is another one now, or it has lost what it had promised to keep.
        """
        found = await self._found(ask)
        at_least = self._recorded.copy()  # before the question: what is recorded meanwhile is in no answer
        known = await self._known(ask)
        if not self.name:
            self.name, self._recorded = found, known
        if found != self.name:
            raise ForeignStore(
                f"Redis has the identity {found or 'none'}, expected {self.name}: it was emptied, or another one "
                "answers at its address. Put the right one back; or, to begin with this one, start the receiver again"
            )
        self._compare(at_least - known)

    async def _found(self, ask: Ask) -> str:
        if not self.name:
            await ask("SET", keys.identity(), uuid.uuid4().hex, "NX")
        found = await ask("GET", keys.identity())
        return "" if found is None else str(found, "ascii", "replace")

    async def _known(self, ask: Ask) -> Counter[str]:
        if not self._sources:
            return Counter()
        counts = await ask("HMGET", keys.counts(), *(f"{name}:accepted" for name in self._sources))
        return Counter({name: int(count or 0) for name, count in zip(self._sources, counts, strict=True)})

    def _compare(self, lost: Counter[str]) -> None:
        """Deal with acknowledged events that Redis does not know, *lost* of each source."""
        if broken := sorted(lost.keys() & self._promised):
            missing = ", ".join(f"{lost[name]} of {name}" for name in broken)
            raise ForeignStore(
                f"Redis has lost acknowledged events ({missing}): it was set back to an older state. Put the right "
                "data back; or, to go on without them, start the receiver again"
            )
        if lost:
            log.error("receiver.events_lost", **lost)
            self._recorded.subtract(lost)
