"""The record of an event, read from the fields of its hash."""

from datetime import UTC, datetime

import pytest

from receiver import keys, record
from receiver.lifecycle import Status
from receiver.record import AttemptNote, LedgerEntry, Record, StepState
from tests.support.events import accepted, an_event

KEY = keys.event("shop", "evt-1")
#: What an event that has been through something looks like in Redis.
FIELDS = {
    "v": "1",
    "source": "shop",
    "type": "order.created",
    "subject": "order-1",
    "lane": keys.lane("shop", "order-1"),
    "verdict": "hmac:1",
    "digest": "0" * 32,
    "status": "retrying",
    "occurred": "1714564800000",
    "accepted": "1714564801000",
    "opened": "1714564802000",
    "due": "1714564805000",
    "stale": "1",
    "duplicates": "2",
    "altered": "1",
    "replays": "1",
    "attempt": "12",
    "base": "10",
    "crashes": "1",
    "plan": '["Tag@0a1b2c3d4e5f"]',
    "attempt:2": "crashed 7 1714564802000 1714564803000 lease ran out",
    "attempt:10": "running 9 1714564804000",
    "attempt:1": "retrying 5 1714564801000 1714564801500 rate limited by the API",
    "step:0.10": "1714564804200 failed 9 no such tag",
    "step:0.2": "1714564804100 done 9 {}",
    "step:1.0": "1714564804300 intent 9 ",
}


def a_record(**changes: str) -> Record:
    return Record.read(KEY, FIELDS | changes)


def test_every_field_has_its_kind():
    """Numbers are numbers, words of ours are enums, texts of the sender stay texts."""
    found = a_record()

    assert (Status.RETRYING, 1714564801000, 3, True) == (
        found.status,
        found.accepted,
        found.deliveries,
        found.stale,
    )
    assert ("order.created", "order-1", "hmac:1") == (found.type, found.subject, found.verdict)
    assert ("Tag@0a1b2c3d4e5f",) == found.plan


def test_attempts_are_in_their_order():
    """The tenth comes after the second, which a sort of texts would not know."""
    assert [1, 2, 10] == [attempt.number for attempt in a_record().attempts]


def test_steps_are_in_their_order():
    """By run, then by place."""
    assert ["0.2", "0.10", "1.0"] == list(a_record().ledger)


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("running 9 5", AttemptNote(number=1, outcome="running", token=9, started=5, ended=0)),
        ("dead 9 5 8", AttemptNote(number=1, outcome="dead", token=9, started=5, ended=8)),
        ("dead 9 5 8 ", AttemptNote(number=1, outcome="dead", token=9, started=5, ended=8)),
        ("dead 9 5 8 a b", AttemptNote(number=1, outcome="dead", token=9, started=5, ended=8, detail="a b")),
    ],
    ids=["still running", "no detail", "empty detail", "a detail of words"],
)
def test_an_attempts_note_reads_back(text, note):
    """What the scripts write in words comes apart in the same places."""
    assert note == AttemptNote.parse(1, text)


@pytest.mark.parametrize(
    ("text", "entry"),
    [
        ("5 intent 9 ", LedgerEntry(at=5, state=StepState.INTENT, token=9)),
        ("5 intent 9", LedgerEntry(at=5, state=StepState.INTENT, token=9)),
        (
            '5 done 9 {"tag": "a b"}',
            LedgerEntry(at=5, state=StepState.DONE, token=9, detail='{"tag": "a b"}'),
        ),
    ],
)
def test_a_ledger_entry_reads_back(text, entry):
    """A step whose entry cannot be read would be run again."""
    assert entry == LedgerEntry.parse(text)


def test_attempts_count_anew_after_a_replay():
    """The retry policy starts from one, the history goes on."""
    assert (12, 2) == (a_record().attempt, a_record().attempts_now)


def test_what_is_not_written_yet_is_zero_or_empty():
    """A fresh record has few fields."""
    found = Record.read(KEY, {"status": "pending"})

    assert (0, 0, "", None, (), {}) == (
        found.closed,
        found.replays,
        found.reason,
        found.plan,
        found.attempts,
        dict(found.ledger),
    )


def test_an_empty_plan_is_none():
    """None says that no attempt matched any workflow yet."""
    assert a_record(plan="").plan is None
    assert () == a_record(plan="[]").plan


def test_what_accept_writes_is_read(client):
    """The one schema is written in Lua and read here."""
    accepted(client, an_event(occurred="1714564800000"))

    found = Record.read(KEY, client.hgetall(KEY))

    assert (record.VERSION, "shop", "evt-1", "order.created", "order-1") == (
        found.version,
        found.source,
        found.id,
        found.type,
        found.subject,
    )
    assert (Status.PENDING, 1714564800000, 1, 0) == (
        found.status,
        found.occurred,
        found.deliveries,
        found.attempt,
    )
    assert found.accepted == found.opened > 1_700_000_000_000
    assert keys.lane("shop", "order-1") == found.lane


def test_json_leaves_out_what_is_absent():
    """`--json` is read by scripts: an empty text in place of a time breaks them."""
    shown = record.as_json(
        Record.read(KEY, {"status": "pending", "id": "evt-1", "accepted": "1714564801000"})
    )

    assert {"eventId", "status", "stale", "deliveries", "altered", "replays", "acceptedAt"} == set(shown)


def test_json_has_camel_case_and_iso_times():
    """The names of the REST API's conventions."""
    shown = record.as_json(a_record())

    assert datetime(2024, 5, 1, 12, 0, 1, tzinfo=UTC) == datetime.fromisoformat(shown["acceptedAt"])
    assert {"number": 1, "outcome": "retrying", "detail": "rate limited by the API"}.items() <= shown[
        "attempts"
    ][0].items()
    assert {"step": "0.2", "state": "done", "detail": "{}"}.items() <= shown["steps"][0].items()
