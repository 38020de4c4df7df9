"""A time limit that is only paid for by those who make us wait, and that behaves like `asyncio.timeout` for them."""

import asyncio
import contextlib

import pytest

from receiver.patience import within


async def at_once():
    return "at once"


async def late(*waits_s):
    for wait_s in waits_s:
        await asyncio.sleep(wait_s)
    return "late"


async def failing(*waits_s):
    await late(*waits_s)
    raise KeyError("failed")


class Cleaning:
    """Something to wait for that remembers how it was left."""

    def __init__(self) -> None:
        self.left_with: type[BaseException] | None = None
        self.begun = asyncio.Event()

    async def __call__(self):
        try:
            self.begun.set()
            await asyncio.sleep(60)
        except BaseException as error:
            self.left_with = type(error)
            raise


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("awaitable", "expected"),
    [
        pytest.param(at_once, "at once", id="at once"),
        pytest.param(lambda: late(0), "late", id="after a turn of the loop"),
        pytest.param(lambda: late(0.001, 0, 0.001), "late", id="after several waits"),
        pytest.param(lambda: asyncio.create_task(late(0.001)), "late", id="a task"),
    ],
)
async def test_the_result_is_the_awaited_one(awaitable, expected):
    """Whoever awaits within a limit must not see that there is one."""
    assert expected == await within(10, awaitable())


@pytest.mark.anyio
@pytest.mark.parametrize("waits_s", [(), (0,), (0.001, 0.001)], ids=["at once", "a turn later", "late"])
async def test_an_error_comes_through(waits_s):
    """A delivery that disconnects must be told from one that is slow."""
    with pytest.raises(KeyError, match="failed"):
        await within(10, failing(*waits_s))


@pytest.mark.anyio
async def test_waiting_ends_at_the_limit():
    """A sender that never ends its body would hold a request for ever."""
    what = Cleaning()

    with pytest.raises(TimeoutError):
        await within(0.01, what())

    assert asyncio.CancelledError is what.left_with
    assert 0 == asyncio.current_task().cancelling()


@pytest.mark.anyio
async def test_the_limit_holds_for_all_waits_together():
    """One byte each second is not faster than none at all."""
    with pytest.raises(TimeoutError):
        await within(0.03, late(*[0.01] * 100))


@pytest.mark.anyio
async def test_a_cancelled_wait_is_no_timeout():
    """A server that stops cancels its requests, and must not hear that their senders were slow."""
    what = Cleaning()
    task = asyncio.create_task(_within(what))
    await what.begun.wait()

    task.cancel()

    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert task.cancelled()
    assert asyncio.CancelledError is what.left_with


@pytest.mark.anyio
async def test_a_cleanup_that_waits_is_waited_for():
    """What is given up may have to put something away first."""
    tidied = []

    async def tidying():
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0)
            tidied.append("done")

    with pytest.raises(TimeoutError):
        await within(0.01, tidying())

    assert ["done"] == tidied


async def _within(what):
    return await within(60, what())
