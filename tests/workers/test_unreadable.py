"""What a newer orderhook wrote is left as it is, by everything that could take it up, move it or remove it."""

import json
from pathlib import Path

import pytest
import redis.asyncio as aredis
import tomlkit
from structlog.testing import capture_logs

from receiver import keys, scripts
from receiver.config import read_config
from receiver.inbox import Inbox
from receiver.lifecycle import CLOSED, IN_FLIGHT, Status
from receiver.record import NEWEST, VERSION, Ruling
from tests.support import deeds
from tests.support.events import accepted, an_event, expire_leases, record
from workers import dead_letters, shift, sweeper
from workers.audit import audit
from workers.dead_letters import Refused
from workers.failures import Transient
from workers.ledger import Ledger
from workers.plant import Plant
from workers.settings import worker_settings
from workers.unreadable import Notices, Unreadable

pytestmark = pytest.mark.anyio

KEY = keys.event("shop", "evt-1")
LANE = keys.lane("shop", "order-1")
#: How a record can be beyond us: by its version, or by a word that we do not know.
STRANGE = [{"v": str(NEWEST + 1)}, {"v": "1.5-beta"}, {"status": "deferred"}]
strange = pytest.mark.parametrize("changes", STRANGE, ids=["version", "no number", "status"])


@pytest.fixture(name="tools")
def _tools(redis_url, tmp_path):
    """A plant that runs the deed `first` for created orders of `shop`, for a moment."""
    deeds.forget()
    return plant(redis_url, tmp_path, "first")


def plant(redis_url: str, folder: Path, *steps: str) -> Plant:
    created = {"name": "one", "entity_type": "Order", "trigger": "order.created"}
    values = {
        "redis_url": redis_url,
        "actions": ["tests.support.deeds"],
        "sources": {"shop": {"scheme": {"type": "unsigned"}}},
        "worker": {"shift_s": 0.2},
        "workflows": [{**created, "actions": [{"type": step} for step in steps]}],
    }
    path = folder / "orderhook.toml"
    path.write_text(tomlkit.dumps(values))
    settings = worker_settings(read_config(environ={}, path=path))
    return Plant(settings=settings, registry=settings.registry)


def turned(client, event_id: str, changes: dict[str, str]) -> dict[str, str]:
    """Make a record a newer orderhook's, counted as that one would; return what it is then."""
    key = keys.event("shop", event_id)
    if "status" in changes:
        client.hincrby(keys.counts(), f"shop:{client.hget(key, 'status')}", -1)
        client.hincrby(keys.counts(), f"shop:{changes['status']}", 1)
    client.hset(key, mapping=changes)
    return client.hgetall(key)


def waiting(client, changes: dict[str, str]) -> dict[str, str]:
    """Record an event, a newer orderhook's, that waits in its lane."""
    accepted(client, an_event())
    return turned(client, "evt-1", changes)


def test_python_and_lua_know_the_same_versions():
    """One that is raised in one place only would let the console show what no worker takes, or the reverse."""
    assert f"local VERSION, NEWEST = {VERSION}, {NEWEST}\n" in scripts.load("claim").text


@strange
async def test_no_worker_takes_it_and_its_lane_waits(client, tools, changes):
    """To misread an event is worse than to be late; and the next event of that order must not overtake it."""
    before = waiting(client, changes)
    accepted(client, an_event("evt-2"), an_event("evt-3", subject="order-2"))

    with capture_logs() as logs:
        await shift.work(tools, linger_s=0.02)

    assert before == client.hgetall(KEY)
    assert ["evt-3"] == [event_id for _, event_id, _ in deeds.DEEDS]
    assert [KEY, keys.event("shop", "evt-2")] == client.lrange(LANE, 0, -1)
    (said,) = [line for line in logs if line["event"] == "shift.record_unreadable"]
    assert (KEY, before["v"], before["status"], NEWEST) == (
        said["key"],
        said["version"],
        said["status"],
        said["newest"],
    )


@strange
async def test_a_worker_that_can_read_it_takes_it_at_once(client, tools, changes):
    """Beside older workers, too, who look at the lane each second and put it off: an upgrade needs no operator."""
    waiting(client, changes)
    await shift.work(tools, linger_s=0.02)
    (due,) = [score for _, score in client.zrange(keys.ready("shop"), 0, -1, withscores=True)]
    seconds, microseconds = client.time()
    assert 0 < due - (seconds * 1000 + microseconds / 1000) <= 1000

    turned(client, "evt-1", {"v": "1", "status": "pending"})
    await shift.work(tools, linger_s=0.02)

    assert (Status.SUCCEEDED, 1) == (record(client).status, record(client).attempt)
    assert not client.exists(keys.unreadable())


async def test_a_lane_that_is_taken_up_keeps_its_lease(client, tools, redis_url):
    """Who looks next must not take it away from the one that works on it."""
    waiting(client, {"v": "2"})
    await shift.work(tools, linger_s=0.02)
    turned(client, "evt-1", {"v": "1"})
    async with aredis.Redis.from_url(redis_url) as redis:
        ledger = Ledger(redis, shift_id="a", lease_s=60, max_crashes=3, hold=(), dedupe_ms=1000)

        assert [KEY] == [claim.record.key for claim in (await ledger.claim(10)).claims]
        assert () == (await ledger.claim(10)).claims
        await ledger.close()


