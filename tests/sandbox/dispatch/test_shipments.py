"""The calls about shipments, over real HTTP."""

import pytest

from .conftest import NOBODY

pytestmark = pytest.mark.anyio

PATH = "/api/v1/shipments"


async def test_the_list_shows_what_is_documented(dispatch):
    """And `updatedAt`, which is ours."""
    (shipment, *_) = await dispatch.get(PATH)

    assert {
        "guid", "trackingNumber", "status", "customer", "sender", "recipient", "carrier", "createdAt", "updatedAt",
    } == shipment.keys()  # fmt: skip
    assert {"name", "address"} == shipment["sender"].keys()
    assert isinstance(shipment["recipient"]["address"], str)


async def test_the_list_is_narrowed_by_the_documented_parameters(dispatch):
    """`status`, `customerGuid`, `from` and `to`; that both days are included is ours."""
    shipments = await dispatch.get(PATH)
    one = shipments[0]
    day = one["createdAt"][:10]

    by_status = await dispatch.get(PATH, status=one["status"])
    by_customer = await dispatch.get(PATH, customerGuid=one["customer"]["guid"].upper())
    by_day = await dispatch.get(PATH, **{"from": day, "to": day})
    later = await dispatch.get(PATH, **{"from": "2999-01-01"})

    assert {one["status"]} == {each["status"] for each in by_status}
    assert {one["customer"]["guid"]} == {each["customer"]["guid"] for each in by_customer}
    assert {day} == {each["createdAt"][:10] for each in by_day}
    assert [] == later


@pytest.mark.parametrize("params", [{"from": "yesterday"}, {"to": "2026-02-31"}, {"perPage": 101}])
async def test_a_list_that_cannot_be_is_refused(dispatch, params):
    """A mistyped day must not read as: no shipments."""
    assert (400, "VALIDATION_ERROR") == await dispatch.refusal("GET", PATH, params=params)


async def test_a_shipment_is_created_and_read_back(dispatch):
    """The body up to `recipient` is documented."""
    order, carrier = (await dispatch.order())["guid"], await dispatch.carrier()

    made = await dispatch.shipment(
        orderId=order,
        carrierId=carrier,
        packages=[{"description": "Ovn", "weight": 12.5}],
        deliveryDate="2026-01-20",
    )

    shown = await dispatch.get(f"{PATH}/{made['guid']}")
    assert {"guid", "trackingNumber", "status"} == made.keys()
    assert (order, carrier, "2026-01-20", "created", None) == (
        shown["orderId"], shown["carrier"]["guid"], shown["deliveryDate"], shown["status"], shown["deliveredAt"],
    )  # fmt: skip
    assert "Markveien 35, 0554 Oslo" == shown["recipient"]["address"]
    (effect,) = await dispatch.effects()
    assert ("dispatch.create_shipment", order) == (effect["effect"], effect["orderId"])


@pytest.mark.parametrize(
    "changes",
    [
        {"customerId": NOBODY}, {"customerId": None}, {"carrierId": NOBODY}, {"orderId": NOBODY}, {"sender": None},
        {"recipient": {"city": "Oslo"}}, {"deliveryDate": "soon"}, {"packages": [{"quantity": 0}]},
    ],
)  # fmt: skip
async def test_a_shipment_that_cannot_be_is_refused(dispatch, changes):
    """An unknown id in a body is a 400, one in a path a 404: ours."""
    body = await dispatch.shipment_body(**changes)

    assert (400, "VALIDATION_ERROR") == await dispatch.refusal("POST", PATH, body)
    assert [] == await dispatch.effects()


async def test_an_update_replaces_and_may_change_the_status(dispatch):
    """PUT: what is left out is empty."""
    guid = (await dispatch.shipment(notes="ring the bell"))["guid"]

    await dispatch.answer(
        "PUT", f"{PATH}/{guid}", await dispatch.shipment_body(status="delivered", reference="A1")
    )

    shown = await dispatch.get(f"{PATH}/{guid}")
    assert ("delivered", "A1", None) == (shown["status"], shown["reference"], shown["notes"])
    assert shown["deliveredAt"]


async def test_what_is_delivered_stays_so(dispatch):
    """Ours: delivered and cancelled are final, failed is not."""
    guid = (await dispatch.shipment())["guid"]
    body = await dispatch.shipment_body()
    for status in ("failed", "out_for_delivery", "delivered"):
        await dispatch.answer("PUT", f"{PATH}/{guid}", body | {"status": status})

    assert (409, "CONFLICT") == await dispatch.refusal("PUT", f"{PATH}/{guid}", body | {"status": "created"})
    assert (400, "VALIDATION_ERROR") == await dispatch.refusal(
        "PUT", f"{PATH}/{guid}", body | {"status": "lost"}
    )


async def test_every_status_leaves_a_trace(dispatch):
    """Oldest first."""
    guid = (await dispatch.shipment())["guid"]
    await dispatch.sandbox.advance(guid, "delivered")

    traces = await dispatch.get(f"{PATH}/{guid}/traces")

    assert ["created", "in_transit", "out_for_delivery", "delivered"] == [trace["status"] for trace in traces]
    assert {"status", "description", "location", "timestamp"} == traces[0].keys()


async def test_dates_of_several_shipments_are_changed_at_once(dispatch):
    """Only those that are sent."""
    guids = [(await dispatch.shipment(deliveryDate="2026-01-20"))["guid"] for _ in range(2)]
    since = len(await dispatch.effects())

    await dispatch.answer("PATCH", PATH, {"shipmentIds": guids, "collectionDate": "2026-01-19"})

    shown = [await dispatch.get(f"{PATH}/{guid}") for guid in guids]
    assert [("2026-01-19", "2026-01-20")] * 2 == [
        (one["collectionDate"], one["deliveryDate"]) for one in shown
    ]
    assert 2 == len(await dispatch.effects()) - since


async def test_shipments_are_deleted_one_or_many(dispatch):
    """Also out of their dispatch, and all or none."""
    one, two, three, four = [shipment["guid"] for shipment in await dispatch.get(PATH)]
    run = (await dispatch.get(f"/api/dispatch/in-shipment/{one}"))["guid"]

    await dispatch.answer("DELETE", f"{PATH}/{one}")
    refused = await dispatch.refusal("POST", f"{PATH}/delete", {"shipmentIds": [two, NOBODY]})
    await dispatch.answer("POST", f"{PATH}/delete", {"shipmentIds": [two, two, four]})

    assert (404, "NOT_FOUND") == refused
    assert [three] == [shipment["guid"] for shipment in await dispatch.get(PATH)]
    assert [three] == [
        shipment["guid"] for shipment in (await dispatch.get(f"/api/dispatch/{run}"))["shipments"]
    ]


async def test_the_overview_counts_and_the_unassigned_are_listed(dispatch):
    """Unassigned is: in no dispatch; ours."""
    made = (await dispatch.shipment())["guid"]

    overview = await dispatch.get(f"{PATH}/overview")
    unassigned = await dispatch.get(f"{PATH}/unassigned")

    assert (5, 2, 1) == (overview["totalShipments"], overview["unassigned"], overview["delivered"])
    assert made in {shipment["guid"] for shipment in unassigned}
    assert 2 == len(unassigned)
