"""Who ends a task and waits for it must not wait for one that has never heard of it."""

import asyncio

import pytest

from receiver import ending

pytestmark = pytest.mark.anyio


async def goes_on(times: int) -> None:
    """Drop *times* cancellations, as `asyncio.wait_for` does with one that meets a result."""
    for _ in range(times):
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            continue
    await asyncio.sleep(60)


async def fails() -> None:
    """End with an error of its own instead of the cancellation."""
    try:
        await asyncio.sleep(60)
    finally:
        raise ValueError("while it was being ended")


async def test_a_task_that_drops_a_cancellation_ends_all_the_same():
    """Else a receiver or a shift that is told to stop hangs until it is killed."""
    tasks = [asyncio.create_task(goes_on(times)) for times in (0, 1, 2)]
    await asyncio.sleep(0)

    async with asyncio.timeout(10):
        await ending.ended(tasks)

    assert [True, True, True] == [task.cancelled() for task in tasks]


async def test_how_a_task_ends_is_its_own_affair():
    """Its error must not keep the others from being ended."""
    tasks = [asyncio.create_task(fails()), asyncio.create_task(goes_on(0))]
    await asyncio.sleep(0)

    async with asyncio.timeout(10):
        await ending.ended(tasks)

    assert [True, True] == [task.done() for task in tasks]


async def test_nothing_to_end_is_no_wait():
    """A shift mostly stops with nothing under way."""
    await ending.ended([])
