"""
The receiver while Redis fails: an honest 503 in time, no restart of ours, and deliveries again as soon as Redis is back.
"""

import concurrent.futures
import contextlib
import time

import pytest

from console.embedded import RedisServer
from receiver import keys
from tests.support import broken_redis
from tests.support.events import emptied
from tests.support.receiving import SHOP, a_delivery, started
from tests.support.waiting import until

#: Longest that a sender waits for the 503, and that we take to find Redis again.
ANSWER_S = 1.5
RECOVERY_S = 2.0


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory):
    at_once = ("--repl-diskless-sync-delay", "0")
    server = RedisServer(folder=tmp_path_factory.mktemp("own"), options=at_once).start()
    with server.client() as client:
        emptied(client)
    yield server
    server.stop()


@pytest.fixture(name="replica", scope="module")
def _replica(server, tmp_path_factory):
    follow = ("--replicaof", f"127.0.0.1 {server.port}")
    replica = RedisServer(folder=tmp_path_factory.mktemp("replica"), options=follow).start()
    with replica.client() as client:
        until(lambda: client.info("replication")["master_link_status"] == "up", what="the replica follows")
    yield replica
    replica.stop()


@pytest.fixture(name="fragile", scope="module")
def _fragile(tmp_path_factory, server):
    """A receiver on a Redis that these tests break; it holds few requests at a time."""
    folder = tmp_path_factory.mktemp("receiver")
    with started(folder, server.url, receiver={"max_waiting": 3}) as receiver:
        yield receiver
        assert receiver.process.poll() is None
        assert [] == receiver.tracebacks()


@pytest.fixture(name="own")
def _own(server):
    with server.client() as client:
        emptied(client)
        yield client


def refused_in_time(receiver, delivery, source="shop") -> None:
    begun = time.monotonic()
    found = receiver.post(delivery, source)

    assert (503, "STORE_UNAVAILABLE") == found.outcome
    assert 5 <= int(found.headers["retry-after"]) <= 10
    assert time.monotonic() - begun < ANSWER_S


def readiness(receiver) -> tuple[int, str]:
    found = receiver.send("GET", "/readyz")
    return found.status, found.json["data"]["status"]


@pytest.mark.parametrize(
    "broken",
    [broken_redis.down, broken_redis.frozen, broken_redis.read_only, broken_redis.full],
    ids=lambda broken: broken.__name__,
)
class TestBrokenRedis:
    def test_deliveries_get_503_in_time_and_are_taken_again_afterwards(self, fragile, server, own, broken):
        """Our fault is 503 with Retry-After, never a 4xx and never a 2xx; and nobody has to restart anything."""
        fragile.post(a_delivery("before"))
        with broken(server):
            refused_in_time(fragile, a_delivery("during"))

        until(lambda: fragile.post(a_delivery("after")).status == 202, within_s=RECOVERY_S, what="recovers")
        # The outcome of the refused one was unknown: it is there once, or it is accepted now.
        assert fragile.post(a_delivery("during")).status in (200, 202)
        with server.client() as client:
            lane = client.lrange(keys.lane("shop", "order-1"), 0, -1)
        assert sorted(keys.event("shop", name) for name in ("before", "during", "after")) == sorted(lane)

    def test_the_process_is_alive_and_not_ready(self, fragile, server, own, broken):
        """A balancer must look elsewhere; a supervisor that restarted us would help nobody."""
        until(lambda: readiness(fragile) == (200, "ready"), within_s=RECOVERY_S, what="ready before")
        with broken(server):
            until(lambda: readiness(fragile) == (503, "unavailable"), within_s=RECOVERY_S, what="not ready")
            assert 200 == fragile.send("GET", "/healthz").status

        until(lambda: readiness(fragile) == (200, "ready"), within_s=RECOVERY_S, what="ready again")


def test_more_than_may_wait_are_turned_away_at_once(fragile, server, own):
    """What waits is in memory; beyond the limit the sender is told to slow down, without waiting itself."""
    fragile.post(a_delivery("before"))
    with broken_redis.frozen(server), concurrent.futures.ThreadPoolExecutor(30) as pool:
        found = list(pool.map(fragile.post, [a_delivery(f"msg-{n}") for n in range(30)]))

    codes = [one.code for one in found]
    assert {503} == {one.status for one in found}
    assert {"STORE_UNAVAILABLE", "OVERLOADED"} == set(codes)
    assert all("retry-after" in one.headers for one in found)
    until(lambda: fragile.post(a_delivery("after")).status == 202, within_s=RECOVERY_S, what="recovers")


