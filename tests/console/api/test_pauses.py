"""`/api/v1/paused` over real HTTP: who waits for a decision, and the decision."""

import pytest

from console.trail import Trail
from receiver.lifecycle import Status
from tests.support.events import accepted, an_event, record


@pytest.fixture(name="paused")
def _paused(client, orderhook):
    """Two events that wait, of which one waits in two workflows."""
    orderhook.configure(
        worker={"shift_s": 0.3},  # while something is due later, a shift waits for it
        workflows=[
            {"name": "ask", "trigger": "order.created", "actions": [{"type": "pause", "why": "over 10 000"}]},
            {
                "name": "ask twice",
                "trigger": "order.created",
                "conditions": {"big": True},
                "actions": [{"type": "pause", "lane": "goes_on", "for_s": 3600}],
            },
        ],
    )
    big, small = {"big": True}, {"big": False}
    accepted(client, an_event("evt-1", data=small), an_event("evt-2", subject="order-2", data=big))
    orderhook.work()


def test_runs_that_wait_are_listed_with_what_the_workflow_says(reader, paused):
    """What a person needs to decide, in one call."""
    found = reader.get("/api/v1/paused")

    assert 2 == found.json["totalCount"]
    first, second = sorted(found.data, key=lambda one: one["eventId"])
    assert [("ask", "over 10 000", "waits")] == [
        (run["workflow"], run["why"], run["lane"]) for run in first["runs"]
    ]
    assert ["ask", "ask twice"] == [run["workflow"] for run in second["runs"]]
    assert ("goes_on", True) == (second["runs"][1]["lane"], second["runs"][1]["until"] > second["acceptedAt"])


def test_a_decision_lets_one_run_go_on_and_is_on_record(operator, client, orderhook, paused):
    """And no other run of the event."""
    reply = operator.post("/api/v1/paused/evt-2/resume", {"workflow": "ask", "why": "called them"})
    orderhook.work()

    assert (200, ["ask"]) == (reply.status, reply.data["workflows"])
    found = record(client, "evt-2")
    assert (Status.PAUSED, "operate: called them") == (found.status, found.pauses["0.0"].by)
    (entry,) = Trail(client).newest(offset=0, limit=10)
    assert ("resumeEvent", "operate", "called them") == (entry.what, entry.by, entry.why)
    assert 200 == operator.post("/api/v1/paused/evt-2/resume", {"why": "and the other"}).status
    orderhook.work()
    assert Status.SUCCEEDED is record(client, "evt-2").status


def test_what_does_not_wait_is_a_conflict(operator, reader, paused):
    """Two people decide at once: the second is told."""
    assert 403 == reader.post("/api/v1/paused/evt-1/resume", {"why": "x"}).status
    assert 404 == operator.post("/api/v1/paused/evt-9/resume", {"why": "x"}).status
    assert 409 == operator.post("/api/v1/paused/evt-1/resume", {"workflow": "another", "why": "x"}).status
    assert 200 == operator.post("/api/v1/paused/evt-1/resume", {"why": "x"}).status
    assert 409 == operator.post("/api/v1/paused/evt-1/resume", {"why": "x"}).status


def test_the_other_decision_closes_it(operator, client, paused):
    """By the same door as a dead letter."""
    assert 200 == operator.post("/api/v1/dead-letters/evt-1/discard", {"why": "no"}).status
    assert Status.DISCARDED is record(client, "evt-1").status
