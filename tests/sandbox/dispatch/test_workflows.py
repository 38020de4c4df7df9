"""The vendor's Workflows calls, over real HTTP: bodies and answers are documented."""

import pytest

from .conftest import NOBODY

pytestmark = pytest.mark.anyio

PATH = "/api/workflows"


async def body_of(dispatch, code="order_status_changed", **changes):
    triggers = await dispatch.get(f"{PATH}/triggers/Order")
    return {
        "name": "Mail on processing",
        "entityType": "Order",
        "triggerId": next(one["guid"] for one in triggers if one["code"] == code),
        "action": {"type": "send_email", "recipient": "customer", "template": "processing"},
        "conditions": {"status": "processing"},
    } | changes


@pytest.mark.parametrize(
    ("entity", "code"),
    [
        ("Order", "order_created"),
        ("Order", "order_status_changed"),
        ("Shipment", "shipment_delivered"),
        ("Customer", "customer_created"),
        ("Product", "product_created"),
    ],
)
async def test_each_entity_type_has_its_triggers(dispatch, entity, code):
    """The first three codes are documented."""
    triggers = await dispatch.get(f"{PATH}/triggers/{entity}")

    assert {"guid", "name", "code", "description"} == triggers[0].keys()
    assert code in {trigger["code"] for trigger in triggers}


async def test_a_workflow_is_configured_and_listed(dispatch):
    """Documented: `action` is an object in the request and a string in the list."""
    made = await dispatch.data("POST", f"{PATH}/configure", await body_of(dispatch))

    (listed,) = await dispatch.get(f"{PATH}/Order/configured", managed="false")

    assert {"guid": made["guid"], "name": "Mail on processing", "isActive": True} == made
    assert made | {
        "entityType": "Order", "trigger": "order_status_changed", "action": "send_email", "isManaged": False,
    } == listed  # fmt: skip


async def test_a_workflow_is_updated_by_its_guid(dispatch):
    """Ours: how an update says which one it means."""
    made = await dispatch.data("POST", f"{PATH}/configure", await body_of(dispatch))

    changed = await dispatch.data(
        "POST", f"{PATH}/configure", await body_of(dispatch, guid=made["guid"], name="Another")
    )

    assert made | {"name": "Another"} == changed
    assert 1 == len(await dispatch.get(f"{PATH}/Order/configured"))


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"guid": NOBODY}, (404, "NOT_FOUND")),
        ({"triggerId": NOBODY}, (400, "VALIDATION_ERROR")),
        ({"entityType": "Shipment"}, (400, "VALIDATION_ERROR")),
        ({"action": {"type": "explode"}}, (400, "VALIDATION_ERROR")),
        ({"name": ""}, (400, "VALIDATION_ERROR")),
    ],
)
async def test_a_workflow_that_cannot_be_is_refused(dispatch, change, refusal):
    """A trigger belongs to its entity type."""
    body = await body_of(dispatch, **change)

    assert refusal == await dispatch.refusal("POST", f"{PATH}/configure", body)
    assert [] == await dispatch.effects()


async def test_a_workflow_is_switched_resumed_and_deleted(dispatch):
    """The first two are GETs that change something."""
    guid = (await dispatch.data("POST", f"{PATH}/configure", await body_of(dispatch)))["guid"]
    toggle, resume = f"{PATH}/configured/{guid}/toggle", f"{PATH}/resume-workflow"

    off = await dispatch.get(toggle)
    resumed = await dispatch.answer("GET", resume, params={"workflowId": guid})
    active = await dispatch.refusal("GET", resume, params={"workflowId": guid})
    await dispatch.answer("DELETE", f"{PATH}/configured/{guid}")

    assert {"guid": guid, "isActive": False} == off
    assert {"success": True} == resumed
    assert (409, "CONFLICT") == active
    assert (404, "NOT_FOUND") == await dispatch.refusal("GET", toggle)
    assert (404, "NOT_FOUND") == await dispatch.refusal("GET", resume)
    assert 4 == len(await dispatch.effects())


async def test_a_managed_workflow_is_not_for_changing(dispatch):
    """Ours; the word `managed` is documented and not what it means."""
    (managed,) = await dispatch.get(f"{PATH}/Shipment/configured", managed="true")

    for method, path in (
        ("GET", f"configured/{managed['guid']}/toggle"),
        ("DELETE", f"configured/{managed['guid']}"),
    ):
        assert (409, "CONFLICT") == await dispatch.refusal(method, f"{PATH}/{path}")


@pytest.mark.parametrize(
    ("path", "params", "status"),
    [
        ("triggers/Invoice", {}, 404),
        ("Invoice/configured", {}, 404),
        ("Order/configured", {"managed": "maybe"}, 400),
    ],
)
async def test_a_list_that_cannot_be_is_refused(dispatch, path, params, status):
    """A misspelt entity type must not read as: no workflows."""
    assert status == (await dispatch.refusal("GET", f"{PATH}/{path}", params=params))[0]
