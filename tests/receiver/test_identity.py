"""A Redis that was emptied, set back, or is another one must not go on as if nothing had happened."""

import pytest
import redis.asyncio as aredis
from structlog.testing import capture_logs

from receiver import keys, store
from receiver.identity import Identity
from receiver.store import ForeignStore
from tests.support.events import accepted, an_event

pytestmark = pytest.mark.anyio


@pytest.fixture(name="ask")
async def _ask(redis_url):
    client: aredis.Redis = store.async_client(redis_url, timeout_s=2)
    yield client.execute_command
    await client.aclose()


async def test_the_first_look_names_an_empty_redis(client, ask):
    """Somebody has to begin; from then on the name is known to every receiver."""
    client.delete(keys.identity())
    first, second = Identity(["shop"]), Identity(["shop"])

    await first.check(ask)
    await second.check(ask)

    assert first.name == second.name == client.get(keys.identity())


async def test_an_emptied_redis_is_foreign_until_it_is_put_right(client, ask):
    """FLUSHALL, or another database at the same address: the records of before are not there."""
    identity = Identity(["shop"])
    await identity.check(ask)
    client.delete(keys.identity())

    for _ in range(2):
        with pytest.raises(ForeignStore, match="has the identity none, expected"):
            await identity.check(ask)

    client.set(keys.identity(), identity.name)
    await identity.check(ask)


async def test_lost_acknowledged_events_stop_a_source_that_promised_them(client, ask):
    """An older AOF has the same identity, but knows fewer events than were acknowledged."""
    identity = Identity(["shop"], promised=["shop"])
    await identity.check(ask)
    accepted(client, an_event("a"), an_event("b"))
    identity.recorded(["shop", "shop"])
    await identity.check(ask)
    client.hset(keys.counts(), "shop:accepted", 1)

    for _ in range(2):
        with pytest.raises(ForeignStore, match="1 of shop"):
            await identity.check(ask)


async def test_what_memory_may_lose_is_told_once(client, ask):
    """`durability = "memory"` takes the risk; the loss is said, and the shop stays open."""
    identity = Identity(["shop"])
    await identity.check(ask)
    accepted(client, an_event("a"), an_event("b"))
    identity.recorded(["shop", "shop"])
    client.hset(keys.counts(), "shop:accepted", 0)

    with capture_logs() as logs:
        await identity.check(ask)
        await identity.check(ask)

    assert ["receiver.events_lost"] == [line["event"] for line in logs]


async def test_other_receivers_events_are_no_loss(client, ask):
    """Each receiver vouches for what it has acknowledged itself, and for what was there before."""
    accepted(client, an_event("before"))
    identity = Identity(["shop"], promised=["shop"])
    await identity.check(ask)
    accepted(client, an_event("by another receiver"))

    await identity.check(ask)


def test_accept_writes_nothing_into_a_foreign_redis(client):
    """Between two looks the script is the last to see it."""
    client.set(keys.identity(), "another")

    with pytest.raises(Exception, match="FOREIGN"):
        accepted(client, an_event(), into="the one we know")

    assert 0 == client.exists(keys.event("shop", "evt-1"))
