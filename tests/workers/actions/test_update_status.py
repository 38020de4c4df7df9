"""The action `update_status` at the sandbox: documented at the Dispatch API, and nowhere at the Installer."""

import pytest

from receiver.lifecycle import Status
from tests.support.events import accepted, an_event, expire_leases, record

pytestmark = pytest.mark.anyio

STEP = {"type": "update_status", "status": "processing"}


async def pending(apis) -> str:
    """Return the id of an order that is pending."""
    listed = (await apis.ask("GET", "/api/v1/Orders?PageSize=100"))["data"]
    return next(order["guid"] for order in listed if order["status"] == "pending")


async def status_of(apis, order: str) -> str:
    return (await apis.ask("GET", f"/api/v1/Orders/{order}"))["data"]["status"]


async def test_an_order_gets_its_status_once(client, run, apis):
    """Natural: what stands there already is not written again."""
    order = await pending(apis)
    accepted(client, *(an_event(f"evt-{n}", source="dispatch", subject=order) for n in (1, 2)))

    await run(STEP)

    assert "processing" == await status_of(apis, order)
    first, second = (record(client, f"evt-{n}", source="dispatch") for n in (1, 2))
    assert [Status.SUCCEEDED] * 2 == [first.status, second.status]
    assert '"was":"pending"' in first.ledger["0.0"].detail
    assert '"already":true' in second.ledger["0.0"].detail


async def test_a_lost_answer_changes_nothing_twice(client, run, apis):
    """The next attempt reads that it is done."""
    order = await pending(apis)
    await apis.fault(fault="reset_after_effect", operation="dispatch.update_order_status", times=1)
    accepted(client, an_event(source="dispatch", subject=order))

    for _ in range(3):
        await run(STEP)
        expire_leases(client)

    assert Status.SUCCEEDED is record(client, source="dispatch").status
    assert "processing" == await status_of(apis, order)


async def test_the_installer_has_no_such_call(client, run, apis):
    """And the dead letter says what to use instead."""
    order = await apis.order()
    accepted(client, an_event(source="installer", subject=order))

    await run(STEP)

    found = record(client, source="installer")
    assert (Status.DEAD, "operation_missing") == (found.status, found.reason)
    assert "use dispatch_order or cancel_order" in found.error


async def test_a_workflow_about_something_else_does_not_change_an_order(client, run, apis):
    """The id in such an event is a shipment's: the order of that id, if there were one, has nothing to do with it."""
    accepted(client, an_event(source="dispatch", type="shipment.delivered", subject=await pending(apis)))
    workflow = {"name": "s", "entity_type": "Shipment", "trigger": "shipment.delivered", "actions": [STEP]}

    await run(workflows=[workflow])

    assert (Status.DEAD, "not_an_order") == (
        record(client, source="dispatch").status,
        record(client, source="dispatch").reason,
    )
