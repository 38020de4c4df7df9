"""
The spool of a source: what Redis cannot take is kept on a local disk, acknowledged, and recorded when Redis returns.

While anything of a source waits in the spool, whatever comes goes behind it: straight to Redis it would overtake.
So a Redis that is away makes nobody wait for it but the first; the drain finds out when it is back.
"""

import asyncio
import contextlib
import time
from collections.abc import Sequence

import structlog
from msgspec.structs import replace

from .accept import NewEvent, Recorded
from .batcher import Batcher
from .commit import GroupCommit, Overloaded
from .ending import ended
from .one_thread import OneThread
from .patience import within
from .spool_drain import Drain, Refusal, Turn
from .spool_file import SpoolBroken, SpoolError, SpoolFull
from .spool_store import Drained, Kept, SpoolStore, Standing, is_new
from .store import StoreError, StoreUnavailable

log = structlog.get_logger()

#: Most events and bytes that share the fsyncs of one commit.
MAX_BATCH = 1024
MAX_BATCH_BYTES = 8 * 1024 * 1024

_Item = tuple[NewEvent, str]
"""An event, and why Redis did not take it; empty where it only follows others."""


class Spool:
    """Stands in front of a source's commit, with the same `put`; `open` it inside a running loop, and `close` it."""

    def __init__(
        self,
        source: str,
        store: SpoolStore,
        turn: Turn,
        commit: GroupCommit,
        refusal: Refusal,
        *,
        timeout_s: float,
        max_waiting: int,
    ) -> None:
        """
        Args:
            refusal: Takes room in Redis for an event.
            timeout_s: Longest time that an event may take to reach the disk, once Redis has not taken it.
            max_waiting: Most events that may wait for the disk at once.
        """
        self._store = store
        self._commit = commit
        self._refusal = refusal
        self._timeout_s = timeout_s
        self._max_waiting = max_waiting
        self._log = log.bind(source=source)
        #: Events put in so far, and deliveries that neither Redis nor the spool took.
        self.kept = self.refused = 0
        #: What is wrong with the file, as last said.
        self._trouble = ""
        self._thread = OneThread(f"spool-{source}")
        self._alone = asyncio.Lock()
        self._batcher = Batcher[_Item, Kept](
            self._keep_all,
            max_items=MAX_BATCH,
            weigh=lambda item: len(item[0].body),
            max_weight=MAX_BATCH_BYTES,
        )
        self._drain = Drain(
            source,
            store=store,
            turn=turn,
            thread=self._thread,
            alone=self._alone,
            refusal=refusal,
            record=commit.record,
        )
        self._draining: asyncio.Task[None] | None = None

    async def open(self) -> None:
        """Look for what an earlier process left, and begin to drain; a broken file is said, and stops nobody."""
        try:
            await self._thread.call(self._store.prepare)
        except SpoolBroken as error:
            self._say(str(error))
        self._draining = asyncio.get_running_loop().create_task(self._drain.forever())

    async def close(self) -> None:
        """Stop; what waits is drained by another process, or by the next one."""
        if self._draining is not None:
            await ended([self._draining])
        await self._batcher.close()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._timeout_s):
                await self._thread.call(self._store.close)
        self._thread.end()

    async def put(self, new: NewEvent) -> Recorded:
        """
        Record *new* in Redis, or keep it.

        Raises:
            StoreUnavailable: Neither could be done in time; it may be in either all the same.
            Overloaded: Too many wait for the disk already.
        """
        if self._store.waiting:
            kept = await self._keep(new, "")
            if kept is not None:
                return kept
        # No room is no reason to turn away: a sender that does not repeat would lose it, while the disk has room.
        why = self._refusal(len(new.body))
        if not why:
            try:
                return await self._commit.put(new)
            except StoreError as error:
                why = str(error) or type(error).__name__
        kept = await self._keep(new, why)
        assert kept is not None
        return kept

    @property
    def drained(self) -> int:
        """Return how many events this process has taken out."""
        return self._drain.moved

    async def standing(self, *, prove: bool) -> Standing:
        """
        Return how the spool stands, after a write to it where that is to be proved.

        Raises:
            SpoolError: It cannot be read, or not be written.
        """
        try:
            async with asyncio.timeout(self._timeout_s), self._alone:
                if prove:
                    await self._thread.call(self._store.prepare)
                return await self._thread.call(self._store.standing)
        except TimeoutError:
            raise SpoolBroken(f"its disk did not answer within {self._timeout_s} s") from None

    async def _keep(self, new: NewEvent, why: str) -> Recorded | None:
        """Keep an event; return None where nothing waits any more, and nothing keeps it from Redis."""
        try:
            return await self._kept(new, why)
        except StoreError:
            self.refused += 1
            raise

    async def _kept(self, new: NewEvent, why: str) -> Recorded | None:
        if len(self._batcher) >= self._max_waiting:
            raise Overloaded(f"{self._max_waiting} deliveries wait for the spool already")
        stamped = replace(new, spooled=time.time_ns() // 1_000_000)
        try:
            kept = await within(self._timeout_s, self._batcher.put((stamped, why)))
        except (SpoolError, TimeoutError) as error:
            raise _neither(why, str(error) or f"no answer within {self._timeout_s} s") from error
        if isinstance(kept, SpoolFull):
            raise _neither(why, str(kept))
        return None if isinstance(kept, Drained) else kept

    async def _keep_all(self, items: Sequence[_Item], _oldest: float) -> Sequence[Kept]:
        began = not self._store.waiting
        async with self._alone:
            try:
                answers = await self._thread.call(self._store.add, [(new, bool(why)) for new, why in items])
            except SpoolBroken as error:
                self._say(str(error))
                raise
        self.kept += sum(map(is_new, answers))
        full = next((str(answer) for answer in answers if isinstance(answer, SpoolFull)), "")
        self._say(full)
        if began and self._store.waiting:
            self._log.warning("spool.began", why=next((why for _, why in items if why), ""))
        self._drain.nudge()
        return answers

    def _say(self, trouble: str) -> None:
        """Say what is wrong, when it begins: until it ends, deliveries get 503."""
        if trouble and not self._trouble:
            self._log.error("spool.refuses", error=trouble)
        self._trouble = trouble


def _neither(why: str, trouble: str) -> StoreUnavailable:
    return StoreUnavailable(f"{why or 'events wait in the spool'}; the spool: {trouble}")
