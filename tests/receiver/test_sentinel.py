"""The primary is found by real sentinels, also when some are dead, and again after a failover."""

import time

import pytest
import redis
import redis.asyncio

from receiver import redis_url, sentinel, store
from tests.support.proxy import Proxy
from tests.support.receiving import SHOP, a_delivery, started
from tests.support.replication import NAME, Sentinels, follow, replicated
from tests.support.waiting import until

SSL_CONNECTIONS = (redis.SSLConnection, redis.asyncio.SSLConnection)
#: What a delivery has for everything.
BUDGET_S = 1.0


@pytest.fixture(name="servers", scope="module")
def _servers(tmp_path_factory):
    with replicated(tmp_path_factory.mktemp("servers")) as servers:
        yield servers


@pytest.fixture(name="sentinels", scope="module")
def _sentinels(servers, tmp_path_factory):
    folder = tmp_path_factory.mktemp("sentinels")
    sentinels = Sentinels(folder=folder, primary_port=servers[0].port)
    try:
        sentinels.start()
        yield sentinels
    finally:
        sentinels.stop()


@pytest.fixture(name="half_dead")
def _half_dead(sentinels):
    """A URL whose first sentinel is a host that has vanished, and whose second a port that nobody listens on."""
    with Proxy(sentinels.ports[0]) as vanished:
        vanished.set(black_hole=True)
        yield f"redis+sentinel://127.0.0.1:{vanished.port},127.0.0.1:1,127.0.0.1:{sentinels.ports[1]}/{NAME}"


def test_a_blocking_client_finds_the_primary(servers, sentinels):
    """Workers, the console and the check at the start are of this kind."""
    with store.client(sentinels.url, timeout_s=5) as client:
        assert "master" == client.info("replication")["role"]
        assert str(servers[0].port) == client.config_get("port")["port"]


@pytest.mark.anyio
async def test_dead_sentinels_do_not_use_up_the_time_of_a_delivery(servers, half_dead):
    """They are asked in turn, so what the first ones take is lost for the write."""
    begun = time.monotonic()
    async with store.async_client(half_dead, timeout_s=BUDGET_S) as client:
        await client.set("found", "1")

    assert time.monotonic() - begun < BUDGET_S / 2


@pytest.mark.anyio
async def test_who_names_no_primary_is_told(sentinels):
    """An operator must see whether the sentinels are gone or do not know the name."""
    wrong_name = sentinels.url.replace(NAME, "other")
    gone = f"redis+sentinel://127.0.0.1:1/{NAME}"

    with pytest.raises(redis.ConnectionError, match="no sentinel names a primary 'other' that is up"):
        async with store.async_client(wrong_name, timeout_s=1) as client:
            await client.ping()
    with (
        pytest.raises(redis.ConnectionError, match=r"no sentinel names a primary 'orders'.*127\.0\.0\.1"),
        store.client(gone, timeout_s=1) as blocking,
    ):
        blocking.ping()


def test_the_logins_and_the_encryption_reach_both_kinds_of_servers():
    """redis-py has two places for them; one that is left out is an error at the worst time."""
    url = redis_url.read("rediss+sentinel://me:pw@one:5/o/3?sentinel_password=other&ssl_cert_reqs=none")

    for pool in (sentinel.pool(url, retry=None), sentinel.async_pool(url, retry=None)):
        of_redis = pool.connection_kwargs
        asked = pool.sentinel_manager.sentinels[0].connection_pool
        assert ("me", "pw", 3, "none") == tuple(
            of_redis[name] for name in ("username", "password", "db", "ssl_cert_reqs")
        )
        assert ("other", "none", sentinel.ASK_S) == tuple(
            asked.connection_kwargs[name] for name in ("password", "ssl_cert_reqs", "socket_connect_timeout")
        )
        assert issubclass(asked.connection_class, SSL_CONNECTIONS)
        assert issubclass(pool.connection_class, SSL_CONNECTIONS)


def test_a_receiver_follows_a_failover(servers, sentinels, half_dead, tmp_path):
    """The whole way: sentinels promote the replica, and the next deliveries are on it, with a replica's word."""
    one, two = servers
    sources = {"safe": SHOP | {"durability": "replica"}}
    with started(tmp_path, half_dead, sources=sources) as receiver:
        assert (202, "accepted") == receiver.post(a_delivery("msg-1"), "safe").outcome

        sentinels.fail_over()
        until(lambda: sentinels.now_primary() == two.port, within_s=20, what="the replica is promoted")
        follow(one, two.port)

        until(lambda: receiver.post(a_delivery("msg-2"), "safe").status in (200, 202), within_s=5)
        with two.client() as client:
            assert 2 == len(client.keys("orderhook:event:safe:*"))
        assert 200 == receiver.send("GET", "/readyz").status
        assert [] == receiver.tracebacks()
