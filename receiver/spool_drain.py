"""
From the spool into Redis, in order, as soon as Redis takes a write: the drain, which is also the probe.

Nothing here is needed for correctness but the order: an event that is recorded and not yet removed, or recorded by two
drains, meets its own record there and is a duplicate.
"""

import asyncio
import contextlib
import fcntl
import os
import time
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path

import structlog

from .accept import NewEvent, Outcome, Recorded
from .commit import MAX_BATCH, MAX_BATCH_BYTES
from .one_thread import OneThread
from .spool_file import SpoolError
from .spool_store import Spooled, SpoolStore
from .store import StoreError, StoreUnavailable

log = structlog.get_logger()

#: Takes room in Redis for an event with so many bytes; says why there is none, or nothing.
Refusal = Callable[[int], str]

#: Seconds between two looks for what a receiver that died has left.
LOOK_S = 0.5
#: Seconds between two tries while Redis cannot be written: the first, and the longest.
FIRST_PAUSE_S = 0.05
LONGEST_PAUSE_S = 1.0


class Turn:
    """
    Whose turn it is to drain: one process of this machine at a time, so that events are not recorded twice in vain.

    The lock of a process that died is free at once; that of one that is frozen is passed over after a while.
    """

    def __init__(self, path: Path, *, frozen_after_s: float) -> None:
        self._path = path
        self._frozen_after_s = frozen_after_s
        self._file: int | None = None

    def take(self) -> bool:
        """Return whether it is our turn, and say that we are at work; ask before each step."""
        if self._file is None:
            self._file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.time() - os.fstat(self._file).st_mtime < self._frozen_after_s:
                return False
        os.utime(self._file)
        return True

    def give(self) -> None:
        """Let another have it."""
        if self._file is not None:
            os.close(self._file)
            self._file = None


class Drain:
    """Drains one source's spool whenever something waits in it; `forever` runs as a task."""

    def __init__(
        self,
        source: str,
        *,
        store: SpoolStore,
        turn: Turn,
        thread: OneThread,
        alone: asyncio.Lock,
        refusal: Refusal,
        record: Callable[[Sequence[NewEvent]], Awaitable[list[Recorded]]],
    ) -> None:
        """
        Args:
            thread: Where the store is used.
            alone: Held while the store is in the middle of something.
            refusal: Takes room in Redis for an event.
            record: Records events in Redis in their order, in one command.
        """
        self._store = store
        self._turn = turn
        self._thread = thread
        self._alone = alone
        self._refusal = refusal
        self._record = record
        self._log = log.bind(source=source)
        self._nudged = asyncio.Event()
        #: Events taken out so far.
        self.moved = 0

    def nudge(self) -> None:
        """Something waits."""
        self._nudged.set()

    async def forever(self) -> None:
        """Drain; look now and then for what another process has left."""
        while True:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._nudged.wait(), LOOK_S)
            self._nudged.clear()
            if self._store.waiting:
                await self._drain()

    async def _drain(self) -> None:
        begun, before, pause = time.monotonic(), self.moved, FIRST_PAUSE_S
        near_end = False
        while self._store.waiting:
            try:
                if not await self._thread.call(self._turn.take):
                    await asyncio.sleep(LOOK_S)
                    continue
                near_end = await (self._last() if near_end else self._step())
            except (StoreError, SpoolError) as error:
                self._say(str(error), pause)
                await asyncio.sleep(pause)
                pause, near_end = min(2 * pause, LONGEST_PAUSE_S), False
            except Exception as error:  # noqa: BLE001 - whatever it is: who drains no more leaves events behind
                self._log.error("spool.bug", exc_info=error)
                await asyncio.sleep(LONGEST_PAUSE_S)
                near_end = False
            else:
                pause = FIRST_PAUSE_S
        await self._thread.call(self._turn.give)
        if moved := self.moved - before:
            self._log.info("spool.drained", events=moved, seconds=round(time.monotonic() - begun, 1))
            await self._shrink()

    async def _step(self) -> bool:
        """Record what has waited longest, while more may come in behind; return whether few are left."""
        found = await self._thread.call(self._store.head, MAX_BATCH, MAX_BATCH_BYTES)
        fitting = self._fitting(found)
        await self._move(fitting)
        return len(found) < MAX_BATCH and len(fitting) == len(found)

    def _fitting(self, found: Sequence[Spooled]) -> Sequence[Spooled]:
        for place, one in enumerate(found):
            if why := self._refusal(len(one.event.body)):
                if place == 0:
                    raise StoreUnavailable(why)
                return found[:place]
        return found

    async def _last(self) -> bool:
        """
        Record what is left, while no process of this machine can add to it: under steady load it would never be empty.

        Only after a step that went well, so nobody is kept waiting for a Redis that does not answer.
        """
        async with self._alone:
            try:
                await self._thread.call(self._store.begin)
                return await self._step()
            except BaseException:
                await self._thread.call(self._store.close)
                raise

    async def _move(self, found: Sequence[Spooled]) -> None:
        answers = await self._record([one.event for one in found]) if found else []
        taken = [
            one.seq
            for one, answer in zip(found, answers, strict=True)
            if answer.outcome is not Outcome.REFUSED
        ]
        await self._thread.call(self._store.remove, taken)
        self.moved += len(taken)
        refused = [answer for answer in answers if answer.outcome is Outcome.REFUSED]
        if refused:
            raise StoreUnavailable(f"{refused[0].event_id}: {refused[0].detail}")

    async def _shrink(self) -> None:
        try:
            await self._thread.call(self._store.shrink)
        except SpoolError as error:  # nothing is lost by it: the room is used again
            self._log.warning("spool.not_shrunk", error=str(error))

    def _say(self, error: str, pause: float) -> None:
        """Say it once for an outage, and again while it lasts whenever the pause has doubled."""
        if pause < LONGEST_PAUSE_S:
            self._log.warning("spool.waits", error=error)
