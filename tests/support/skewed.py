"""
A process whose clock is wrong: `python -m tests.support.skewed SECONDS MODULE` runs a module as its main program.

`faketime` is on few machines, and a time namespace of Linux does not shift the wall clock; so the clocks that Python code
asks for the date are replaced before anything of ours is imported. The monotonic clock stays right, as it would be.
"""

import datetime as dt
import runpy
import sys
import time


def shift(seconds: float) -> None:
    """Put the wall clock of this process, and of those that it forks, forward by *seconds*."""
    clock, clock_ns, delta = time.time, time.time_ns, dt.timedelta(seconds=seconds)

    class Shifted(dt.datetime):
        @classmethod
        def now(cls, tz: "dt.tzinfo | None" = None) -> "Shifted":
            return super().now(tz) + delta

        @classmethod
        def utcnow(cls) -> "Shifted":
            return super().now(dt.UTC).replace(tzinfo=None) + delta

    time.time = lambda: clock() + seconds
    time.time_ns = lambda: clock_ns() + int(seconds * 1_000_000_000)
    dt.datetime = Shifted


if __name__ == "__main__":
    shift(float(sys.argv[1]))
    sys.argv[:] = [sys.argv[2]]
    runpy.run_module(sys.argv[0], run_name="__main__")
