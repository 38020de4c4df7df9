"""The sandbox's own door, over real HTTP."""

import pytest

from sandbox.installer.paths import OPERATIONS

pytestmark = pytest.mark.anyio


async def test_the_summary_lists_every_operation_with_its_evidence(sandbox):
    """Who reads it must see which paths are the vendor's and which are ours."""
    operations = (await sandbox.get("/_sandbox")).json["operations"]
    shown = {one["name"]: one["evidence"] for one in operations if one["system"] == "installer"}

    assert OPERATIONS.keys() == shown.keys()
    assert {"create_order", "list_installers"} == {name for name, why in shown.items() if why == "documented"}


async def test_advance_takes_the_next_step(sandbox):
    """The life cycle of the documentation, one call each."""
    order_id = await sandbox.order()

    passed = [(await sandbox.advance(order_id)).json["passed"] for _ in range(4)]

    assert [["dispatching"], ["scheduled"], ["in_progress"], ["completed"]] == passed


async def test_advance_walks_to_a_phase(sandbox):
    """Every phase on the way is passed, so that every event on the way is sent."""
    order_id = await sandbox.order()

    answer = await sandbox.advance(order_id, "in_progress")

    assert ["dispatching", "scheduled", "in_progress"] == answer.json["passed"]


@pytest.mark.parametrize(
    ("first", "then", "status"),
    [
        pytest.param("completed", None, 409, id="after the end"),
        pytest.param("completed", "scheduled", 409, id="backwards"),
        pytest.param("cancelled", "completed", 409, id="from a side exit"),
        pytest.param("scheduled", "declined", 409, id="declined too late"),
        pytest.param("declined", "scheduled", 200, id="declined and dispatched again"),
        pytest.param("dispatching", "cancelled", 200, id="cancelled"),
        pytest.param("dispatching", "lost", 422, id="no such phase"),
    ],
)
async def test_advance_makes_legal_moves_only(sandbox, first, then, status):
    """A demonstration must not show a life that no order has."""
    order_id = await sandbox.order()
    await sandbox.advance(order_id, first)

    assert status == (await sandbox.advance(order_id, then)).status


async def test_a_deleted_order_is_gone(sandbox):
    """The API cannot delete, people can, and a worker then meets a 404."""
    order_id = await sandbox.order()

    await sandbox.advance(order_id, "deleted")

    assert 404 == (await sandbox.get(f"/api/v1/order/{order_id}")).status


async def test_advancing_is_no_effect(sandbox):
    """Effects are what calls of the API did; people at the vendor's screens are not counted."""
    await sandbox.advance(await sandbox.order(), "completed")

    assert ["order.create"] == [effect["effect"] for effect in await sandbox.effects()]


async def test_orders_shows_phase_and_history(sandbox):
    """What only the sandbox knows, for looking at a test that failed."""
    order_id = await sandbox.order(idempotencyKey="erp-17")
    await sandbox.advance(order_id)

    (order,) = (await sandbox.get("/_sandbox/orders")).json

    assert ("dispatching", "erp-17") == (order["phase"], order["idempotencyKey"])
    assert ["created", "dispatching"] == [entry["phase"] for entry in order["history"]]


async def test_effects_are_json_lines_and_can_be_read_from_a_number_on(sandbox):
    """A test reads what its own act caused."""
    await sandbox.order()
    (first,) = await sandbox.effects()
    await sandbox.order()

    answer = await sandbox.get(f"/_sandbox/effects?since={first['seq']}")

    assert answer.headers["content-type"].startswith("application/x-ndjson")
    assert [first["seq"] + 1] == [effect["seq"] for effect in await sandbox.effects(since=first["seq"])]
    assert {"seq", "at", "effect", "orderId", "idempotencyKey", "detail"} == first.keys()


@pytest.mark.parametrize("since", ["-1", "x", "", "²", "9" * 30])
async def test_since_must_be_a_number(sandbox, since):
    """A typing error must not read as: nothing happened."""
    assert 422 == (await sandbox.get("/_sandbox/effects", params={"since": since})).status


async def test_faults_can_be_read_back_with_how_often_they_struck(sandbox):
    """Did my fault strike at all? is the first question of a test that passed."""
    await sandbox.faults({"fault": "status_500", "times": 2})
    await sandbox.get("/api/v1/orders")

    (fault,) = (await sandbox.get("/_sandbox/faults")).json["faults"]

    assert ("status_500", 2, 1) == (fault["fault"], fault["times"], fault["struck"])


