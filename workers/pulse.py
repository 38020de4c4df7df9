"""
The pulse of a shift: a number in memory that the shift's process raises and its parent reads.

Nothing in between can fail: no Redis, no clock, no lock. An event loop that is held up raises nothing.
"""

import asyncio
import contextlib
import mmap
from collections.abc import AsyncIterator
from functools import cache

#: Seconds between two beats.
BEAT_S = 0.5
_BYTES = 8


class Pulse:
    """Shared with every process that is forked after it was made."""

    def __init__(self) -> None:
        self._memory = mmap.mmap(-1, _BYTES)

    @property
    def beats(self) -> int:
        """Return how often the shift that runs has beaten, 0 where none does."""
        return int.from_bytes(self._memory[:_BYTES], "little")

    def rest(self) -> None:
        """No shift runs."""
        self._set(0)

    @contextlib.asynccontextmanager
    async def beating(self) -> AsyncIterator[None]:
        """Beat while the body runs, as long as the event loop turns."""
        task = asyncio.create_task(self._beat())
        try:
            yield
        finally:
            task.cancel()
            self.rest()

    async def _beat(self) -> None:
        beats = 0
        while True:
            beats += 1
            self._set(beats)
            await asyncio.sleep(BEAT_S)

    def _set(self, beats: int) -> None:
        self._memory[:_BYTES] = beats.to_bytes(_BYTES, "little")


@cache
def pulse() -> Pulse:
    """Return this worker's pulse; the parent asks first, so that it and its children share one."""
    return Pulse()
