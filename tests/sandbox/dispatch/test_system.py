"""The Dispatch side as a whole: envelope, tokens, limit, faults, and the sandbox's own door."""

import io

import aiohttp
import pytest

from sandbox.config import DispatchRules

from .conftest import NOBODY, Dispatch

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("method", "path", "options", "refusal"),
    [
        ("GET", f"/api/v1/Orders/{NOBODY}", {}, (404, "NOT_FOUND")),
        ("GET", "/api/v1/Orders/%00", {}, (404, "NOT_FOUND")),
        ("GET", "/api/v1/Orders/a/b/c", {}, (404, "NOT_FOUND")),
        ("PUT", "/api/v1/Orders", {}, (405, "METHOD_NOT_ALLOWED")),
        ("GET", "/api/v1/Orders", {"token": "stolen"}, (401, "UNAUTHORIZED")),
        ("GET", "/api/v1/Orders", {"params": {"$filter": "status"}}, (400, "VALIDATION_ERROR")),
        ("POST", "/api/v1/Customers", {"data": b"{"}, (400, "VALIDATION_ERROR")),
        (
            "POST",
            "/api/v1/Customers",
            {"data": io.BytesIO(b'{"name": "' + b"x" * 1_100_000)},
            (413, "PAYLOAD_TOO_LARGE"),
        ),
    ],
)
async def test_every_error_is_in_the_documented_envelope(dispatch, method, path, options, refusal):
    """A client reads `error.code` and nothing else."""
    assert refusal == await dispatch.refusal(method, path, **options)


async def test_a_path_of_neither_api_is_answered_in_the_first_ones_words(sandbox):
    """Nobody can say whose it would be."""
    assert 404 == (await sandbox.get("/api/nothing")).json["statusCode"]


async def test_a_token_without_the_role_is_forbidden(start):
    """403 is in the vendor's table, its code is ours."""
    dispatch = Dispatch(sandbox=await start(forbidden_tokens=("driver",)))

    assert (403, "FORBIDDEN") == await dispatch.refusal("GET", "/api/v1/Orders", token="driver")


async def test_every_answer_carries_the_rate_limit(dispatch):
    """Documented: three headers; a client reads them on every answer, errors among them."""
    good = (await dispatch.call("GET", "/api/v1/Orders")).headers
    bad = (await dispatch.call("GET", f"/api/v1/Orders/{NOBODY}")).headers

    assert ("1000", "1000") == (good["x-ratelimit-limit"], bad["x-ratelimit-limit"])
    assert 1 == int(good["x-ratelimit-remaining"]) - int(bad["x-ratelimit-remaining"])
    assert good["x-ratelimit-reset"].isdigit()


async def test_its_limit_is_its_own_and_can_be_set(dispatch):
    """The budget of one API must not be eaten by the other."""
    path = "/_sandbox/rate-limit?system=dispatch"
    await dispatch.call("PUT", path, {"limit": 1, "windowS": 3600})
    await dispatch.call("GET", "/api/v1/Orders")

    over = await dispatch.call("GET", "/api/v1/Orders")
    installer = await dispatch.call("GET", "/api/v1/orders")
    await dispatch.call("DELETE", path)
    lifted = await dispatch.call("GET", "/api/v1/Orders")

    assert (429, "RATE_LIMITED", "0") == (
        over.status, over.json["error"]["code"], over.headers["x-ratelimit-remaining"],
    )  # fmt: skip
    assert int(over.headers["retry-after"]) <= 3600
    assert 200 == installer.status
    assert 200 == lifted.status
    assert "x-ratelimit-limit" not in lifted.headers


async def test_a_fault_strikes_one_operation_of_one_system(dispatch):
    """Names of operations carry the system, since both have a get_order."""
    await dispatch.sandbox.faults({"fault": "status_500", "operation": "dispatch.list_orders"})

    assert (500, "INTERNAL_ERROR") == await dispatch.refusal("GET", "/api/v1/Orders")
    assert 200 == (await dispatch.call("GET", "/api/v1/orders")).status
    assert 200 == (await dispatch.call("GET", "/api/v1/Products")).status


async def test_a_fault_can_be_asked_for_one_whole_system(dispatch):
    """An outage of one upstream, while the other one works."""
    await dispatch.sandbox.faults({"fault": "status_500", "operation": "dispatch.*", "status": 503})

    assert (503, "INTERNAL_ERROR") == await dispatch.refusal("GET", "/api/v1/Products")
    assert 200 == (await dispatch.call("GET", "/api/v1/orders")).status


