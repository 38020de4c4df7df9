"""`/api/v1/dead-letters` over real HTTP: what waits for a person, and what a person does about it."""

from urllib.parse import quote

from console.trail import Trail
from receiver.lifecycle import Status
from tests.support.events import accepted, an_event, record
from workers.failures import Permanent


def _dead(orderhook, client, dies, *event_ids):
    dies("first", *(Permanent("no such installer") for _ in event_ids))
    for event_id in event_ids:
        accepted(client, an_event(event_id, subject=event_id))
        orderhook.work()


def test_dead_letters_come_in_the_order_of_their_death(reader, orderhook, client, dies):
    """The oldest has waited longest."""
    _dead(orderhook, client, dies, "evt-1", "evt-2", "evt-3")

    found = reader.get("/api/v1/dead-letters?PageSize=2")

    assert ["evt-1", "evt-2"] == [one["eventId"] for one in found.data]
    assert (3, "no such installer") == (found.json["totalCount"], found.data[0]["error"])


def test_dead_letters_are_filtered_by_what_they_died_of(reader, orderhook, client, dies):
    """After an outage one sorts them by reason."""
    _dead(orderhook, client, dies, "evt-1", "evt-2")
    one = quote("subject eq 'evt-2' and diedAt gt 2026-01-01")

    found = reader.get(f"/api/v1/dead-letters?$filter={one}")

    assert (["evt-2"], 1) == ([each["eventId"] for each in found.data], found.json["totalCount"])


def test_a_discard_closes_it_and_says_who_and_why(operator, orderhook, client, dies):
    """A closed dead letter must tell whose decision it was."""
    _dead(orderhook, client, dies, "evt-1")

    reply = operator.post("/api/v1/dead-letters/evt-1/discard", {"why": "cancelled by phone"})

    assert (200, "discarded") == (reply.status, reply.data["status"])
    assert (Status.DISCARDED, "operate: cancelled by phone") == (
        record(client).status,
        record(client).discarded,
    )
    (entry,) = Trail(client).newest(offset=0, limit=10)
    assert ("discardDeadLetter", "operate", "cancelled by phone") == (entry.what, entry.by, entry.why)
    assert 409 == operator.post("/api/v1/dead-letters/evt-1/discard", {"why": "again"}).status


def test_a_change_needs_a_reason_and_the_right_scope(operator, reader):
    """A reason that may be left out is left out."""
    assert 400 == operator.post("/api/v1/dead-letters/evt-1/discard", {}).status
    assert 403 == reader.post("/api/v1/dead-letters/evt-1/discard", {"why": "x"}).status
    assert 404 == operator.post("/api/v1/dead-letters/evt-1/discard", {"why": "x"}).status


def test_a_parked_step_is_settled_and_its_event_goes_on(operator, orderhook, client, dies):
    """Nobody but a person knows whether the mail went out."""
    steps = [{"type": "mail"}, {"type": "second"}]
    orderhook.configure(workflows=[{"name": "mail it", "trigger": "order.created", "actions": steps}])
    dies("mail", TimeoutError())
    accepted(client, an_event())
    orderhook.work()
    assert [{"step": "0.0", "action": "mail"}] == operator.get("/api/v1/dead-letters").data[0]["parked"]

    reply = operator.post(
        "/api/v1/dead-letters/evt-1/resolve", {"step": "0.0", "ruling": "done", "why": "it is in the outbox"}
    )
    orderhook.work()

    assert (200, True, "unknown") == (reply.status, reply.data["replayed"], reply.data["was"])
    assert Status.SUCCEEDED is record(client).status


def test_a_step_that_is_not_parked_cannot_be_settled(operator, orderhook, client, dies):
    """A ruling on what is known would overwrite the truth."""
    _dead(orderhook, client, dies, "evt-1")

    never = operator.post("/api/v1/dead-letters/evt-1/resolve", {"step": "7.7", "ruling": "done", "why": "x"})
    failed = operator.post(
        "/api/v1/dead-letters/evt-1/resolve", {"step": "0.0", "ruling": "done", "why": "x"}
    )

    assert (404, 409) == (never.status, failed.status)
    assert "there is nothing to settle" in failed.message
