"""
A thread beside rq's loop that looks each second: does the shift still live, and does one run where lanes wait?

rq looks after its child by the wall clock and minutes later, and after the chain of shifts only between two waits.
"""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass

import redis
import structlog

from .pulse import BEAT_S

log = structlog.get_logger()

#: Seconds between two looks.
LOOK_S = 1.0
#: Seconds that a look may count for: a process that was frozen was frozen with its child, which gets its time back.
LONGEST_LOOK_S = 3.0
#: Seconds of silence that are no sign of anything on a busy machine.
LEAST_SILENCE_S = 10 * BEAT_S


@dataclass(slots=True, kw_only=True)
class Vigil:
    """Decides when a shift is past saving: the pure part."""

    #: Seconds without a beat: by then its leases have run out, and others have its lanes.
    silence_s: float
    #: Seconds that a shift may take in all.
    whole_s: float
    #: Seconds that it has to end once it was told to.
    stop_s: float
    _stopping_s: float | None = None
    _pid: int = 0
    _beats: int = 0
    _silent_s: float = 0.0
    _running_s: float = 0.0

    def stop(self) -> None:
        """Note that the shift was told to end."""
        self._stopping_s = self._stopping_s or 0.0

    def look(self, pid: int, beats: int, elapsed_s: float) -> str:
        """
        Return why the shift in process *pid* must be killed, `""` while it may go on.

        Args:
            pid: 0 where no shift runs.
            beats: 0 before its event loop turns and after.
            elapsed_s: Seconds since the last look.
        """
        elapsed_s = min(elapsed_s, LONGEST_LOOK_S)
        if self._stopping_s is not None:
            self._stopping_s += elapsed_s
            late = pid and self._stopping_s > self.stop_s
            return f"it was told to stop {self._stopping_s:.0f} s ago" if late else ""
        if pid != self._pid or not beats:
            self._pid, self._beats, self._silent_s, self._running_s = pid, beats, 0.0, 0.0
            return ""
        self._running_s += elapsed_s
        self._silent_s = self._silent_s + elapsed_s if beats == self._beats else 0.0
        self._beats = beats
        if self._silent_s > max(self.silence_s, LEAST_SILENCE_S):
            return f"its event loop was held up for {self._silent_s:.0f} s"
        if self._running_s > self.whole_s:
            return f"it has not ended after {self._running_s:.0f} s"
        return ""


class Watch(threading.Thread):
    """The thread: it ends with its process."""

    def __init__(
        self,
        vigil: Vigil,
        *,
        shift: Callable[[], tuple[int, int]],
        kill: Callable[[], None],
        relay: Callable[[], object],
    ) -> None:
        """
        Args:
            shift: Returns the pid of the shift that runs, 0 for none, and how often its pulse has beaten.
            kill: Kills it.
            relay: Queues a shift where lanes wait and nobody is at work on them.
        """
        super().__init__(name="watch", daemon=True)
        self._vigil = vigil
        self._shift = shift
        self._kill = kill
        self._relay = relay
        self._over = threading.Event()

    def run(self) -> None:
        last = time.monotonic()
        while not self._over.wait(LOOK_S):
            now = time.monotonic()
            self._look(now - last)
            last = now
            with suppress(redis.RedisError, OSError):
                self._relay()

    def end(self) -> None:
        """Look no more."""
        self._over.set()

    def _look(self, elapsed_s: float) -> None:
        pid, beats = self._shift()
        if why := self._vigil.look(pid, beats, elapsed_s):
            log.error("worker.shift_killed", pid=pid, why=why)
            self._kill()
