"""How a budget stands, read from its hash."""

import pytest

from receiver import keys
from tests.workers.budget.conftest import API
from workers.api.limits import Window
from workers.budget import Standing

pytestmark = pytest.mark.anyio


async def standing(redis) -> Standing:
    fields = await redis.hgetall(keys.budget(API))
    return Standing.read({name.decode(): value.decode() for name, value in fields.items()})


async def test_an_api_that_nobody_called_stands_free(workers):
    """No hash is no limit."""
    found = await standing(workers.redis)

    assert ("", 0, 0, 0) == (found.open, found.limit, found.paused, found.rate_per_s)


async def test_it_says_what_limits_an_api(workers):
    """An operator asks: why does it wait, and until when?"""
    budget = workers.budget()
    await budget.passed(Window(limit=100, remaining=40, reset_s=60.0), probe=False)
    await budget.limited(30.0, None, probe=False)

    found = await standing(workers.redis)

    assert (100, 40, True, True) == (found.limit, found.left, found.reset > 0, found.paused > 0)


async def test_it_says_why_the_circuit_is_open(workers):
    """The last failure in words is where an operator begins to look."""
    budget = workers.budget()
    for _ in range(20):
        await budget.failed("get_order answered 503", probe=False)

    found = await standing(workers.redis)

    assert ("circuit_open", 0, 20) == (found.open, found.answered, found.failed)
    assert "20 of 20 calls in 30 s failed; the last: get_order answered 503" == found.what
