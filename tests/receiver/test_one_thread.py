"""One thread for calls that wait: in order, off the event loop, and no reason for a process not to end."""

import asyncio
import subprocess
import sys
import threading

import pytest

from receiver.one_thread import OneThread
from tests.support.code import ROOT


@pytest.fixture(name="thread")
def _thread():
    thread = OneThread("test")
    yield thread
    thread.end()


@pytest.mark.anyio
async def test_calls_are_made_in_order_in_one_other_thread(thread):
    """What is used there must not be used from two sides at once."""
    made: list[tuple[int, str]] = []

    def call(number: int) -> int:
        made.append((number, threading.current_thread().name))
        return number

    answers = await asyncio.gather(*(thread.call(call, number) for number in range(20)))

    assert list(range(20)) == answers
    assert [(number, "test") for number in range(20)] == made


@pytest.mark.anyio
async def test_what_a_call_raises_is_raised_to_the_one_who_waits(thread):
    """And the thread goes on with the next."""
    with pytest.raises(ZeroDivisionError):
        await thread.call(lambda: 1 / 0)

    assert 1 == await thread.call(lambda: 1)


@pytest.mark.anyio
async def test_the_event_loop_goes_on_while_a_call_waits(thread):
    """A disk that hangs must not hold up the answers to others."""
    hangs = threading.Event()
    waiting = asyncio.ensure_future(thread.call(hangs.wait, 10))

    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.shield(waiting), 0.01)
    hangs.set()

    assert await waiting


@pytest.mark.anyio
async def test_a_call_that_nobody_waits_for_any_more_is_made_all_the_same(thread):
    """Who stopped waiting may have stopped too late: the outcome is unknown to him, not undone."""
    hangs, made = threading.Event(), []
    first = asyncio.ensure_future(thread.call(hangs.wait, 10))
    second = asyncio.ensure_future(thread.call(made.append, 1))
    await asyncio.sleep(0)
    second.cancel()
    hangs.set()
    await first

    await thread.call(lambda: None)

    assert [1] == made


def test_a_call_that_hangs_does_not_keep_the_process_from_ending():
    """The supervisor would wait out its grace and then kill us, and everything else that we had still to do."""
    code = """
import asyncio, threading
from receiver.one_thread import OneThread
async def main():
    asyncio.ensure_future(OneThread("hangs").call(threading.Event().wait))
    await asyncio.sleep(0)
asyncio.run(main())
"""

    assert 0 == subprocess.run([sys.executable, "-c", code], cwd=ROOT, timeout=20, check=False).returncode
