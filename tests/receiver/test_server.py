"""The process around the application: what it checks before it starts, and what it does first when told to stop."""

import concurrent.futures
import http.client
import json
import signal
import time

import pytest

from console.embedded import RedisServer, free_port
from receiver import keys, server
from receiver.settings import ReceiverSettings
from receiver.store import WeakDurability
from tests.support import broken_redis
from tests.support.events import written
from tests.support.receiving import SHOP, Receiver, a_delivery, answer, request_bytes, started
from tests.support.waiting import until


def settings(redis_url, **of_source) -> ReceiverSettings:
    return ReceiverSettings.model_validate({"redis_url": redis_url, "sources": {"shop": SHOP | of_source}})


async def asked(app, path) -> tuple[int, dict]:
    """Ask the application itself, without a server in between."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "root_path": "",
        "headers": [],
        "query_string": b"",
    }
    await app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.fixture(name="weak_fsync")
def _weak_fsync(client):
    client.config_set("appendfsync", "everysec")
    yield
    client.config_set("appendfsync", "always")


@pytest.fixture(name="evicting")
def _evicting(client):
    client.config_set("maxmemory-policy", "allkeys-lru")
    yield
    client.config_set("maxmemory-policy", "noeviction")


@pytest.mark.parametrize("durability", ["memory", "disk"])
def test_a_server_that_gives_what_is_asked_for_is_taken(redis_url, durability):
    """`appendfsync always` is what the tests' Redis runs with."""
    server.check_store(settings(redis_url, durability=durability))


@pytest.mark.parametrize(
    ("durability", "says"), [("disk", "appendfsync is everysec"), ("replica", "no replica")]
)
def test_asking_for_what_the_server_cannot_give_stops_the_start(redis_url, weak_fsync, durability, says):
    """A promise that is broken in silence is found out on the day of the power cut."""
    with pytest.raises(WeakDurability, match=says):
        server.check_store(settings(redis_url, durability=durability))


def test_a_weak_server_is_taken_where_the_operator_allows_it(redis_url, weak_fsync):
    """For a trial, or for a service that cannot do better; the log says it, see TestStart."""
    allowed = {"receiver": {"allow_weak_durability": True}}
    sources = {"shop": SHOP | {"durability": "disk"}, "safe": SHOP | {"durability": "replica"}}

    server.check_store(
        ReceiverSettings.model_validate({"redis_url": redis_url, "sources": sources} | allowed)
    )


def test_a_disabled_source_asks_for_nothing(redis_url, weak_fsync):
    """It takes no deliveries."""
    server.check_store(settings(redis_url, durability="disk", enabled=False))


def test_a_redis_that_is_down_does_not_stop_the_start():
    """The receiver comes up, answers 503, and works as soon as Redis does: nobody has to start it again."""
    server.check_store(settings(f"redis://127.0.0.1:{free_port()}/0", durability="disk"))


@pytest.mark.anyio
async def test_readiness_flips_with_the_signal_before_anything_closes(redis_url):
    """A balancer looks elsewhere while the door is still open, so no delivery meets a closed one."""
    served = server.server(settings(redis_url))
    app = served.config.app
    assert (200, "ready") == _status(await asked(app, "/readyz"))

    served.handle_exit(signal.SIGTERM, None)

    assert (503, "stopping") == _status(await asked(app, "/readyz"))
    assert (200, "ok") == _status(await asked(app, "/healthz"))
    assert served.should_exit
    await app.state.health.close()


def _status(answer) -> tuple[int, str]:
    status, body = answer
    return status, body["data"]["status"]


def test_the_parser_is_pinned(redis_url):
    """h11 takes a request that tells its length twice; a smuggled request is what comes of it."""
    config = server.server(settings(redis_url)).config
    config.load()

    assert "ReceiverProtocol" == config.http_protocol_class.__name__
    assert not config.access_log
    assert not config.proxy_headers


class TestStart:
    def test_a_weak_redis_ends_the_start_with_the_reason(self, tmp_path, redis_url):
        """Non-zero, at once, and in words that say what to set."""
        receiver = Receiver(
            folder=tmp_path,
            settings={"redis_url": redis_url, "sources": {"shop": SHOP | {"durability": "replica"}}},
        )

        assert 0 != receiver.spawn().wait(20)

        assert "no replica is connected" in receiver.log.read_text()

    def test_a_weak_redis_that_is_allowed_is_served_on_and_shown(self, tmp_path, redis_url, weak_fsync):
        """At the start, in the log and to whoever asks: a weakness that was allowed once must not be forgotten."""
        allow = {"allow_weak_durability": True}
        with started(
            tmp_path, redis_url, sources={"safe": SHOP | {"durability": "disk"}}, receiver=allow
        ) as receiver:
            (warned,) = receiver.lines("receiver.weak_durability")
            assert "warning" == warned["level"]
            assert "appendfsync is everysec" in warned["reasons"][0]

            assert (202, "accepted") == receiver.post(a_delivery(), "safe").outcome

            found = receiver.send("GET", "/readyz")
            assert (200, "ready", "weak") == (
                found.status,
                found.json["data"]["status"],
                found.json["data"]["durability"],
            )
            assert "appendfsync is everysec" in found.json["data"]["reasons"][0]

    def test_what_a_weak_redis_loses_where_that_is_allowed_is_no_alarm(
        self, tmp_path, client, redis_url, weak_fsync
    ):
        """Who allows it has said that a power loss may take events: the others are to be taken all the same."""
        sources, allow = {"safe": SHOP | {"durability": "disk"}}, {"allow_weak_durability": True}
        with started(tmp_path, redis_url, sources=sources, receiver=allow) as receiver:
            receiver.post(a_delivery("msg-1"), "safe")
            client.hincrby(keys.counts(), "safe:accepted", -1)

            until(lambda: loss_is_seen(receiver), what="the loss is in the log")

            assert 202 == receiver.post(a_delivery("msg-2"), "safe").status

    def test_a_redis_that_may_throw_events_away_stops_the_start(self, tmp_path, redis_url, evicting):
        """Whatever durability is asked for: what is evicted was acknowledged."""
        receiver = Receiver(folder=tmp_path, settings={"redis_url": redis_url, "sources": {"shop": SHOP}})

        assert 0 != receiver.spawn().wait(20)

        assert "it must be noeviction" in receiver.log.read_text()


