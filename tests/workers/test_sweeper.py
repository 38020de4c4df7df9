"""Upkeep on a real Redis: retention keeps the books true."""

import pytest
import tomlkit

from receiver import keys
from receiver.config import read_config
from receiver.inbox import Inbox
from receiver.lifecycle import Status
from receiver.wake import ShiftTemplate
from tests.support.events import accepted, an_event, record
from workers import dead_letters, sweeper
from workers.audit import audit
from workers.plant import Plant
from workers.settings import worker_settings

DAY_MS = 24 * 60 * 60 * 1000


@pytest.fixture(name="tools")
def _tools(redis_url, tmp_path):
    """A plant that keeps closed events of `shop` for a week."""
    path = tmp_path / "orderhook.toml"
    source = {"scheme": {"type": "unsigned"}, "retention_days": 7}
    path.write_text(tomlkit.dumps({"redis_url": redis_url, "sources": {"shop": source}}))
    settings = worker_settings(read_config(environ={}, path=path))
    return Plant(settings=settings, registry=settings.registry)


def discarded(client, event_id: str) -> None:
    accepted(client, an_event(event_id, quarantine="payload_invalid"))
    list(dead_letters.discard(client, [record(client, event_id)], keep_ms=60 * DAY_MS, why="test"))


def aged(client, event_id: str, days: int) -> None:
    """Move an event into the past, as if it had been accepted and closed then."""
    key = keys.event("shop", event_id)
    then = record(client, event_id).accepted - days * DAY_MS
    client.hset(key, mapping={"accepted": then, "closed": then})
    client.zadd(keys.timeline("shop"), {key: then})


def test_a_closed_event_leaves_after_its_retention(client, tools):
    """Nothing grows without bound, and the loss equation still holds."""
    discarded(client, "evt-old")
    discarded(client, "evt-new")
    aged(client, "evt-old", days=8)
    aged(client, "evt-new", days=6)

    assert 1 == sweeper.retire(client, tools)

    assert [False, True] == [bool(client.exists(keys.event("shop", name))) for name in ("evt-old", "evt-new")]
    assert not client.exists(keys.body(keys.event("shop", "evt-old")))
    assert [True] == [one.holds for one in audit(Inbox(client))]


def test_a_dead_letter_never_leaves_by_itself(client, tools):
    """It waits for a person, however long."""
    accepted(client, an_event("evt-1", quarantine="payload_invalid"))
    aged(client, "evt-1", days=400)

    assert 0 == sweeper.retire(client, tools)
    assert Status.DEAD is record(client, "evt-1").status


def test_old_events_that_stay_do_not_stop_the_walk(client, tools):
    """Pages of dead letters lie in front of what may go."""
    for number in range(3):
        accepted(client, an_event(f"dead-{number}", quarantine="payload_invalid"))
        aged(client, f"dead-{number}", days=100 - number)
    discarded(client, "evt-old")
    aged(client, "evt-old", days=8)

    assert 1 == sweeper.retire(client, tools)


def test_the_sweep_is_done_by_one_worker_a_minute(client, tools):
    """Ten workers need not look ten times."""
    accepted(client, an_event())
    client.delete(keys.lane("shop", "order-1"))

    for _ in range(2):
        sweeper.sweep_if_due(client, tools)

    assert 1 == int(client.hget(keys.counts(), "shop:repaired"))


def test_a_sweep_reaches_beyond_its_first_page(client):
    """A flood of events in flight must not hide a lost one behind them."""
    batch = [an_event(f"evt-{number}", subject=f"order-{number}") for number in range(sweeper.PAGE + 20)]
    accepted(client, *batch)
    lost = keys.lane("shop", f"order-{sweeper.PAGE + 10}")
    client.delete(lost)

    assert 1 == len(sweeper.sweep(client))
    assert 1 == client.llen(lost)


def test_a_lost_shift_is_queued_again(client):
    """Each worker's upkeep heals the chain."""
    accepted(client, an_event())
    client.delete(keys.rq_queue())

    assert [True, False] == [sweeper.relay(client, ShiftTemplate()) for _ in range(2)]
