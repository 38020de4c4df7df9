"""A time limit that only those pay for who make us wait, and that keeps every rule of asyncio."""

import asyncio

import pytest

from receiver.patience import within

pytestmark = pytest.mark.anyio


async def at_once(value):
    return value


async def fails(error):
    raise error


async def later(gate, value="later", *, after=None):
    """Wait for a gate, twice, and return or raise."""
    await gate.wait()
    await asyncio.sleep(0)
    if after is not None:
        raise after
    return value


async def test_what_is_there_is_returned():
    """The common case: no timer, no task."""
    assert "now" == await within(0.0, at_once("now"))


async def test_what_fails_at_once_fails():
    """An error needs no waiting either."""
    with pytest.raises(ValueError, match="no"):
        await within(1.0, fails(ValueError("no")))


async def test_what_comes_in_time_is_returned():
    """However often it waits on its way."""
    gate = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, gate.set)

    assert "later" == await within(5.0, later(gate))


async def test_what_fails_in_time_fails():
    """Its own error, not ours."""
    gate = asyncio.Event()
    asyncio.get_running_loop().call_soon(gate.set)

    with pytest.raises(ValueError, match="no"):
        await within(5.0, later(gate, after=ValueError("no")))


async def test_what_takes_longer_is_a_timeout():
    """And what was waited for is given up."""
    gate = asyncio.Event()

    with pytest.raises(TimeoutError):
        await within(0.01, later(gate))

    assert 0 == len(gate._waiters)


async def test_a_timeout_at_the_second_wait_is_one():
    """The limit is for the whole, not for the first step."""
    first, never = asyncio.Event(), asyncio.Event()
    first.set()

    async def two_waits():
        await asyncio.sleep(0)
        await never.wait()

    with pytest.raises(TimeoutError):
        await within(0.01, two_waits())


async def test_a_cancellation_from_outside_is_one():
    """A server that stops cancels its requests; that is no timeout."""
    gate = asyncio.Event()
    task = asyncio.create_task(within_task(gate))
    await asyncio.sleep(0)
    await asyncio.sleep(0)

    task.cancel()

    with pytest.raises(asyncio.CancelledError):
        await task
    assert 0 == len(gate._waiters)


async def within_task(gate):
    return await within(5.0, later(gate))


async def test_a_cleanup_that_waits_is_waited_for():
    """What we wait for may have to put something away when it is given up."""
    gate, tidied = asyncio.Event(), []

    async def tidy():
        try:
            await gate.wait()
        finally:
            await asyncio.sleep(0)
            tidied.append("done")

    with pytest.raises(TimeoutError):
        await within(0.01, tidy())

    assert ["done"] == tidied
