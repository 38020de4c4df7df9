"""
`orderhook worker`: starts rq worker processes, starts them again whenever one ends, and stops them in order.

A worker can end with code 0 on an error, so every end but our own is answered by a new start, with backoff.
"""

import os
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from types import FrameType

import structlog

log = structlog.get_logger()

#: Seconds before a new start: at first, and at most; a process that lived longer than the last starts the count anew.
FIRST_WAIT_S = 0.5
LONGEST_WAIT_S = 15.0
#: How often processes are looked at, in seconds.
TICK_S = 0.1
#: A configuration that cannot be used stays so: the supervisor gives up with this code.
EXIT_CONFIG = 2


@dataclass(slots=True)
class _Place:
    """One of the places a worker process stands in."""

    number: int
    process: "subprocess.Popen[bytes] | None" = None
    started: float = 0.0
    wait_s: float = FIRST_WAIT_S
    due: float = 0.0


@dataclass(slots=True, kw_only=True)
class Supervisor:
    """Keeps *processes* workers alive until it is told to stop."""

    processes: int
    #: Seconds a worker has to end by itself after SIGTERM.
    grace_s: float = 15.0
    stopping: bool = False
    places: list[_Place] = field(default_factory=list)

    def run(self) -> int:
        """Work until SIGTERM or SIGINT; return the exit code."""
        for sign in (signal.SIGTERM, signal.SIGINT):
            signal.signal(sign, self._stop)
        self.places = [_Place(number) for number in range(1, self.processes + 1)]
        code = 0
        while not self.stopping and code != EXIT_CONFIG:
            code = max(self._look(place) for place in self.places)
            time.sleep(TICK_S)
        self._end_all()
        return code if code == EXIT_CONFIG else 0

    def _stop(self, _signal: int, _frame: FrameType | None) -> None:
        self.stopping = True

    def _look(self, place: _Place) -> int:
        """Start what is due, note what ended; return EXIT_CONFIG where a start makes no sense, else 0."""
        now = time.monotonic()
        if place.process is None:
            if now >= place.due:
                self._start(place, now)
            return 0
        code = place.process.poll()
        if code is None:
            return 0
        if code == EXIT_CONFIG:
            return code
        self._plan_restart(place, now, code)
        return 0

    @staticmethod
    def _start(place: _Place, now: float) -> None:
        # Its own process group: a Ctrl-C in the terminal reaches us alone, and we stop the workers in order.
        place.process = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "workers.rq_worker", str(os.getpid())], env=os.environ, process_group=0
        )
        place.started = now
        log.info("worker.started", place=place.number, pid=place.process.pid)

    @staticmethod
    def _plan_restart(place: _Place, now: float, code: int) -> None:
        lived = now - place.started
        place.wait_s = FIRST_WAIT_S if lived > LONGEST_WAIT_S else min(2 * place.wait_s, LONGEST_WAIT_S)
        place.process, place.due = None, now + place.wait_s
        log.warning(
            "worker.ended", place=place.number, code=code, lived_s=round(lived, 1), again_in_s=place.wait_s
        )

    def _end_all(self) -> None:
        running = [place.process for place in self.places if place.process is not None]
        for process in running:
            process.terminate()
        end = time.monotonic() + self.grace_s
        for process in running:
            try:
                process.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                log.warning("worker.killed", pid=process.pid, grace_s=self.grace_s)
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
        log.info("supervisor.stopped")
