"""
A time limit that only those pay for who make us wait: most deliveries are whole when they are first looked at.

`asyncio.timeout` around what needs no waiting costs more than any other check of a delivery but its signature.
"""

import asyncio
import types
from collections.abc import Awaitable, Generator
from typing import Any, TypeVar

T = TypeVar("T")


@types.coroutine
def within(limit_s: float, awaitable: Awaitable[T]) -> Generator[Any, Any, T]:
    """
    Await; once it turns out that there is something to wait for, for *limit_s* seconds at most.

    Raises:
        TimeoutError: It took longer.
    """
    steps = awaitable.__await__()
    try:
        waits_for = next(steps)
    except StopIteration as done:
        result: T = done.value
        return result
    return (yield from _rest(limit_s, steps, waits_for).__await__())


async def _rest(limit_s: float, steps: Generator[Any, Any, T], waits_for: Any) -> T:
    async with asyncio.timeout(limit_s):
        return await _resumed(steps, waits_for)


@types.coroutine
def _resumed(steps: Generator[Any, Any, T], waits_for: Any) -> Generator[Any, Any, T]:
    """Go on with what was begun by hand: hand over what it waits for, and what happens meanwhile."""
    while True:
        try:
            yield waits_for
        except BaseException as error:  # noqa: BLE001 - such as a cancellation: it is for whom we wait
            try:
                waits_for = steps.throw(error)  # it may wait again, to put something away
            except StopIteration as done:
                result: T = done.value
                return result
        else:
            return (yield from steps)