async def test_a_get_that_changes_something_can_lose_its_answer(dispatch):
    """The reason why a client must not repeat these blindly."""
    await dispatch.sandbox.faults({"fault": "reset_after_effect", "operation": "dispatch.generate_api_token"})

    with pytest.raises(aiohttp.ClientError):
        await dispatch.call("GET", "/api/business/generate-api-token")

    # Two, since aiohttp sends a GET once more when its connection is lost: the very mistake.
    assert ["dispatch.generate_api_token"] * 2 == [effect["effect"] for effect in await dispatch.effects()]


async def test_a_key_absorbs_the_repeat_of_a_get_that_changes_something(dispatch):
    """By its query too: two workflows under one key are two."""
    made = [
        await dispatch.data("GET", "/api/business/generate-api-token", key="k", params={"description": name})
        for name in ("a", "a", "b")
    ]

    assert made[0] == made[1]
    assert made[0]["guid"] != made[2]["guid"]


async def test_orders_and_shipments_move_on_at_the_door(dispatch):
    """As people and carriers would move them: no effect of the API."""
    order, shipment = (await dispatch.order())["guid"], (await dispatch.shipment())["guid"]
    since = len(await dispatch.effects())

    one = await dispatch.sandbox.advance(order)
    other = await dispatch.sandbox.advance(shipment, "delivered")

    assert ["processing"] == one.json["passed"]
    assert ["in_transit", "out_for_delivery", "delivered"] == other.json["passed"]
    assert since == len(await dispatch.effects())


@pytest.mark.parametrize(
    ("first", "then", "status"),
    [
        ("delivered", None, 409),
        ("delivered", "pending", 409),
        ("shipped", "processing", 409),
        ("cancelled", "delivered", 409),
        ("pending", "lost", 400),
    ],
)
async def test_the_door_makes_legal_moves_only(dispatch, first, then, status):
    """A demonstration must not show a life that no order has."""
    order = await dispatch.order(status=first)

    assert status == (await dispatch.sandbox.advance(order["guid"], then)).status


async def test_an_order_is_deleted_at_the_door(dispatch):
    """A worker then meets a 404."""
    order = (await dispatch.order())["guid"]

    await dispatch.sandbox.advance(order, "deleted")

    assert (404, "NOT_FOUND") == await dispatch.refusal("GET", f"/api/v1/Orders/{order}")


async def test_orders_are_made_at_the_door_since_no_call_makes_them(dispatch):
    """With fields of one's own, or as many samples as one likes."""
    customer = (await dispatch.get("/api/v1/Customers"))[1]["guid"]
    made = await dispatch.order(customerId=customer, status="processing", orderNumber="ORD-7", items=None)
    seeded = (await dispatch.sandbox.post("/_sandbox/seed", {"orders": 3, "system": "dispatch"})).json[
        "orders"
    ]

    shown = (await dispatch.sandbox.get("/_sandbox/orders", params={"system": "dispatch"})).json

    assert (customer, "processing", "ORD-7") == (
        made["customer"]["guid"],
        made["status"],
        made["orderNumber"],
    )
    assert [made, *seeded] == shown[-4:]
    assert [] == await dispatch.effects()


@pytest.mark.parametrize(
    "fields",
    [
        {"customerId": NOBODY},
        {"status": "lost"},
        {"items": []},
        {"items": [{"quantity": 0}]},
        {"carrierId": 1},
    ],
)
async def test_an_order_that_cannot_be_is_not_made(dispatch, fields):
    """The mistake is the test's own and must be seen."""
    answer = await dispatch.sandbox.post("/_sandbox/orders", {"system": "dispatch", "order": fields})

    assert answer.status in {400, 422}


async def test_without_seeds_there_is_nothing_but_who_carries(start):
    """A test that counts wants to begin with nothing."""
    dispatch = Dispatch(sandbox=await start(dispatch=DispatchRules(seeded=False)))
    empty = [
        await dispatch.get(f"/api/v1/{what}") for what in ("Orders", "shipments", "Customers", "Products")
    ]

    order = await dispatch.order()

    assert [[]] * 4 == empty
    assert order["customer"]["name"]
    assert await dispatch.carrier()


async def test_a_reset_brings_back_what_was_there(dispatch):
    """The same things under the same guids, so that one test can be told like another."""
    before = await dispatch.get("/api/v1/Orders")
    await dispatch.answer("POST", "/api/v1/Orders/delete", {"orderIds": [before[0]["guid"]]})
    made = await dispatch.order()
    await dispatch.get("/api/business/generate-api-token")

    await dispatch.sandbox.post("/_sandbox/reset")

    after = await dispatch.get("/api/v1/Orders")
    assert [one["guid"] for one in before] == [one["guid"] for one in after]
    assert made["guid"] not in {one["guid"] for one in after}
    assert [] == await dispatch.get("/api/business/tokens")
