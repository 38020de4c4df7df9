"""
How a task is ended: it is cancelled until it has ended.

`asyncio.wait_for` of Python 3.11 drops a cancellation that meets the result it waits for, and redis-py sends commands
through it. Who cancels once and then waits may wait for ever.
"""

import asyncio
from collections.abc import Iterable
from typing import Any

#: Seconds until a task that goes on is cancelled again.
AGAIN_S = 0.5


async def ended(tasks: Iterable["asyncio.Task[Any]"]) -> None:
    """Cancel *tasks* and return when all have ended, however they did."""
    alive = set(tasks)
    while alive:
        for task in alive:
            task.cancel()
        done, alive = await asyncio.wait(alive, timeout=AGAIN_S)
        await asyncio.gather(*done, return_exceptions=True)  # so that none is told of as never looked at
