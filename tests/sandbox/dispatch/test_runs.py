"""The calls about dispatches and their routes, over real HTTP."""

import pytest

from .conftest import NOBODY

pytestmark = pytest.mark.anyio

PATH = "/api/dispatch"


async def body_of(dispatch, *shipments, **changes):
    summary = await dispatch.summary()
    return {
        "name": "Kveldsrunde", "driverId": next(iter(summary["drivers"])), "vehicleId": next(iter(summary["vehicles"])),
        "plannedDate": "2026-01-20", "shipmentIds": list(shipments), "notes": "bru stengt",
    } | changes  # fmt: skip


async def run_of(dispatch, *shipments):
    return (await dispatch.data("POST", PATH, await body_of(dispatch, *shipments), status=201))["guid"]


async def test_the_overview_is_as_documented(dispatch):
    """Six numbers."""
    overview = await dispatch.get(f"{PATH}/overview")

    assert {
        "totalDispatches": 1, "activeDispatches": 1, "completedToday": 0, "pendingDeliveries": 2, "driversActive": 1,
        "onTimeRate": 1.0,
    } == overview  # fmt: skip


async def test_a_dispatch_is_created_and_read_back(dispatch):
    """Both answers are documented, but for the notes."""
    shipment = (await dispatch.shipment())["guid"]

    made = await dispatch.data("POST", PATH, await body_of(dispatch, shipment), status=201)
    shown = await dispatch.get(f"{PATH}/{made['guid']}")

    assert ("Kveldsrunde", "draft", "2026-01-20", 1) == (
        made["name"], made["status"], made["plannedDate"], made["shipmentCount"],
    )  # fmt: skip
    assert {"guid", "name"} == shown["driver"].keys() == shown["vehicle"].keys()
    assert (None, "bru stengt") == (shown["startedAt"], shown["notes"])
    (stop,) = shown["shipments"]
    assert {"guid", "trackingNumber", "status", "estimatedArrival"} == stop.keys()


async def test_a_shipment_that_has_arrived_says_when(dispatch):
    """Documented: `deliveredAt` in place of `estimatedArrival`."""
    shipment = (await dispatch.shipment())["guid"]
    run = await run_of(dispatch, shipment)
    await dispatch.sandbox.advance(shipment, "delivered")

    (stop,) = (await dispatch.get(f"{PATH}/{run}"))["shipments"]

    assert {"guid", "trackingNumber", "status", "deliveredAt"} == stop.keys()


async def test_a_dispatch_changes_in_part_and_keeps_when(dispatch):
    """The guid stands in the body, as it does for the business."""
    run = await run_of(dispatch)
    shipment = (await dispatch.shipment())["guid"]

    await dispatch.answer("PUT", PATH, {"guid": run, "status": "in_progress", "shipmentIds": [shipment]})
    started = await dispatch.get(f"{PATH}/{run}")
    await dispatch.answer("PUT", PATH, {"guid": run, "status": "completed"})

    assert ("Kveldsrunde", "in_progress", 1) == (
        started["name"],
        started["status"],
        len(started["shipments"]),
    )
    assert started["startedAt"]
    assert 1 == (await dispatch.get(f"{PATH}/overview"))["completedToday"]
    assert (409, "CONFLICT") == await dispatch.refusal("PUT", PATH, {"guid": run, "status": "draft"})


@pytest.mark.parametrize(
    ("change", "refusal"),
    [
        ({"driverId": NOBODY}, (400, "VALIDATION_ERROR")),
        ({"vehicleId": NOBODY}, (400, "VALIDATION_ERROR")),
        ({"shipmentIds": [NOBODY]}, (400, "VALIDATION_ERROR")),
        ({"plannedDate": "soon"}, (400, "VALIDATION_ERROR")),
        ({"name": None}, (400, "VALIDATION_ERROR")),
    ],
)
async def test_a_dispatch_that_cannot_be_is_refused(dispatch, change, refusal):
    """When it is made and when it is changed."""
    run = await run_of(dispatch)

    assert refusal == await dispatch.refusal("POST", PATH, await body_of(dispatch, **change))
    assert refusal == await dispatch.refusal("PUT", PATH, {"guid": run, **change})


async def test_a_shipment_is_in_one_dispatch_at_a_time(dispatch):
    """Ours: it lies in one vehicle."""
    shipment = (await dispatch.shipment())["guid"]
    run = await run_of(dispatch, shipment)
    body = {"dispatchId": run, "shipmentId": shipment}

    twice = await dispatch.refusal("POST", PATH, await body_of(dispatch, shipment))
    again = await dispatch.answer("PUT", PATH, {"guid": run, "shipmentIds": [shipment]})
    of = await dispatch.get(f"{PATH}/in-shipment/{shipment}")
    await dispatch.answer("POST", f"{PATH}/remove-shipment", body)

    assert (409, "CONFLICT") == twice
    assert {"success": True} == again
    assert {"guid": run, "name": "Kveldsrunde", "status": "draft"} == of
    assert (404, "NOT_FOUND") == await dispatch.refusal("GET", f"{PATH}/in-shipment/{shipment}")
    assert (404, "NOT_FOUND") == await dispatch.refusal("POST", f"{PATH}/remove-shipment", body)


async def test_a_dispatch_is_deleted(dispatch):
    """Its shipments stay."""
    shipment = (await dispatch.shipment())["guid"]
    run = await run_of(dispatch, shipment)

    await dispatch.answer("DELETE", f"{PATH}/{run}")

    assert (404, "NOT_FOUND") == await dispatch.refusal("GET", f"{PATH}/{run}")
    assert await dispatch.get(f"/api/v1/shipments/{shipment}")


async def test_a_route_leads_from_stop_to_stop(dispatch):
    """Ours, all of it; `id` is the dispatch's."""
    shipments = [(await dispatch.shipment())["guid"] for _ in range(2)]
    run = await run_of(dispatch, *shipments)

    route = await dispatch.get(f"/api/route/{run}")

    assert (run, "draft", 15.0) == (route["dispatchId"], route["status"], route["distanceKm"])
    assert [(1, shipments[0]), (2, shipments[1])] == [
        (stop["sequence"], stop["shipmentId"]) for stop in route["stops"]
    ]
    assert "2026-01-20T08:30:00Z" == route["stops"][0]["estimatedArrival"]


async def test_a_timeline_tells_what_happened(dispatch):
    """Oldest first, deliveries among it."""
    shipment = (await dispatch.shipment())["guid"]
    run = await run_of(dispatch, shipment)
    await dispatch.answer("PUT", PATH, {"guid": run, "status": "in_progress"})
    await dispatch.sandbox.advance(shipment, "delivered")

    told = await dispatch.get(f"/api/route/timeline/{run}")

    assert [("created", None), ("in_progress", None), ("delivered", shipment)] == [
        (entry["type"], entry["shipmentId"]) for entry in told
    ]
