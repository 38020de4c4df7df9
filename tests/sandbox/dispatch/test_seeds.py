"""What is in the Dispatch side from the start."""

import pytest

from sandbox.config import DispatchRules

from .conftest import Dispatch

pytestmark = pytest.mark.anyio


async def test_the_same_seed_gives_the_same_things(start):
    """A run can be told again, and a page can show what its reader will see."""
    one, other, third = [Dispatch(sandbox=await start(seed=seed)) for seed in (7, 7, 8)]

    first, second, another = [
        [order["guid"] for order in await each.get("/api/v1/Orders")] for each in (one, other, third)
    ]

    assert first == second
    assert first != another


async def test_every_thing_that_is_named_is_there(dispatch):
    """A client that follows the ids must not meet a 404 that the data caused."""
    orders = [
        await dispatch.get(f"/api/v1/Orders/{one['guid']}") for one in await dispatch.get("/api/v1/Orders")
    ]
    shipments = [guid for order in orders for guid in order["shipments"]]

    assert {"pending", "processing", "shipped", "delivered"} == {order["status"] for order in orders}
    for order in orders:
        assert await dispatch.get(f"/api/v1/Customers/{order['customer']['guid']}")
    for guid in shipments:
        assert await dispatch.get(f"/api/v1/shipments/{guid}/traces")
    assert shipments == [one["guid"] for one in await dispatch.get("/api/v1/shipments")]


async def test_seeding_is_no_effect_and_no_event(start, receiver):
    """It was there before anybody looked."""
    dispatch = Dispatch(sandbox=await start(dispatch=DispatchRules(webhook_url=receiver.url)))

    assert [] == await dispatch.effects()
    assert [] == await dispatch.sandbox.deliveries()
