"""Which change raises which event, and that every body keeps to the documented shape."""

import json
import re
import uuid

import pytest

from sandbox.config import EventRules
from sandbox.installer.events import EVENT_TYPES, Envelope, events_for
from sandbox.installer.phases import Change

#: upstream's own sample, the only one it shows.
DOCUMENTED = {
    "event": "order.created",
    "timestamp": "2025-01-15T10:30:00Z",
    "organizationId": "router-uuid",
    "data": {
        "id": "order-uuid",
        "displayId": "P1-42",
        "name": "Solar Panel Installation",
        "status": 0,
        "customerName": "John Doe",
        "address": "123 Main St, Oslo",
        "createdAt": "2025-01-15T10:30:00Z",
    },
}

ALL_ON = EventRules(assigned_after_dispatch=True, in_progress="order.updated", updated_on_tags=True)


def test_the_model_reads_and_writes_the_documented_sample():
    """The model makes every body; so it must agree with the one that the vendor shows."""
    assert DOCUMENTED == json.loads(Envelope.model_validate(DOCUMENTED).model_dump_json(by_alias=True))


@pytest.mark.parametrize(
    ("change", "events"),
    [
        (Change.CREATED, ("order.created",)),
        (Change.DISPATCHING, ("order.dispatched",)),
        (Change.SCHEDULED, ("booking.created",)),
        (Change.IN_PROGRESS, ("workflow.step.activated",)),
        (Change.COMPLETED, ("order.completed",)),
        (Change.DECLINED, ("order.updated",)),
        (Change.CANCELLED, ("order.cancelled",)),
        (Change.DELETED, ("order.deleted",)),
        (Change.TAGGED, ()),
    ],
)
def test_a_change_raises_its_events(change, events):
    """The mapping is ours, and stands in docs/sandbox.md."""
    assert events == events_for(change, EventRules())


@pytest.mark.parametrize(
    ("change", "events"),
    [
        (Change.DISPATCHING, ("order.dispatched", "order.assigned")),
        (Change.IN_PROGRESS, ("order.updated",)),
        (Change.TAGGED, ("order.updated",)),
    ],
)
def test_the_switches_change_the_mapping(change, events):
    """The vendor may well do it so; a receiver is tried with both."""
    assert events == events_for(change, ALL_ON)


@pytest.mark.parametrize("change", Change)
@pytest.mark.parametrize("rules", [EventRules(), ALL_ON], ids=["default", "all on"])
def test_only_documented_events_are_sent(change, rules):
    """The list of twelve is complete."""
    assert set(EVENT_TYPES) >= set(events_for(change, rules))


@pytest.mark.anyio
async def test_every_body_that_is_sent_keeps_to_the_documented_shape(start, receiver):
    """What a receiver learns from the documentation must hold for each event of every kind."""
    sandbox = await start(webhook_url=receiver.url, events=ALL_ON)
    tag_id = await sandbox.tag()
    done, declined, gone = [await sandbox.order(orderTagIds=[tag_id]) for _ in range(3)]
    await sandbox.advance(done, "completed")
    await sandbox.advance(declined, "declined")
    await sandbox.call("DELETE", f"/api/v1/order/{declined}/tags/{tag_id}")
    await sandbox.post(f"/api/v1/order/{declined}/cancel", {"reason": "no capacity"})
    await sandbox.advance(gone, "deleted")
    await sandbox.post("/_sandbox/test-event")

    await sandbox.sent()

    assert 15 == len(receiver.requests)
    for body in (request.json for request in receiver.requests):
        assert DOCUMENTED.keys() == body.keys()
        assert DOCUMENTED["data"].keys() <= body["data"].keys()
        assert body["event"] in EVENT_TYPES
        assert all(_whole_seconds(text) for text in (body["timestamp"], body["data"]["createdAt"]))
        assert uuid.UUID(body["organizationId"])
        assert uuid.UUID(body["data"]["id"])
        assert isinstance(body["data"]["status"], int)


@pytest.mark.anyio
async def test_order_created_carries_the_documented_fields_and_no_others(start, receiver):
    """The one event whose data is documented gets nothing invented."""
    sandbox = await start(webhook_url=receiver.url)
    await sandbox.order()
    await sandbox.sent()

    assert DOCUMENTED["data"].keys() == receiver.requests[0].json["data"].keys()
    assert "Thereses gate 14, Oslo" == receiver.requests[0].json["data"]["address"]


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("phase", "field"),
    [("scheduled", "booking"), ("in_progress", "step"), ("cancelled", "cancelReason")],
)
async def test_invented_fields_stand_where_they_are_said_to_be(start, receiver, phase, field):
    """Ours, so that workflows have something to look at; a receiver must treat them as optional."""
    sandbox = await start(webhook_url=receiver.url)
    await sandbox.advance(await sandbox.order(), phase)
    await sandbox.sent()

    assert field in receiver.requests[-1].json["data"]


def _whole_seconds(text):
    return re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", text)
