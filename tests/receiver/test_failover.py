"""
A failover without sentinels: another server takes over behind the same address, and open connections stay at the old one.

The old primary answers READONLY, which redis-py takes for an answer like any other and goes on asking the same server.
"""

import asyncio

import pytest
import redis

from receiver import keys, scripts, store
from receiver.accept import Outcome
from receiver.commit import GroupCommit
from receiver.identity import Identity
from receiver.store import StoreUnavailable
from receiver.wake import ShiftTemplate
from tests.support.events import an_event
from tests.support.proxy import Proxy
from tests.support.receiving import SHOP, a_delivery, started
from tests.support.replication import follow, in_step, promote, replicated
from tests.support.waiting import until, until_async


@pytest.fixture(name="pair", scope="module")
def _pair(tmp_path_factory):
    with replicated(tmp_path_factory.mktemp("pair")) as servers:
        yield servers


@pytest.fixture(name="servers")
def _servers(pair):
    """The primary and its replica, as the test before has left them; nothing is in them."""
    with pair[0].client() as client:
        servers = pair if client.info("replication")["role"] == "master" else pair[::-1]
    with servers[0].client() as client:
        client.flushall()
        client.config_set("appendfsync", "always")
    with servers[1].client() as client:
        until(lambda: in_step(client) and not client.dbsize(), within_s=20, what="the replica follows")
    return servers


@pytest.fixture(name="address")
def _address(servers):
    """The name that clients know: it leads to the primary."""
    with Proxy(servers[0].port) as proxy:
        yield proxy


def fail_over(address, old, new) -> None:
    """Let the replica take over; whoever is connected stays connected to what is a replica now."""
    promote(new)
    address.target = new.port
    follow(old, new.port)


@pytest.mark.anyio
async def test_a_batch_that_meets_the_old_primary_goes_to_the_new_one(servers, address):
    """READONLY says that nothing was written, so no sender need hear of the failover; nor does the second connection."""
    commit = GroupCommit(
        store.async_connections(address.redis_url, timeout_s=2),
        timeout_s=2,
        max_waiting=100,
        shift=ShiftTemplate(),
        identity=Identity(["shop"]),
    )
    await asyncio.gather(commit.put(an_event("evt-1")), commit.put(an_event("evt-2")))
    await asyncio.to_thread(fail_over, address, *servers)

    for number in range(3, 9):
        assert Outcome.ACCEPTED is (await commit.put(an_event(f"evt-{number}"))).outcome
    await commit.close()

    with servers[1].client() as client:
        assert 8 == client.llen(keys.lane("shop", "order-1"))


@pytest.mark.anyio
async def test_where_nobody_is_the_primary_the_batch_is_refused(servers, address):
    """The primary is looked for once more, not for ever: 503 is an honest answer."""
    commit = GroupCommit(
        store.async_connections(address.redis_url, timeout_s=2),
        timeout_s=2,
        max_waiting=100,
        shift=ShiftTemplate(),
        identity=Identity(["shop"]),
    )
    await commit.put(an_event("evt-1"))
    with servers[0].client() as client:
        client.replicaof("127.0.0.1", 1)

    with pytest.raises(StoreUnavailable, match="read only"):
        await commit.put(an_event("evt-2"))
    promote(servers[0])

    async def recorded() -> bool:
        return (await commit.put(an_event("evt-2"))).outcome is Outcome.ACCEPTED

    await until_async(recorded, within_s=2)
    await commit.close()


@pytest.mark.anyio
async def test_a_workers_script_is_run_on_the_new_primary(servers, address):
    """A ledger write that is refused for a whole lease would be a step repeated for nothing."""
    async with store.async_client(address.redis_url, timeout_s=2) as client:
        wake_keys, wake_arguments = ShiftTemplate().arguments()
        relay = ("relay", (*wake_keys, keys.shifts()), (*wake_arguments, ""))
        await asyncio.gather(*(scripts.run(client, *relay) for _ in range(5)))  # several connections
        await asyncio.to_thread(fail_over, address, *servers)

        assert [0] * 5 == [await scripts.run(client, *relay) for _ in range(5)]


def test_a_blocking_script_is_run_on_the_new_primary(servers, address):
    """The worker's watch keeps its connection for as long as the process lives."""
    with store.client(address.redis_url, timeout_s=2) as client:
        wake_keys, wake_arguments = ShiftTemplate().arguments()
        relay = ("relay", (*wake_keys, keys.shifts()), (*wake_arguments, ""))
        scripts.run_sync(client, *relay)
        fail_over(address, *servers)

        assert 0 == scripts.run_sync(client, *relay)


@pytest.mark.anyio
async def test_what_is_read_only_for_good_is_an_error(servers):
    """One more try, and then the caller hears of it."""
    async with store.async_client(servers[1].url, timeout_s=2) as client:
        with pytest.raises(redis.ReadOnlyError):
            await store.on_primary(client, lambda: client.set("x", "1"))


def test_a_receiver_looks_at_the_server_that_took_over(servers, address, tmp_path):
    """The new primary may promise less than the old one: then it must not be written to, and readiness says so."""
    sources = {"safe": SHOP | {"durability": "disk"}}
    with servers[1].client() as weak, started(tmp_path, address.redis_url, sources=sources) as receiver:
        assert 202 == receiver.post(a_delivery("msg-1"), "safe").status
        assert 200 == receiver.send("GET", "/readyz").status
        weak.config_set("appendfsync", "everysec")
        fail_over(address, *servers)

        assert 503 == receiver.post(a_delivery("msg-2"), "safe").status
        until(lambda: receiver.send("GET", "/readyz").status == 503, within_s=2, what="not ready")

        weak.config_set("appendfsync", "always")
        assert 202 == receiver.post(a_delivery("msg-2"), "safe").status
        until(lambda: receiver.send("GET", "/readyz").status == 200, within_s=2, what="ready")
        assert [] == receiver.tracebacks()