class TestStop:
    @pytest.fixture(name="stoppable")
    def _stoppable(self, tmp_path, redis_url):
        with started(
            tmp_path, redis_url, receiver={"stop_grace_s": 1.0, "body_deadline_s": 30.0}
        ) as receiver:
            yield receiver
            assert [] == receiver.tracebacks()

    def test_a_delivery_that_is_under_way_is_finished(self, stoppable, client):
        """SIGTERM is a deploy: the door closes, who is inside is served, and what is answered is recorded."""
        request = request_bytes(a_delivery())
        with stoppable.connected() as connection:
            connection.sendall(request[:-10])
            read_so_far(stoppable)
            stoppable.process.terminate()
            until(lambda: not accepts(stoppable), what="the door is closed")

            connection.sendall(request[-10:])

            assert (202, "accepted") == answer(connection).outcome
        assert -signal.SIGTERM == stoppable.process.wait(10)
        assert 1 == client.exists(keys.event("shop", "msg-1"))
        assert ["receiver.stopped"] == [line["event"] for line in stoppable.lines("receiver.stopped")]

    def test_one_that_takes_too_long_gets_an_honest_answer(self, stoppable, client):
        """When the grace is over: 503, send it again. Not a 500, and not silence."""
        begun = time.monotonic()
        with stoppable.connected() as connection:
            connection.sendall(request_bytes(a_delivery())[:-10])
            read_so_far(stoppable)
            stoppable.process.terminate()

            assert (503, "STORE_UNAVAILABLE") == answer(connection).outcome
        stoppable.process.wait(10)
        assert time.monotonic() - begun < 5
        assert [] == written(client)

    def test_idle_connections_hold_nobody_up(self, stoppable):
        """Senders and balancers keep theirs open all day."""
        with stoppable.connected() as connection:
            connection.sendall(request_bytes(a_delivery()))
            answer(connection)

            begun = time.monotonic()
            assert -signal.SIGTERM == stoppable.stop()

            assert time.monotonic() - begun < 1.0
            assert b"" == connection.recv(1)

    def test_a_frozen_redis_does_not_hold_up_a_stop(self, tmp_path):
        """Who waits for Redis is told within its time limit, stop or no stop."""
        redis_server = RedisServer(folder=tmp_path / "redis").start()
        with started(tmp_path / "receiver", redis_server.url) as receiver:
            receiver.post(a_delivery("before"))
            with broken_redis.frozen(redis_server), receiver.connected() as connection:
                connection.sendall(request_bytes(a_delivery()))
                receiver.process.terminate()

                assert (503, "STORE_UNAVAILABLE") == answer(connection).outcome
                assert -signal.SIGTERM == receiver.process.wait(10)
            assert [] == receiver.tracebacks()
        redis_server.stop()

    def test_a_stop_in_the_middle_of_traffic_loses_nothing(self, stoppable, client):
        """Every 2xx is recorded; what got no answer may be sent again, and is then accepted or a duplicate."""
        acknowledged = []

        def deliver(n):
            try:
                if stoppable.post(a_delivery(f"msg-{n}", subject=f"order-{n}")).status == 202:
                    acknowledged.append(f"msg-{n}")
            except (OSError, http.client.HTTPException):
                pass

        with concurrent.futures.ThreadPoolExecutor(8) as pool:
            waiting = [pool.submit(deliver, n) for n in range(1000)]
            until(lambda: len(acknowledged) > 50, what="some are acknowledged")
            stoppable.stop()
            concurrent.futures.wait(waiting)

        assert len(acknowledged) < 1000
        assert [] == [name for name in acknowledged if not client.exists(keys.event("shop", name))]


def loss_is_seen(receiver) -> bool:
    """Ask for readiness, which compares, and return whether a loss was logged."""
    receiver.send("GET", "/readyz")
    return bool(receiver.lines("receiver.events_lost"))


def read_so_far(receiver) -> None:
    """Wait until the receiver has read what was sent before: it reads connections in turn, and this is a later one."""
    assert 200 == receiver.send("GET", "/healthz").status


def accepts(receiver) -> bool:
    """Return whether the receiver takes new connections."""
    try:
        with receiver.connected():
            return True
    except OSError:
        return False
