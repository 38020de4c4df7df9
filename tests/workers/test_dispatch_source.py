"""A source whose order API is the Dispatch API: what an event goes through, on a real Redis and over real HTTP."""

import json

import pytest
import tomlkit

from receiver.config import read_config
from receiver.lifecycle import Status
from tests.support.events import accepted, an_event, record
from tests.support.http_peer import serving
from workers import shift
from workers.plant import Plant
from workers.settings import worker_settings

pytestmark = pytest.mark.anyio


@pytest.fixture(name="upstream")
async def _upstream():
    async with serving() as upstream:
        yield upstream


@pytest.fixture(name="worked")
def _worked(redis_url, tmp_path, upstream, client):
    """Take in an event, work until nothing is ready, and return its record."""

    async def work(event, **workflow):
        source = {
            "system": "dispatch",
            "scheme": {"type": "unsigned"},
            "api": {"base_url": upstream.url, "token": "hush"},
        }
        values = {
            "redis_url": redis_url,
            "sources": {"shop": source},
            "workflows": [{"name": "w", **workflow}],
        }
        path = tmp_path / "orderhook.toml"
        path.write_text(tomlkit.dumps(values))
        settings = worker_settings(read_config(environ={}, path=path))
        accepted(client, event)
        await shift.work(Plant(settings=settings, registry=settings.registry), linger_s=0.02)
        return record(client)

    return work


@pytest.mark.parametrize(
    ("entity", "path"),
    [
        ("Order", "/api/v1/Orders/g-1"),
        ("Shipment", "/api/v1/shipments/g-1"),
        ("Customer", "/api/v1/Customers/g-1"),
        ("Product", "/api/v1/Products/g-1"),
    ],
)
async def test_conditions_ask_what_the_event_is_about(worked, upstream, entity, path):
    """Each of the four is read by its guid, and a field that nobody typed can be asked for."""
    upstream.answers(200, {"data": {"guid": "g-1", "status": "pending", "colour": "red"}, "success": True})
    kind = entity.lower()

    done = await worked(
        an_event(type=f"{kind}.created", subject="g-1"),
        entity_type=entity,
        trigger=f"{kind}.created",
        conditions={f"{kind}.colour": "blue"},
        actions=[{"type": "fetch_order"}],
    )

    assert (Status.IGNORED, "no_workflow") == (done.status, done.reason)
    assert [path] == [seen.path for seen in upstream.seen]


async def test_the_fetched_order_is_in_the_ledger_without_personal_data(worked, upstream):
    """`fetch_order` was written for the other API and works for both."""
    order = {"guid": "g-1", "orderNumber": "ORD-7", "status": "pending", "customer": {"name": "Kari"}}
    upstream.answers(200, {"data": order, "success": True})

    done = await worked(
        an_event(type="order.created", subject="g-1"),
        entity_type="Order",
        trigger="order.created",
        actions=[{"type": "fetch_order"}],
    )

    (step,) = done.ledger.values()
    assert Status.SUCCEEDED is done.status
    assert {"id": "g-1", "displayId": "ORD-7", "status": "pending", "phase": None} == json.loads(step.detail)


@pytest.mark.parametrize("action", [{"type": "assign_tag", "tag": "vip"}, {"type": "dispatch_order"}])
async def test_an_action_that_the_api_cannot_do_is_dead_with_the_reason(worked, upstream, action):
    """Retries would hide for hours that the workflow was written for the other API."""
    upstream.answers(200, {"data": {"guid": "g-1", "status": "pending"}, "success": True})

    done = await worked(
        an_event(type="order.created", subject="g-1"),
        entity_type="Order",
        trigger="order.created",
        actions=[action],
    )

    assert (Status.DEAD, "operation_missing") == (done.status, done.reason)
    assert "the Dispatch API has no" in done.error
    assert {"GET"} == {seen.method for seen in upstream.seen}


async def test_an_order_that_is_gone_ends_the_run(worked, upstream):
    """Deleted in the meantime: nobody need look."""
    upstream.answers(404, {"success": False, "error": {"code": "NOT_FOUND", "message": "Order not found"}})

    done = await worked(
        an_event(type="order.created", subject="g-1"),
        entity_type="Order",
        trigger="order.created",
        actions=[{"type": "fetch_order"}],
    )

    assert (Status.IGNORED, "order_gone") == (done.status, done.reason)
