"""The webhooks of the Dispatch side, sent to a real receiver."""

from datetime import datetime

import pytest

from sandbox.config import DispatchRules
from sandbox.dispatch.events import EVENT_TYPES
from tests.support.code import ROOT
from tests.support.waiting import until_async

from .conftest import Dispatch

pytestmark = pytest.mark.anyio


@pytest.fixture(name="posting")
async def _posting(start, receiver) -> Dispatch:
    """A sandbox that posts the events of its Dispatch side, and of no other."""
    return Dispatch(sandbox=await start(dispatch=DispatchRules(webhook_url=receiver.url)))


async def sent(posting, receiver) -> list[dict]:
    await posting.sandbox.sent()
    return [request.json for request in receiver.requests]


async def test_an_event_has_the_shape_that_we_chose(posting, receiver):
    """No part of it is documented, so the receiver's settings must be tried against this one."""
    order = await posting.order()

    (event,) = await sent(posting, receiver)

    assert {"type", "timestamp", "id", "data"} == event.keys()
    assert ("order.created", order["guid"]) == (event["type"], event["data"]["id"])
    assert order == {name: value for name, value in event["data"].items() if name != "id"}
    assert datetime.fromisoformat(event["timestamp"]).tzinfo is not None
    assert event["id"].startswith("evt_")


async def test_the_life_of_an_order_is_told_step_by_step(posting, receiver):
    """Each change is one event, with what was there before."""
    order = (await posting.order())["guid"]
    await posting.answer("PATCH", f"/api/v1/Orders/{order}/status", {"status": "processing"})
    await posting.answer("PATCH", f"/api/v1/Orders/{order}/status", {"status": "processing"})
    body = {"orderIds": [order], "carrierId": await posting.carrier()}
    await posting.answer("POST", "/api/v1/Orders/assign-carrier", body)
    await posting.answer("POST", "/api/v1/Orders/delete", {"orderIds": [order]})

    events = await sent(posting, receiver)

    assert ["order.created", "order.status_changed", "order.updated", "order.deleted"] == [
        e["type"] for e in events
    ]
    assert ("pending", "processing") == (events[1]["data"]["previousStatus"], events[1]["data"]["status"])
    assert "previousStatus" not in events[2]["data"]


async def test_the_life_of_a_shipment_is_told_step_by_step(posting, receiver):
    """The last step has a name of its own, after the one trigger of shipments that the vendor shows."""
    shipment = (await posting.shipment())["guid"]
    await posting.answer(
        "PATCH", "/api/v1/shipments", {"shipmentIds": [shipment], "deliveryDate": "2026-01-20"}
    )
    await posting.sandbox.advance(shipment)
    await posting.sandbox.advance(shipment, "delivered")
    await posting.answer("DELETE", f"/api/v1/shipments/{shipment}")

    events = await sent(posting, receiver)

    assert [
        "shipment.created",
        "shipment.updated",
        "shipment.status_changed",
        "shipment.status_changed",
        "shipment.delivered",
        "shipment.deleted",
    ] == [event["type"] for event in events]
    assert {shipment} == {event["data"]["id"] for event in events}
    assert events[4]["data"]["deliveredAt"]


async def test_a_shipment_moves_on_by_itself_where_that_is_asked_for(start, receiver):
    """A demonstration without a carrier."""
    settings = {"dispatch": DispatchRules(webhook_url=receiver.url), "auto_advance_s": 0.02}
    posting = Dispatch(sandbox=await start(**settings))
    guid = (await posting.shipment())["guid"]

    async def arrived():
        return (await posting.get(f"/api/v1/shipments/{guid}"))["deliveredAt"]

    await until_async(arrived, what="the shipment is delivered")

    assert "shipment.delivered" == (await sent(posting, receiver))[-1]["type"]


async def test_events_go_to_the_address_of_their_system(start, receiver):
    """Two systems are two sources of orderhook, each with its own secret."""
    sandbox = await start(webhook_url=receiver.url)
    await Dispatch(sandbox=sandbox).order()
    await sandbox.order()

    found = {one["system"]: one["state"] for one in await sandbox.sent()}

    assert {"dispatch": "unsent", "installer": "delivered"} == found


async def test_they_are_signed_as_the_dispatch_side_says(start, receiver):
    """Its own signer if it has one, else the one of the Installer side."""

    def signer(name):
        return lambda event_id, *_: [("x-signed", f"{name} {event_id}")]

    both = {"webhook_url": receiver.url, "signer": signer("installer")}
    one = Dispatch(sandbox=await start(**both, dispatch=DispatchRules(webhook_url=receiver.url)))
    own = DispatchRules(webhook_url=receiver.url, signer=signer("dispatch"))
    other = Dispatch(sandbox=await start(**both, dispatch=own))

    await one.order()
    await one.sandbox.sent()
    await other.order()
    await other.sandbox.sent()

    signed = [request.headers["x-signed"].split() for request in receiver.requests]
    assert ["installer", "dispatch"] == [name for name, _ in signed]
    assert [request.json["id"] for request in receiver.requests] == [event_id for _, event_id in signed]


async def test_the_faults_of_the_sender_strike_here_too(posting, receiver):
    """The same switches for both systems."""
    await posting.sandbox.faults({"fault": "duplicate", "operation": "order.status_changed"})
    order = (await posting.order())["guid"]
    await posting.sandbox.advance(order)

    events = await sent(posting, receiver)

    assert ["order.created", "order.status_changed", "order.status_changed"] == [
        event["type"] for event in events
    ]
    assert events[1] == events[2]


def test_every_event_is_on_the_page():
    """Who writes a workflow for this system has no other place to look."""
    page = (ROOT / "docs" / "dispatch-api.md").read_text("utf-8")

    assert [] == [event for event in EVENT_TYPES if f"| `{event}` |" not in page]
