"""The calls about orders, over real HTTP."""

import pytest

from .conftest import NOBODY

pytestmark = pytest.mark.anyio

WRITES = {
    "status": ("PATCH", "/api/v1/Orders/{}/status", {"status": "processing"}),
    "dimensions": (
        "POST",
        "/api/v1/Orders/{}/add-dimension-preset",
        {"length": 120, "width": 80, "height": 100, "weight": 250},
    ),
    "collection": ("POST", "/api/v1/Orders/{}/assign-collection-date", {"collectionDate": "2026-01-20"}),
    "shipment": ("POST", "/api/v1/Orders/{}/shipment", {}),
}


async def test_the_list_shows_what_is_documented(dispatch):
    """And `updatedAt`, which is ours."""
    (order, *_) = await dispatch.get("/api/v1/Orders")

    assert {
        "guid", "orderNumber", "status", "customer", "items", "deliveryAddress", "createdAt", "updatedAt",
    } == order.keys()  # fmt: skip
    assert {"guid", "name"} == order["customer"].keys()
    assert {"description", "quantity", "price"} == order["items"][0].keys()
    assert {"street", "city", "state", "postalCode"} == order["deliveryAddress"].keys()


async def test_one_order_shows_more(dispatch):
    """Documented: the e-mail, the items' guid and dimensions, the country, the carrier."""
    (line, *_) = await dispatch.get("/api/v1/Orders")

    order = await dispatch.get(f"/api/v1/Orders/{line['guid']}")

    assert {"guid", "name", "email"} == order["customer"].keys()
    assert {"guid", "description", "quantity", "price", "dimensions"} == order["items"][0].keys()
    assert "country" in order["deliveryAddress"]
    assert {"guid", "name"} == order["carrier"].keys()
    assert 1 == len(order["shipments"])


async def test_a_status_is_changed_once_and_noted(dispatch):
    """An effect names its operation, its order and its key."""
    order = await dispatch.order()

    await dispatch.answer(*_at("status", order), key="run-1")
    await dispatch.answer(*_at("status", order), key="run-1")

    assert "processing" == (await dispatch.get(f"/api/v1/Orders/{order['guid']}"))["status"]
    (effect,) = await dispatch.effects()
    assert ("dispatch.update_order_status", order["guid"], "run-1", {"status": "processing"}) == (
        effect["effect"],
        effect["orderId"],
        effect["idempotencyKey"],
        effect["detail"],
    )


async def test_a_repeated_status_without_a_key_is_counted_and_marked(dispatch):
    """A test finds here what a client did twice."""
    order = await dispatch.order()

    for _ in range(2):
        await dispatch.answer(*_at("status", order))

    assert [None, True] == [effect["detail"].get("repeated") for effect in await dispatch.effects()]


@pytest.mark.parametrize(
    ("first", "then", "refusal"),
    [
        pytest.param("cancelled", "processing", (409, "CONFLICT"), id="from a final one"),
        pytest.param("shipped", "lost", (400, "VALIDATION_ERROR"), id="no such status"),
        pytest.param("shipped", None, (400, "VALIDATION_ERROR"), id="none"),
    ],
)
async def test_a_status_that_cannot_be_is_refused(dispatch, first, then, refusal):
    """Ours, all of it; the codes 409 and 400 are documented."""
    order = await dispatch.order(status=first)
    path = f"/api/v1/Orders/{order['guid']}/status"

    assert refusal == await dispatch.refusal("PATCH", path, {"status": then})
    assert [] == await dispatch.effects()


async def test_a_carrier_is_assigned_to_several_orders(dispatch):
    """One effect for each, so that each can be counted."""
    orders = [(await dispatch.order())["guid"] for _ in range(2)]
    body = {"orderIds": orders, "carrierId": await dispatch.carrier()}

    await dispatch.answer("POST", "/api/v1/Orders/assign-carrier", body)

    shown = await dispatch.get(f"/api/v1/Orders/{orders[1]}")
    assert body["carrierId"] == shown["carrier"]["guid"]
    assert orders == [effect["orderId"] for effect in await dispatch.effects()]