async def test_a_put_of_faults_replaces_the_set(sandbox):
    """PUT: what is asked for is what is on."""
    await sandbox.faults({"fault": "status_500"})

    await sandbox.faults()

    assert 200 == (await sandbox.get("/api/v1/orders")).status


async def test_a_bad_set_changes_nothing(sandbox):
    """Half a set would be a third thing that nobody asked for."""
    await sandbox.faults({"fault": "status_500"})

    answer = await sandbox.faults({"fault": "latency_ms", "ms": 1}, {"fault": "explode"})

    assert 422 == answer.status
    assert "known faults: latency_ms, status_429," in answer.json["message"]
    assert ["status_500"] == [
        fault["fault"] for fault in (await sandbox.get("/_sandbox/faults")).json["faults"]
    ]


async def test_seed_creates_believable_orders(sandbox):
    """`orderhook dev` shows these to someone who sees the product for the first time."""
    made = (await sandbox.post("/_sandbox/seed", {"orders": 3})).json["orders"]

    orders = (await sandbox.get("/api/v1/orders")).json

    assert [order["id"] for order in orders] == [receipt["value"] for receipt in made]
    assert {"NO"} == {order["countryCode"] for order in orders}
    assert 3 == len(await sandbox.effects())


@pytest.mark.parametrize("body", [{"orders": 0}, {"orders": 10_001}, {"order": 3}, [], "3"])
async def test_seed_refuses_what_it_cannot_make(sandbox, body):
    """A misspelt key must not create one order in silence."""
    assert 422 == (await sandbox.post("/_sandbox/seed", body)).status


async def test_an_order_can_be_made_with_fields_of_ones_own(sandbox):
    """A test of a condition needs an order that meets it, and does not care for the rest."""
    made = (await sandbox.post("/_sandbox/orders", {"order": {"city": "Bergen"}})).json

    assert "Bergen" == (await sandbox.get(f"/api/v1/order/{made['value']}")).json["city"]


@pytest.mark.parametrize("path", ["/_sandbox/orders", "/_sandbox/seed"])
async def test_a_system_that_does_not_exist_is_refused(sandbox, path):
    """A misspelt system must not make orders of another one."""
    answer = await sandbox.post(path, {"system": "dispach"})

    assert 422 == answer.status
    assert "known: installer" in answer.json["message"]


async def test_the_test_event_is_the_documented_sample(start, receiver):
    """Ours: that the vendor's test button sends its documented sample."""
    sandbox = await start(webhook_url=receiver.url)

    answer = await sandbox.post("/_sandbox/test-event")
    await sandbox.sent()

    assert 202 == answer.status
    assert ("order.created", "Solar Panel Installation") == (
        receiver.requests[0].json["event"],
        receiver.requests[0].json["data"]["name"],
    )


async def test_reset_forgets_everything_but_the_ids(sandbox):
    """The next test starts clean, and its ids are new, or a receiver would take its events for old ones."""
    before = await sandbox.order(idempotencyKey="erp-17")
    await sandbox.tag()
    await sandbox.faults({"fault": "latency_ms", "ms": 1})

    await sandbox.post("/_sandbox/reset")

    summary = (await sandbox.get("/_sandbox")).json
    assert (0, 0, 0) == (summary["orders"], summary["effects"], summary["calls"])
    assert [] == (await sandbox.get("/_sandbox/faults")).json["faults"]
    assert [] == await sandbox.deliveries()
    assert before != await sandbox.order(idempotencyKey="erp-17")


async def test_the_same_seed_gives_the_same_ids(start):
    """A run can be told again, order by order."""
    one, other = await start(seed=7), await start(seed=7)

    assert [await one.order(), await one.tag()] == [await other.order(), await other.tag()]


async def test_without_a_seed_ids_are_new_each_time(start):
    """A sandbox that is started again must not repeat ids that a receiver remembers."""
    one, other = await start(seed=None), await start(seed=None)

    assert await one.order() != await other.order()


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/nothing", 404), ("DELETE", "/_sandbox/orders", 405), ("GET", "/api/v1/orders/", 404)],
)
async def test_an_unknown_path_is_answered_in_the_same_shape(sandbox, method, path, status):
    """A client under test parses every answer as JSON, and nothing is ever a redirect."""
    answer = await sandbox.call(method, path)

    assert (status, status) == (answer.status, answer.json["statusCode"])
