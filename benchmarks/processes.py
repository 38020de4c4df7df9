"""
The processes of a benchmark: started on a core, waited for, measured, ended. Knows nothing of what they do.
"""

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

#: Seconds that a process may take until it listens, and until it has ended after SIGTERM.
START_S = 20.0
STOP_S = 15.0

#: What is measured has one core to itself; load, Redis and the API stub share the other.
SUBJECT = 0
OTHERS = -1

#: From linux/prctl.h.
_PR_SET_PDEATHSIG = 1


@contextlib.contextmanager
def on_core(place: int) -> Iterator[None]:
    """Start processes inside on one core, SUBJECT or OTHERS, where the system can do that and has two."""
    if not hasattr(os, "sched_getaffinity") or len(all_cores := os.sched_getaffinity(0)) == 1:
        yield
        return
    os.sched_setaffinity(0, {sorted(all_cores)[place]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, all_cores)


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """A process with its log file, ended by `stop`."""

    process: "subprocess.Popen[bytes]"
    log: Path

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def cpu_s(self) -> float:
        """Return the seconds of CPU that it and its children have used so far; 0 where /proc does not say."""
        return _cpu_ticks(self.process.pid) / os.sysconf("SC_CLK_TCK")

    def fail(self, what: str) -> None:
        raise RuntimeError(f"{what}; the end of {self.log}:\n{self.log.read_text()[-2000:]}")


def start(
    *command: str, log: Path, place: int, environ: Mapping[str, str] | None = None, port: int | None = None
) -> Running:
    """Start `python -m COMMAND…` and wait until it listens on *port*, if it is to."""
    with on_core(place), log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            env=os.environ | dict(environ or {}),
            start_new_session=True,
            preexec_fn=_end_with_us,  # noqa: PLW1509 - nothing here has threads
        )
    running = Running(process=process, log=log)
    if port is not None and not wait_until(lambda: process.poll() is not None or _listens(port), START_S):
        running.stop()
        running.fail(f"{command[0]} does not listen on {port}")
    if process.poll() is not None:
        running.fail(f"{command[0]} ended at once")
    return running


def _end_with_us() -> None:
    """Ask Linux to end the process with the one that started it, should that be killed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def wait_until(condition: Callable[[], object], seconds: float, *, every_s: float = 0.02) -> bool:
    """Return whether *condition* came true in time."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(every_s)
    return False


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _cpu_ticks(pid: int) -> int:
    # proc(5): after the name in brackets, utime stime cutime cstime are the 12th to 15th.
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15])) + sum(_cpu_ticks(int(child)) for child in children)
