"""`/healthz`, `/readyz` and `/metrics` of the console, over real HTTP."""

import pytest
from starlette.applications import Starlette

from console.commands.console import build
from console.embedded import free_port
from console.settings import console_settings
from receiver import keys
from receiver.config import read_config
from tests.support.events import accepted, an_event
from tests.support.rest import served
from workers.failures import Permanent


def _samples(reply) -> dict[str, float]:
    """Return every sample by its name and labels; each family has its help and its type first."""
    assert (200, "text/plain; version=0.0.4; charset=utf-8") == (reply.status, reply.headers["content-type"])
    lines = [line for line in reply.body.decode().splitlines() if not line.startswith("#")]
    return {
        line.rpartition(" ")[0].removeprefix("orderhook_"): float(line.rpartition(" ")[2]) for line in lines
    }


@pytest.fixture(name="without_redis")
def _without_redis() -> Starlette:
    """A console whose Redis is away."""
    raw = read_config(environ={"ORDERHOOK_REDIS_URL": f"redis://127.0.0.1:{free_port()}/0"})
    return build(raw, console_settings(raw))


def test_the_process_and_its_redis_are_told_apart(stranger, without_redis):
    """A balancer that restarts the console because Redis is away makes things worse."""
    assert (200, 200) == (stranger.get("/healthz").status, stranger.get("/readyz").status)
    with served(without_redis) as caller:
        found = (caller.get("/healthz").status, caller.get("/readyz").code, caller.get("/metrics").status)

    assert (200, "STORE_UNAVAILABLE", 503) == found


def test_metrics_tell_how_events_stand(stranger, orderhook, client, dies):
    """What an alert needs: what is dead, how long the oldest waits, and whether anything is lost."""
    dies("first", Permanent("no such installer"))
    accepted(client, an_event())
    orderhook.work()
    accepted(client, an_event("evt-2"), an_event("evt-2"), an_event("evt-3", source="open"))
    client.zadd(keys.open_events(), {keys.event("open", "evt-3"): 1})

    found = _samples(stranger.get("/metrics"))

    assert {
        'events{source="shop",status="dead"}': 1,
        'events{source="shop",status="pending"}': 1,
        'accepted_total{source="shop"}': 2,
        'duplicates_total{source="shop"}': 1,
        'repaired_total{source="shop"}': 0,
        'loss_equation_holds{source="open"}': 1,
        'lanes_ready{source="open"}': 1,
        'lanes_due{source="open"}': 1,
    }.items() <= found.items()
    assert found["oldest_in_flight_seconds"] > 1_000_000


def test_metrics_tell_of_loops_and_of_events_that_never_came(stranger, client):
    """A number that nobody can watch is looked at when it is too late."""
    missed = an_event("evt-1", verdict="synthetic:reconcile")
    broken = an_event("evt-2", quarantine="payload_invalid", error="no JSON")
    accepted(client, missed, broken)
    client.hincrby(keys.counts(), "shop:echo", 3)

    found = _samples(stranger.get("/metrics"))

    assert {
        'missed_webhooks_total{source="shop"}': 1,
        'echoes_total{source="shop"}': 3,
        'ended_total{source="shop",status="dead",reason="payload_invalid"}': 1,
    }.items() <= found.items()


def test_metrics_tell_how_the_apis_stand(stranger, client):
    """An open circuit is why nothing moves, and nobody would look for it there."""
    client.hset(keys.budget("127.0.0.1:9 env:API_TOKEN"), mapping={"open": "unauthorized", "opened": "1"})

    found = _samples(stranger.get("/metrics"))

    assert 1 == found['api_circuit_open{api="127.0.0.1:9 env:API_TOKEN"}']