@strange
def test_the_sweep_puts_it_nowhere(client, changes):
    """A status that we do not know may be one that is in no lane."""
    before = waiting(client, changes)
    client.delete(LANE)

    assert [] == sweeper.sweep(client)
    assert before == client.hgetall(KEY)
    assert [KEY] == client.zrange(keys.open_events(), 0, -1)
    assert not client.exists(LANE)


@strange
def test_the_audit_counts_it_and_finds_nothing_wrong(client, changes):
    """The loss equation holds through an upgrade, or nobody believes it."""
    waiting(client, changes)

    (one,) = audit(Inbox(client))

    assert (True, 1, 1) == (one.holds, one.accepted, one.accounted)
    assert dict.fromkeys(changes.get("status", "").split(), 1) == one.unknown


def test_the_audit_counts_what_a_newer_retention_removed(client):
    """It is counted under a word that we do not know, and stands on the right side all the same."""
    accepted(client, an_event())
    client.hincrby(keys.counts(), "shop:accepted", 1)
    client.hset(keys.counts(), mapping={"shop:retired.deferred": 1, "shop:deferred": 1})

    (one,) = audit(Inbox(client))

    assert (True, {"deferred": 1}) == (one.holds, one.unknown)


@pytest.mark.parametrize("version", ["2", "99"])
def test_no_operator_moves_it(client, version):
    """What a dead letter of a newer orderhook needs before it starts again, only that one knows."""
    accepted(client, an_event(quarantine="payload_invalid"))
    before = turned(client, "evt-1", {"v": version, "step:0.0": "1 unknown 7 "})
    found = record(client)

    assert [False] == [moved for _, moved in dead_letters.replay(client, [found])]
    assert [False] == [moved for _, moved in dead_letters.discard(client, [found], keep_ms=1000, why="test")]
    assert isinstance(
        dead_letters.resolve(client, found, "0.0", Ruling.DONE, by="me", note="", start=True), Refused
    )
    assert before == client.hgetall(KEY)
    assert [KEY] == client.zrange(keys.dead(), 0, -1)


@pytest.mark.parametrize("status", sorted(CLOSED))
def test_retention_leaves_it(client, tools, status):
    """It may have to be kept for longer than we know."""
    waiting(client, {"v": "2", "status": status, "closed": "1", "accepted": "1"})
    client.zadd(keys.timeline("shop"), {KEY: 1})

    assert 0 == sweeper.retire(client, tools)
    assert client.exists(KEY)


def test_its_redelivery_is_a_duplicate(client):
    """The key is the same in every version: an old receiver beside a new one records nothing twice."""
    waiting(client, {"v": "2"})

    assert ["duplicate"] == accepted(client, an_event())
    assert 1 == client.llen(LANE)


def test_what_every_version_says_is_read(client):
    """The list of events is whole, and shows nothing that could mean something else."""
    waiting(client, {"v": "2", "attempt": "seven", "plan": "{", "step:0.0": "what?"})

    found = record(client)

    assert (2, False, "order-1", LANE) == (found.version, found.readable, found.subject, found.lane)
    assert (0, None, {}, ()) == (found.attempt, found.plan, dict(found.ledger), found.attempts)


async def test_an_event_in_a_newer_workflow_dies_and_a_newer_release_finishes_it(client, redis_url, tmp_path):
    """The one thing that a step back cannot leave waiting: a workflow with a setting that is not known here."""
    deeds.forget()
    deeds.FAILURES["second"] = [Transient("not now", retry_after_s=60.0)]
    accepted(client, an_event())
    await shift.work(plant(redis_url, tmp_path, "first", "second"), linger_s=0.02)
    stored = client.get(next(client.scan_iter(f"{keys.workflow('one', '')}*")))
    key = keys.workflow(*record(client).plan[0].split("@"))
    client.set(key, json.dumps({**json.loads(stored), "wanted_since_the_next_release": True}))

    expire_leases(client)
    await shift.work(plant(redis_url, tmp_path, "first"), linger_s=0.02)
    assert (Status.DEAD, "workflow_invalid") == (record(client).status, record(client).reason)
    client.set(key, stored)
    list(dead_letters.replay(client, [record(client)]))
    await shift.work(plant(redis_url, tmp_path, "first"), linger_s=0.02)

    assert Status.SUCCEEDED is record(client).status
    assert ["first", "second", "second"] == [name for name, _, _ in deeds.DEEDS]


def test_each_kind_is_said_once():
    """A thousand lanes that wait would fill the log each second."""
    notices = Notices()
    kinds = [
        Unreadable("a", "2", "pending"),
        Unreadable("b", "2", "pending"),
        Unreadable("c", "2", "deferred"),
    ]

    with capture_logs() as logs:
        notices.say(kinds)
        notices.say(kinds)

    assert ["a", "c"] == [line["key"] for line in logs]


def test_no_word_of_another_version_is_in_a_table():
    """A status that we do not know is neither in flight nor closed: nobody acts on it."""
    word = Status.named("deferred")

    assert ("deferred", "deferred") == (str(word), word.value)
    assert word not in IN_FLIGHT | CLOSED
    assert Status.named("dead") is Status.DEAD
