"""One batch as one command: what accept.lua is given, and how its answers are read."""

import pytest

from receiver import accept, keys, scripts
from receiver.accept import Outcome, Recorded
from receiver.wake import ShiftTemplate
from tests.support.events import SHIFT, accepted, an_event, identity


def answered(client, *events) -> list[Recorded]:
    client.script_load(scripts.load("accept").text)
    answers = client.execute_command(*accept.command(events, SHIFT, identity(client)))
    return [accept.read(answer.encode(), new) for answer, new in zip(answers, events, strict=True)]


def test_a_batch_is_one_command():
    """Under `appendfsync always` a command costs an fsync: a batch must be one."""
    name, sha, count, *rest = accept.command([an_event("a"), an_event("b")], ShiftTemplate(), "name")

    assert ("EVALSHA", scripts.load("accept").sha) == (name, sha)
    assert 9 + 2 * 5 == count
    assert [keys.event("shop", "a"), keys.event("shop", "b")] == [rest[9], rest[14]]


def test_bodies_go_as_they_came(client):
    """What was signed is what is stored, byte for byte."""
    body = bytes(range(256))
    accepted(client, an_event(body=body, quarantine="payload_invalid"))

    assert len(body) == client.strlen(keys.body(keys.event("shop", "evt-1")))


def test_each_outcome_is_read(client):
    """The script's words and ours are the same."""
    client.set(keys.lane("shop", "foreign"), "not a list")
    known = an_event("known", guard_ms=10_000)
    answered(client, known)

    found = answered(
        client,
        an_event("new", subject="order-2"),
        an_event("bad", quarantine="payload_invalid", body=b"[]"),
        known,
        an_event("known", body=b'{"event":"other"}'),
        an_event("copy", guard_ms=10_000),
        an_event("refused", subject="foreign"),
    )

    assert [
        Outcome.ACCEPTED,
        Outcome.QUARANTINED,
        Outcome.DUPLICATE,
        Outcome.ALTERED,
        Outcome.COPIED,
        Outcome.REFUSED,
    ] == [one.outcome for one in found]
    assert "known" == found[4].event_id
    assert "WRONGTYPE" in found[5].detail


def test_a_copy_is_told_by_the_first_ones_id(client):
    """The sender's log and ours then name the same event."""
    (first,) = answered(client, an_event("evt-1", guard_ms=10_000))
    (copy,) = answered(client, an_event("evt-2", guard_ms=10_000))

    assert (Outcome.ACCEPTED, "evt-1") == (first.outcome, first.event_id)
    assert (Outcome.COPIED, "evt-1") == (copy.outcome, copy.event_id)


def test_the_same_body_of_another_type_is_another_event(client):
    """A shop sends the same bytes about one order as created and as paid: neither may swallow the other."""
    body = b'{"id":1,"updated_at":"2024-05-01T12:00:00Z"}'

    outcomes = accepted(
        client,
        an_event("evt-1", type="orders.create", body=body, guard_ms=10_000),
        an_event("evt-2", type="orders.paid", body=body, guard_ms=10_000),
    )

    assert [Outcome.ACCEPTED, Outcome.ACCEPTED] == outcomes


def test_a_guard_is_of_one_source(client):
    """Two shops may send the same bytes."""
    outcomes = accepted(client, an_event(guard_ms=10_000), an_event("evt-2", source="erp", guard_ms=10_000))

    assert [Outcome.ACCEPTED, Outcome.ACCEPTED] == outcomes


def test_a_guard_ends_with_the_tolerance(client):
    """It costs memory for each body, and the record is the dedupe key for the sender's own retries."""
    accepted(client, an_event(guard_ms=10_000))

    (guard,) = client.scan_iter(match=keys.guard("*", "*", "*"))
    assert 0 < client.pttl(guard) <= 10_000


def test_a_guard_whose_event_is_gone_guards_no_more(client):
    """Erasing an event must not make its sender's next delivery vanish."""
    accepted(client, an_event("evt-1", guard_ms=10_000))
    client.delete(keys.event("shop", "evt-1"))

    assert [Outcome.ACCEPTED] == accepted(client, an_event("evt-2", guard_ms=10_000))
    assert [Outcome.COPIED] == accepted(client, an_event("evt-3", guard_ms=10_000))


@pytest.mark.parametrize(
    "spoiled",
    [
        pytest.param(lambda new: keys.event(new.source, new.id), id="record"),
        pytest.param(lambda new: keys.lane(new.source, new.lane), id="lane"),
        pytest.param(lambda new: keys.timeline(new.source), id="timeline"),
        pytest.param(lambda new: keys.guard(new.source, new.type, new.digest), id="guard"),
    ],
)
def test_a_foreign_key_refuses_its_event_alone(client, spoiled):
    """One spoiled key must neither leave half an event nor stop the rest of its batch."""
    bad, good = an_event("bad", guard_ms=10_000), an_event("good", source="erp", subject="order-2")
    client.sadd(spoiled(bad), "a set is none of ours")

    found = answered(client, bad, good)

    assert [Outcome.REFUSED, Outcome.ACCEPTED] == [one.outcome for one in found]
    assert {spoiled(bad)} == {key for key in client.scan_iter() if key.split(":")[2:3] == ["shop"]}


@pytest.mark.parametrize(
    "key",
    [
        keys.counts(),
        keys.open_events(),
        keys.dead(),
        keys.sources(),
        keys.rq_queue(),
        keys.rq_queues(),
    ],
)
def test_a_foreign_shared_key_writes_nothing_at_all(client, key):
    """A record without its lane would answer `duplicate` for ever to an event that nobody works on."""
    identity(client)
    client.set(key, "foreign")

    with pytest.raises(Exception, match="WRONGTYPE"):
        accepted(client, an_event())

    assert {key, keys.identity()} == set(client.keys())