def test_a_restart_of_redis_between_deliveries_costs_none(fragile, server, own):
    """Some senders never repeat what got a 503."""
    fragile.post(a_delivery("before"))
    with broken_redis.down(server):
        # The connection's end is known to the receiver once a health check has found Redis gone.
        until(lambda: readiness(fragile)[0] == 503, within_s=RECOVERY_S, what="not ready")

    assert 202 == fragile.post(a_delivery("after")).status
    assert 200 == fragile.post(a_delivery("before")).status


def test_a_receiver_starts_before_its_redis(tmp_path, server, own):
    """In a data centre that comes up after a power cut the order is nobody's to choose."""
    with contextlib.ExitStack() as running:
        with broken_redis.down(server):
            receiver = running.enter_context(started(tmp_path, server.url))
            refused_in_time(receiver, a_delivery())

        until(lambda: receiver.post(a_delivery()).status == 202, within_s=RECOVERY_S, what="recovers")


def test_a_redis_that_comes_late_must_keep_what_is_asked_for_too(tmp_path):
    """The check at the start found nobody home; what answers later must not break the promise in silence."""
    server = RedisServer(folder=tmp_path / "redis", appendfsync="everysec")
    sources = {"safe": SHOP | {"durability": "disk"}}
    with contextlib.ExitStack() as running:
        receiver = running.enter_context(started(tmp_path / "receiver", server.url, sources=sources))
        server.start()
        running.callback(server.stop)

        refused_in_time(receiver, a_delivery(), "safe")
        until(lambda: readiness(receiver) == (503, "unavailable"), within_s=RECOVERY_S, what="not ready")
        until(lambda: "appendfsync is everysec" in receiver.log.read_text(), what="the reason is in the log")

        with server.client() as client:
            client.config_set("appendfsync", "always")
        until(lambda: receiver.post(a_delivery(), "safe").status == 202, within_s=RECOVERY_S, what="recovers")
        until(lambda: readiness(receiver) == (200, "ready"), within_s=RECOVERY_S, what="ready again")


def test_a_promise_that_redis_takes_back_while_it_runs_is_given_no_more(tmp_path):
    """Somebody sets `appendfsync everysec` to make it faster: whoever asks for readiness finds out, and deliveries end."""
    sources = {"safe": SHOP | {"durability": "disk"}}
    with contextlib.ExitStack() as running:
        server = RedisServer(folder=tmp_path / "redis").start()
        running.callback(server.stop)
        receiver = running.enter_context(started(tmp_path / "receiver", server.url, sources=sources))
        client = running.enter_context(server.client())
        assert 202 == receiver.post(a_delivery("before"), "safe").status

        client.config_set("appendfsync", "everysec")
        until(lambda: readiness(receiver) == (503, "unavailable"), within_s=RECOVERY_S, what="not ready")

        refused_in_time(receiver, a_delivery("during"), "safe")
        assert not client.exists(keys.event("safe", "during"))
        client.config_set("appendfsync", "always")
        until(
            lambda: receiver.post(a_delivery("after"), "safe").status == 202,
            within_s=RECOVERY_S,
            what="recovers",
        )


def test_what_was_acknowledged_outlives_a_crash_of_redis(fragile, server, own):
    """`appendfsync always`, and the answer after it: a kill in the middle of traffic takes nothing that got a 2xx."""
    acknowledged = []

    def deliver(name):
        try:
            if fragile.post(a_delivery(name, subject=name)).status in (200, 202):
                acknowledged.append(name)
        except OSError:
            pass

    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(deliver, f"msg-{n}") for n in range(300)]
        until(lambda: len(acknowledged) > 20, what="some are acknowledged")
        with broken_redis.down(server):
            pass
        concurrent.futures.wait(waiting)

    with server.client() as client:
        missing = [
            name
            for name in acknowledged
            if not client.exists(keys.event("shop", name), keys.lane("shop", name))
        ]
    assert [] == missing


class TestReplica:
    @pytest.fixture(name="safe")
    def _safe(self, tmp_path, server, own, replica):
        """A receiver with a source that wants its events on a replica, and one that does not."""
        with started(tmp_path, server.url, sources={"safe": SHOP | {"durability": "replica"}}) as receiver:
            yield receiver
            assert [] == receiver.tracebacks()

    def test_an_event_is_acknowledged_when_a_replica_has_it(self, safe, server, replica):
        """Without it: 503 in time for this source, and nothing of it for the others."""
        assert (202, "accepted") == safe.post(a_delivery("msg-1"), "safe").outcome
        with replica.client() as client:
            assert 1 == client.exists(keys.event("safe", "msg-1"))

        with broken_redis.frozen(replica):
            refused_in_time(safe, a_delivery("msg-2"), "safe")
            assert (202, "accepted") == safe.post(a_delivery("msg-3"), "shop").outcome

        until(
            lambda: safe.post(a_delivery("msg-2"), "safe").status == 200, within_s=RECOVERY_S, what="recovers"
        )
