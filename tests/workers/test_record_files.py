"""What earlier versions left in Redis is read, worked on and replayed by this one; the files are their own writing."""

import pytest

from console.story import tell
from receiver import keys
from receiver.inbox import Inbox
from receiver.lifecycle import IN_FLIGHT
from receiver.record import VERSION, Record, Ruling, as_json
from tests.support import deeds, record_files, record_story
from tests.support.events import accepted, an_event, expire_leases
from tests.support.record_files import RecordFile
from workers import dead_letters, shift, sweeper
from workers.audit import audit

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.parametrize("file", record_files.files(), ids=lambda file: file.name),
]

#: How the story leaves its events. A file of a version that did not know a status has fewer.
LEFT = {
    "succeeded": "succeeded",
    "newer": "succeeded",
    "newest": "succeeded",
    "resolved": "succeeded",
    "ignored": "ignored",
    "stale": "ignored",
    "superseded": "superseded",
    "discarded": "discarded",
    "dead": "dead",
    "replayed": "dead",
    "unknown": "dead",
    "quarantined": "dead",
    "held-dead": "dead",
    "held-waiting": "pending",
    "retrying": "retrying",
    "crashed": "running",
    "waiting": "pending",
    "pending": "pending",
    "spooled": "pending",
}
#: What only newer versions know.
LATER = {"newest", "resolved", "superseded", "spooled"}


@pytest.fixture(name="loaded", autouse=True)
def _loaded(client, file: RecordFile) -> RecordFile:
    """A Redis that the version left, as its leases and waits are over; today's first sweep has been there."""
    deeds.forget()
    client.flushall()
    file.load(client)
    sweeper.sweep(client)
    expire_leases(client)
    return file


@pytest.fixture(name="tools")
def _tools(redis_url, tmp_path):
    """A plant with the workflows of the story, and actions that succeed."""
    return record_story.configured(redis_url, tmp_path, actions="tests.support.deeds")


def records(client) -> dict[str, Record]:
    inbox = Inbox(client)
    return {record.id: record for source in ("shop", "held") for record in inbox.records(_keys(source))}


def _keys(source: str) -> list[keys.EventKey]:
    return [keys.event(source, name) for name in LEFT]


def statuses(client) -> dict[str, str]:
    return {name: record.status.value for name, record in records(client).items()}


def done() -> list[tuple[str, str]]:
    return sorted((event_id, name) for name, event_id, _ in deeds.DEEDS)


def assert_accounted(client) -> None:
    assert [True, True] == [one.holds for one in audit(Inbox(client))]


def test_every_state_is_read(client, file):
    """Each record comes apart, is shown as JSON and told as a story: nothing of an upgrade hides it."""
    found = records(client)

    assert LEFT.keys() - found.keys() <= (set() if file.name.startswith("v") else LATER)
    assert {name: LEFT[name] for name in found} == statuses(client)
    assert all(record.readable and as_json(record) and tell(record) for record in found.values())
    assert (1, 2) == (found["crashed"].attempt, len(found["crashed"].ledger))
    assert ("upstream_rejected", 1) == (found["replayed"].reason, found["replayed"].replays)
    assert (3, 1) == (found["pending"].deliveries, found["pending"].altered)
    assert_accounted(client)


async def test_what_was_under_way_is_finished_and_nothing_done_again(client, tools, loaded):
    """The ledger of the old version holds: only what it does not call done is done, under the same key as before."""
    was = records(client)

    await shift.work(tools, linger_s=0.02)

    first_done = {"crashed", "retrying"}
    whole = {"waiting", "pending", "spooled"} & was.keys()
    expected = [(name, "second") for name in first_done] + [
        (name, step) for name in whole for step in ("first", "second")
    ]
    assert sorted(expected) == done()
    assert {"succeeded"} == {statuses(client)[name] for name in first_done | whole}
    assert {(a, e): k for a, e, k in loaded.deeds if (e, a) in expected}.items() <= {
        (a, e): k for a, e, k in deeds.DEEDS
    }.items()
    assert not [name for name, status in statuses(client).items() if status in IN_FLIGHT - {"pending"}]
    assert_accounted(client)


async def test_dead_letters_are_replayed_and_go_on_where_they_stopped(client, tools, loaded):
    """A dead letter of last year runs its second step, and not its first a second time."""
    await shift.work(tools, linger_s=0.02)
    deeds.forget()
    dead = [record for record in records(client).values() if record.status == "dead"]

    assert all(moved for _, moved in dead_letters.replay(client, dead))
    await shift.work(tools, linger_s=0.02)

    expected = [(name, "second") for name in ("dead", "held-dead", "replayed")]
    expected += [("held-waiting", "first"), ("held-waiting", "second")]
    assert sorted(expected) == done()
    now = statuses(client)
    assert {"succeeded"} == {now[name] for name, _ in expected}
    assert ("dead", "dead") == (now["unknown"], now["quarantined"])
    assert_accounted(client)


async def test_what_is_closed_can_be_replayed_without_an_effect(client, tools):
    """All of its steps are done, says the ledger."""
    closed = [record for record in records(client).values() if record.status == "succeeded"]

    assert all(moved for _, moved in dead_letters.replay(client, closed))
    await shift.work(tools, linger_s=0.02)

    assert set() == {name for name, _ in done()} & {record.id for record in closed}
    assert {"succeeded"} == {statuses(client)[record.id] for record in closed}


async def test_a_step_of_unknown_outcome_is_settled(client, tools):
    """What one version parked for a person, the person settles with the next."""
    parked = records(client)["unknown"]

    dead_letters.resolve(client, parked, "0.0", Ruling.DONE, by="ola", note="", start=True)
    await shift.work(tools, linger_s=0.02)

    assert "succeeded" == statuses(client)["unknown"]
    assert "mail" not in {name for name, _, _ in deeds.DEEDS}


def test_a_redelivery_of_what_was_recorded_then_is_a_duplicate(client, loaded):
    """The dedupe key has not changed, so an upgrade repeats nothing that a sender repeats."""
    found = records(client)

    again = [an_event(name, source=record.source, lane=record.subject) for name, record in found.items()]

    assert {"duplicate", "altered"} >= set(accepted(client, *again))
    assert found.keys() == records(client).keys()


def test_every_version_has_its_file(file):
    """Who raises the version adds what it wrote, while it is still known how."""
    assert set(range(1, VERSION + 1)) <= {one.version for one in record_files.files()}
    assert file.version <= VERSION
