"""The lease as the attempt's own process knows it."""

import asyncio
import time

import pytest

from workers import lease
from workers.lease import LeaseLost

pytestmark = pytest.mark.anyio


async def test_each_attempt_may_act_until_its_own_lease_is_over():
    """Fifty of them share a process; one that was held up must not stop the others, nor vouch for them."""

    async def attempt(until: float) -> bool:
        lease.hold(until)
        await asyncio.sleep(0)
        try:
            lease.check()
        except LeaseLost:
            return False
        return True

    now = time.monotonic()
    tasks = [asyncio.create_task(attempt(now + left)) for left in (60, -0.001, 60)]

    assert [True, False, True] == await asyncio.gather(*tasks)


async def test_outside_of_attempts_nothing_ends():
    """The console and the doctor use the same clients."""
    lease.check()
