"""Connections that send nothing twice, and what a server must give before the receiver starts on it."""

import pytest
import redis

from receiver import store
from receiver.store import ServerFacts
from tests.support.proxy import Proxy

GOOD = ServerFacts(
    version="7.2.4",
    appendonly=True,
    appendfsync="always",
    maxmemory=0,
    maxmemory_policy="noeviction",
    replicas=1,
)
EVERYTHING = {"memory", "disk", "replica"}


def weak(**facts) -> ServerFacts:
    fields = {name: getattr(GOOD, name) for name in ServerFacts.__slots__}
    return ServerFacts(**fields | facts)


def test_a_good_server_has_no_problem():
    """Whatever the sources ask for."""
    assert () == store.check(GOOD, EVERYTHING)


@pytest.mark.parametrize(
    ("facts", "wanted", "says"),
    [
        (weak(version="6.2.14"), {"memory"}, "at least 7.0"),
        (weak(maxmemory_policy="allkeys-lru"), {"memory"}, "noeviction"),
        (weak(maxmemory_policy="unknown"), {"memory"}, "noeviction"),
        (weak(appendonly=False), {"disk"}, "appendonly is no"),
        (weak(appendfsync="everysec"), {"disk"}, "appendfsync is everysec"),
        (weak(appendfsync="unknown"), {"disk"}, "appendfsync is unknown"),
        (weak(replicas=0), {"replica"}, "no replica is connected"),
    ],
)
def test_what_is_missing_is_named(facts, wanted, says):
    """The operator reads what is wrong and what to set."""
    (problem,) = store.check(facts, wanted)

    assert says in problem


@pytest.mark.parametrize(
    "facts",
    [weak(appendonly=False), weak(appendfsync="everysec"), weak(replicas=0)],
    ids=repr,
)
def test_what_no_source_asks_for_is_no_problem(facts):
    """`memory` promises what Redis itself is set to, and no more."""
    assert () == store.check(facts, {"memory"})


def test_every_problem_is_told_at_once():
    """Nobody should have to start five times."""
    facts = weak(version="5.0.0", maxmemory_policy="volatile-ttl", appendonly=False, replicas=0)

    assert 4 == len(store.check(facts, EVERYTHING))


def test_the_facts_of_a_real_server_are_read(redis_url):
    """INFO and CONFIG say what the check needs."""
    with store.client(redis_url, timeout_s=5) as client:
        facts = store.read_facts(client)

    assert (True, "always", "noeviction", 0) == (
        facts.appendonly,
        facts.appendfsync,
        facts.maxmemory_policy,
        facts.replicas,
    )
    assert () == store.check(facts, {"memory", "disk"})


def test_a_service_that_hides_its_settings_is_weak_and_not_down(client, redis_url):
    """Managed services answer CONFIG with an error; what cannot be seen cannot be promised."""
    client.acl_setuser(
        "managed", enabled=True, nopass=True, categories=["+@all"], commands=["-config"], keys=["*"]
    )
    url = redis_url.replace("redis://", "redis://managed:any@")

    with store.client(url, timeout_s=5) as restricted:
        facts = store.read_facts(restricted)
    client.acl_deluser("managed")

    assert "unknown" == facts.appendfsync
    assert () == store.check(facts, {"memory"})
    assert "appendfsync is unknown" in store.check(facts, {"disk"})[0]


@pytest.mark.parametrize("silently", [False, True])
def test_a_blocking_client_sends_nothing_twice(redis_server, client, silently):
    """redis-py by itself sends again what lost its answer: one RPUSH was run eleven times."""
    with Proxy(redis_server.port) as proxy, store.client(proxy.redis_url, timeout_s=0.3) as careful:
        careful.ping()
        proxy.lose_replies(1, silently=silently)

        with pytest.raises((redis.ConnectionError, redis.TimeoutError)):
            careful.rpush("list", "x")

    assert 1 == client.llen("list")


@pytest.mark.anyio
async def test_an_asyncio_client_sends_nothing_twice(redis_server, client):
    """The same of the client that the workers use."""
    with Proxy(redis_server.port) as proxy:
        async with store.async_client(proxy.redis_url, timeout_s=0.3) as careful:
            await careful.ping()
            proxy.lose_replies(1)

            with pytest.raises((redis.ConnectionError, redis.TimeoutError)):
                await careful.rpush("list", "x")

    assert 1 == client.llen("list")
