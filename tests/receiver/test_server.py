"""The process around the application: what it checks before it starts, and what it does first when told to stop."""

import json
import signal

import pytest

from console.embedded import free_port
from receiver import server
from receiver.settings import ReceiverSettings
from receiver.store import WeakDurability
from tests.support.receiving import SHOP


def settings(redis_url, **of_source) -> ReceiverSettings:
    return ReceiverSettings.model_validate({"redis_url": redis_url, "sources": {"shop": SHOP | of_source}})


async def asked(app, path) -> tuple[int, dict]:
    """Ask the application itself, without a server in between."""
    sent = []

    async def receive():
        return {"type": "http.request", "body": b""}

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": path, "root_path": "", "headers": [], "query_string": b""}
    await app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


@pytest.fixture(name="weak_fsync")
def _weak_fsync(client):
    client.config_set("appendfsync", "everysec")
    yield
    client.config_set("appendfsync", "always")


@pytest.mark.parametrize("durability", ["memory", "disk"])
def test_a_server_that_gives_what_is_asked_for_is_taken(redis_url, durability):
    """`appendfsync always` is what the tests' Redis runs with."""
    server.check_store(settings(redis_url, durability=durability))


@pytest.mark.parametrize(("durability", "says"), [("disk", "appendfsync is everysec"), ("replica", "no replica")])
def test_asking_for_what_the_server_cannot_give_stops_the_start(redis_url, weak_fsync, durability, says):
    """A promise that is broken in silence is found out on the day of the power cut."""
    with pytest.raises(WeakDurability, match=says):
        server.check_store(settings(redis_url, durability=durability))


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
