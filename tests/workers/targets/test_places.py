"""The places of a target: shared by all workers, given back, and never lost."""

import asyncio

import pytest

from receiver import keys, store
from workers.failures import Permanent
from workers.targets.places import Busy, Places, address_digest

pytestmark = pytest.mark.anyio

HERE = address_digest("https://erp.example.com/")


@pytest.fixture(name="worker")
def _worker(redis):
    """Makes one worker's view of the places of `erp`."""

    def make(**changes) -> Places:
        fields = {"target": "erp", "limit": 2, "hold_s": 10.0, "address": HERE, "chance": lambda: 0.0}
        return Places(redis=redis, **fields | changes)

    return make


async def busy(places: Places, *, waited: bool = False) -> Busy:
    with pytest.raises(Busy) as caught:
        await places.take(waited=waited)
    return caught.value


async def test_all_workers_share_the_places(worker):
    """Two for the target, not two for each of twenty workers."""
    one, other = worker(), worker()
    await one.take(waited=False)
    await other.take(waited=False)

    found = await busy(one)

    assert (True, False) == (found.punctual, found.uses_attempt)
    assert 0 < found.retry_after_s <= 30


async def test_two_that_ask_at_once_do_not_both_get_the_last_place(worker):
    """What the limit is worth shows under load only."""
    workers = [worker(limit=3) for _ in range(40)]

    found = await asyncio.gather(*(each.take(waited=True) for each in workers), return_exceptions=True)

    assert 3 == len([call for call in found if isinstance(call, str)])


async def test_a_place_that_is_given_back_is_free(worker):
    """The next event need not wait for a timeout."""
    places = worker(limit=1)
    await places.leave(await places.take(waited=False), took_s=0.1)

    assert await places.take(waited=False)


async def test_the_place_of_a_worker_that_died_is_free_when_its_call_must_be_over(worker, redis):
    """A killed worker gives nothing back."""
    places = worker(limit=1)
    call = await places.take(waited=False)
    await busy(places)

    await redis.zadd(keys.target_calls("erp"), {call: 1})

    assert await places.take(waited=True)


async def test_those_who_wait_come_back_one_by_one_as_fast_as_calls_end(worker):
    """A crowd that came back at once would ask again and again."""
    places = worker(limit=1)
    await places.leave(await places.take(waited=False), took_s=2.0)
    await places.take(waited=False)

    waits = [(await busy(places)).retry_after_s for _ in range(5)]

    assert [2, 4, 6, 8, 10] == [round(wait_s) for wait_s in waits]


async def test_nobody_is_sent_far_away(worker):
    """A target that is quick again must find them soon."""
    places = worker(limit=1)
    await places.leave(await places.take(waited=False), took_s=20.0)
    await places.take(waited=False)

    assert all([(await busy(places)).retry_after_s <= 30 for _ in range(20)])


async def test_a_target_that_got_quick_again_is_used_at_once(worker):
    """The line that the slow hour left behind must not hold up those who come."""
    places = worker(limit=1)
    await places.leave(await places.take(waited=False), took_s=20.0)
    call = await places.take(waited=False)
    for _ in range(5):
        await busy(places)

    await places.leave(call, took_s=0.01)

    assert await places.take(waited=False)


async def test_a_disabled_target_gives_no_place(worker):
    """Not even to those who waited for one."""
    places = worker()
    await places.leave(await places.take(waited=False), took_s=0.1, disabled="target erp answered 410")

    with pytest.raises(Permanent) as caught:
        await places.take(waited=True)

    assert "target erp answered 410" in caught.value.message
    assert "disabled" in caught.value.message


async def test_a_disabled_target_is_remembered_for_good(worker, redis):
    """It is for a person to enable it, and not for a time to pass."""
    places = worker()
    await places.leave(await places.take(waited=False), took_s=0.1, disabled="410")

    assert -1 == await redis.ttl(keys.target("erp"))


async def test_a_target_that_is_not_used_leaves_nothing(worker, redis):
    """Nothing grows without bound."""
    places = worker()
    await places.leave(await places.take(waited=False), took_s=0.1)

    assert 0 < await redis.ttl(keys.target("erp")) <= 86_400


async def test_a_redis_that_is_away_uses_no_attempt():
    """It is our own trouble."""
    redis = store.async_client("redis://127.0.0.1:1/0", timeout_s=0.2)
    places = Places(redis=redis, target="erp", limit=2, hold_s=1, address=HERE)

    assert "cannot be asked" in (await busy(places)).message
    await places.leave("call", took_s=0.1)
    await redis.aclose()
