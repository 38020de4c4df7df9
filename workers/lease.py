"""
The lease of the attempt that runs, as its own process knows it: until when it may act.

A process that was frozen or starved wakes up in the middle of a step, between reading an order and changing it. It
asks here right before it acts, by the monotonic clock, which goes on meanwhile (an event loop only knows the time of
its last turn). What is sent all the same in the instants between carries an idempotency key.
"""

import math
import time
from contextvars import ContextVar

#: By the monotonic clock; every attempt is a task, and so has its own. Outside of attempts nothing ends.
_UNTIL: ContextVar[float] = ContextVar("lease_until", default=math.inf)


class LeaseLost(Exception):
    """Another worker has the event now, or may have it: this attempt may change nothing any more."""


def hold(until: float) -> None:
    """Note that the running attempt's lease lasts *until* then, by `time.monotonic()`."""
    _UNTIL.set(until)


def check() -> None:
    """
    Return if the running attempt still has its lease.

    Raises:
        LeaseLost: It has not.
    """
    if time.monotonic() > _UNTIL.get():
        raise LeaseLost
