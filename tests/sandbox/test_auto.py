"""Orders that move on by themselves."""

import pytest

from tests.support.waiting import until_async

pytestmark = pytest.mark.anyio


async def test_a_dispatched_order_goes_on_to_completed(start, receiver):
    """`orderhook dev` shows a whole life without anyone clicking."""
    sandbox = await start(webhook_url=receiver.url, auto_advance_s=0.01)
    order_id = await sandbox.order()
    await sandbox.post(f"/api/v1/order/{order_id}/dispatch")

    await until_async(lambda: _phase_is(sandbox, "completed"))
    await sandbox.sent()

    assert [
        "order.created",
        "order.dispatched",
        "booking.created",
        "workflow.step.activated",
        "order.completed",
    ] == receiver.events


async def test_a_repeated_dispatch_makes_it_no_faster(start, receiver):
    """One timer for each order: no phase is passed twice."""
    sandbox = await start(webhook_url=receiver.url, auto_advance_s=0.01)
    order_id = await sandbox.order()
    for _ in range(2):
        await sandbox.post(f"/api/v1/order/{order_id}/dispatch")

    await until_async(lambda: _phase_is(sandbox, "completed"))
    await sandbox.sent()

    assert 1 == receiver.events.count("booking.created")


async def test_an_order_that_is_cancelled_goes_no_further(start):
    """A timer that is still set finds an order that has left the path, or none at all."""
    sandbox = await start(auto_advance_s=0.05)
    ended, deleted, other = [await sandbox.order() for _ in range(3)]
    for order_id in (ended, deleted, other):
        await sandbox.post(f"/api/v1/order/{order_id}/dispatch")
    await sandbox.post(f"/api/v1/order/{ended}/cancel")
    await sandbox.advance(deleted, "deleted")

    await until_async(lambda: _phase_is(sandbox, "completed"))

    assert {"cancelled", "completed"} == {
        order["phase"] for order in (await sandbox.get("/_sandbox/orders")).json
    }


async def _phase_is(sandbox, phase):
    return any(order["phase"] == phase for order in (await sandbox.get("/_sandbox/orders")).json)