@pytest.mark.parametrize("path", ["assign-carrier", "delete"])
async def test_one_unknown_order_leaves_all_as_they_were(dispatch, path):
    """All or none, or the caller cannot tell what is left to do."""
    order = await dispatch.order()
    body = {"orderIds": [order["guid"], NOBODY], "carrierId": await dispatch.carrier()}

    assert (404, "NOT_FOUND") == await dispatch.refusal("POST", f"/api/v1/Orders/{path}", body)
    assert (await dispatch.get(f"/api/v1/Orders/{order['guid']}"))["carrier"] is None
    assert [] == await dispatch.effects()


async def test_orders_are_deleted(dispatch):
    """Their shipments stay, without an order."""
    line = (await dispatch.get("/api/v1/Orders"))[0]["guid"]
    (shipment,) = (await dispatch.get(f"/api/v1/Orders/{line}"))["shipments"]

    await dispatch.answer("POST", "/api/v1/Orders/delete", {"orderIds": [line, line]})

    assert (404, "NOT_FOUND") == await dispatch.refusal("GET", f"/api/v1/Orders/{line}")
    assert (await dispatch.get(f"/api/v1/shipments/{shipment}"))["orderId"] is None


async def test_dimensions_and_collection_date_are_kept(dispatch):
    """What was written must be read back."""
    order = await dispatch.order(items=[{"description": "a", "quantity": 2}, {"description": "b"}])

    await dispatch.answer(*_at("dimensions", order))
    await dispatch.answer(*_at("collection", order))

    shown = await dispatch.get(f"/api/v1/Orders/{order['guid']}")
    assert [WRITES["dimensions"][2]] * 2 == [item["dimensions"] for item in shown["items"]]
    assert "2026-01-20" == shown["collectionDate"]


async def test_an_order_gets_a_shipment(dispatch):
    """To the order's address, by the carrier that is named."""
    order = await dispatch.order(
        deliveryAddress={"street": "Markveien 35", "city": "Oslo", "postalCode": "0554"}
    )
    method, path, _ = _at("shipment", order)

    made = await dispatch.data(method, path, {"carrierId": await dispatch.carrier()}, status=201)

    shipment = await dispatch.get(f"/api/v1/shipments/{made['guid']}")
    assert (order["guid"], order["orderNumber"]) == (shipment["orderId"], shipment["reference"])
    assert "Markveien 35, 0554 Oslo" == shipment["recipient"]["address"]
    assert [made["guid"]] == (await dispatch.get(f"/api/v1/Orders/{order['guid']}"))["shipments"]


@pytest.mark.parametrize("name", WRITES)
async def test_a_write_to_no_order_is_not_found(dispatch, name):
    """Whatever the body: the path is looked at first."""
    method, path, _ = WRITES[name]

    assert (404, "NOT_FOUND") == await dispatch.refusal(method, path.format(NOBODY), {})


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("dimensions", {"length": 1, "width": 1, "height": 1}),
        ("dimensions", {"length": -1, "width": 1, "height": 1, "weight": 1}),
        ("collection", {"collectionDate": "20.01.2026"}),
        ("collection", {"collectionDate": 20260120}),
        ("shipment", {"carrierId": NOBODY}),
        ("shipment", {"carrierId": "bring"}),
        ("status", []),
    ],
)
async def test_a_bad_body_is_refused_and_changes_nothing(dispatch, name, body):
    """422 is in no table of the vendor's, so a wrong field is a 400."""
    order = await dispatch.order()
    method, path, _ = _at(name, order)

    assert (400, "VALIDATION_ERROR") == await dispatch.refusal(method, path, body)
    assert [] == await dispatch.effects()
    assert order == await dispatch.get(f"/api/v1/Orders/{order['guid']}")


def _at(name, order):
    method, path, body = WRITES[name]
    return method, path.format(order["guid"]), body
