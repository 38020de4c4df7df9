"""Waiting on a condition with a deadline, the only way a test waits."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")


def until(condition: Callable[[], T], *, within_s: float = 10.0, what: str = "") -> T:
    """Return the first truthy result of *condition*; fail with its last result after *within_s* seconds."""
    pause, end = threading.Event(), time.monotonic() + within_s
    while not (result := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {within_s} s: {what or condition}; last: {result!r}")
        pause.wait(0.02)
    return result


async def until_async(condition: Callable[[], Awaitable[T]], *, within_s: float = 10.0, what: str = "") -> T:
    """Return the first truthy result of the awaited *condition*; fail after *within_s* seconds."""
    end = time.monotonic() + within_s
    while not (result := await condition()):
        if time.monotonic() > end:
            raise AssertionError(f"not within {within_s} s: {what or condition}; last: {result!r}")
        await asyncio.sleep(0.02)
    return result
