"""The pulse is seen by the parent, and stops with the event loop."""

import asyncio
import os

import pytest

from tests.support.waiting import until_async
from workers.pulse import Pulse


@pytest.mark.anyio
async def test_it_beats_while_the_loop_turns_and_rests_afterwards():
    """0 says that no shift runs, so that one that waits for Redis is not taken for stuck."""
    pulse = Pulse()

    async with pulse.beating():
        await until_async(lambda: asyncio.sleep(0, pulse.beats >= 2))

    assert 0 == pulse.beats


def test_a_parent_sees_the_beats_of_its_child():
    """The two share nothing else."""
    pulse = Pulse()
    pid = os.fork()
    if pid == 0:
        pulse._set(7)
        os._exit(0)
    os.waitpid(pid, 0)

    assert 7 == pulse.beats
