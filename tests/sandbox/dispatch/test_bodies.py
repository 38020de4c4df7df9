"""What clients send, against every handler: anything is answered or refused."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sandbox.config import SandboxConfig
from sandbox.dispatch.integrations import PROVIDERS
from sandbox.dispatch.paths import OPERATIONS, PREFIX
from sandbox.dispatch.workflows import TRIGGERS
from sandbox.errors import Refusal
from sandbox.operations import Answer, Call
from sandbox.upstream import Upstream

from .conftest import NOBODY

QUERIES = (
    "Page",
    "PageSize",
    "page",
    "perPage",
    "$filter",
    "$orderby",
    "$search",
    "from",
    "to",
    "managed",
    "status",
)
LISTS = [name for name in OPERATIONS if ".list_" in name or name.endswith(("overview", "my_business"))]


def good_bodies(upstream: Upstream) -> dict[str, dict]:
    """Return a body that is taken, for each call that has one."""
    world = upstream.dispatch.world
    order, shipment, customer = (
        next(iter(world.orders)),
        list(world.shipments)[-1],
        next(iter(world.customers)),
    )
    carrier, party = next(iter(world.carriers)), {"name": "Kari", "city": "Oslo"}
    run = {
        "name": "x",
        "driverId": next(iter(world.drivers)),
        "plannedDate": "2026-01-20",
        "shipmentIds": [shipment],
    }
    new_shipment = {
        "customerId": customer,
        "carrierId": carrier,
        "sender": party,
        "recipient": party,
        "packages": [],
    }
    product = {"name": "x", "sku": "y", "price": 1, "dimensions": {"length": 1}}
    return {
        "configure_provider": {
            "providerId": next(iter(PROVIDERS)), "providerType": "ecommerce", "settings": {"syncProducts": True},
            "credentials": {"apiKey": "a", "apiSecret": "b", "storeUrl": "c"},
        },
        "save_vapid_subscription": {"endpoint": "https://x", "keys": {"p256dh": "a", "auth": "b"}},
        "configure_workflow": {
            "name": "x", "entityType": "Order", "triggerId": TRIGGERS["Order"][0]["guid"], "conditions": {"status": "x"},
            "action": {"type": "webhook"},
        },
        "update_order_status": {"status": "processing"},
        "assign_carrier": {"orderIds": [order], "carrierId": carrier},
        "delete_orders": {"orderIds": [order]},
        "add_dimension_preset": {"length": 1, "width": 1, "height": 1, "weight": 1},
        "assign_collection_date": {"collectionDate": "2026-01-20"},
        "create_order_shipment": {"carrierId": carrier, "reference": "x"},
        "create_shipment": new_shipment,
        "update_shipment": new_shipment | {"status": "delivered", "orderId": order},
        "update_shipment_dates": {"shipmentIds": [shipment], "deliveryDate": "2026-01-20"},
        "delete_shipments": {"shipmentIds": [shipment]},
        "create_customer": {"name": "x", "email": "x@example.com", "address": {"city": "Oslo"}},
        "update_customer": {"name": "x", "phone": "1"},
        "save_customer_reference": {"guid": NOBODY, "name": "x", "value": "y"},
        "create_customer_contact": {"name": "x", "role": "y"},
        "create_product": product,
        "update_product": product,
        "create_variant": {"name": "x", "sku": "y", "attributes": {"a": "b"}},
        "update_product_settings": {"weightUnit": "kg", "defaultCurrency": "NOK"},
        "create_business": {"name": "x", "email": "x@example.com", "settings": {"currency": "NOK"}},
        "update_business": {"guid": next(iter(world.businesses)), "name": "x", "address": {"city": "Oslo"}},
        "create_dispatch": run,
        "update_dispatch": run | {"guid": next(iter(world.runs)), "status": "completed"},
        "remove_dispatch_shipment": {"dispatchId": next(iter(world.runs)), "shipmentId": next(iter(world.shipments))},
    }  # fmt: skip


# One sandbox for all examples: what one of them breaks, the next ones meet.
UPSTREAM = Upstream(SandboxConfig(seed=1))
BODIES = good_bodies(UPSTREAM)
WORLD = UPSTREAM.dispatch.world
IDS = [
    next(iter(kind)) for kind in (WORLD.orders, WORLD.shipments, WORLD.customers, WORLD.products, WORLD.runs)
]
JUNK = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=5),
    st.just([]), st.just({}), st.lists(st.sampled_from([*IDS, NOBODY]), min_size=1, max_size=3),
    st.sampled_from([*IDS, NOBODY, "delivered", "cancelled", "2026-02-31", "x" * 10_001, "\x00", [[]], [None], {"": []}]),
)  # fmt: skip


@st.composite
def calls(draw) -> Call:
    """A call whose body is good but for a field or two, and whose path may name anything."""
    name = draw(st.sampled_from(list(OPERATIONS)))
    body = BODIES.get(name.removeprefix(PREFIX), {})
    spoilt = {field: draw(JUNK) for field in body if draw(st.integers(0, 4)) == 0}
    one = draw(st.sampled_from([*IDS, NOBODY, "", "\x00"]))
    parameters = {
        part.strip("{}"): one for part in OPERATIONS[name].path.split("/") if part.startswith("{")
    } | (
        {"entityType": draw(st.sampled_from(["Order", "Shipment", "x"]))}
        if "entityType" in OPERATIONS[name].path
        else {}
    )
    query = draw(
        st.dictionaries(
            st.sampled_from(QUERIES), st.sampled_from(["1", "0", "x", "status eq 'x'", ""]), max_size=2
        )
    )
    raw = json.dumps(body | spoilt).encode()
    return Call(operation=OPERATIONS[name], parameters=parameters, query=query, body=raw)


def answer_of(call: Call) -> Answer:
    try:
        return UPSTREAM.dispatch.api.handlers[call.operation.name](call)
    except Refusal as refusal:
        return UPSTREAM.dispatch.api.refused(refusal)


@given(calls())
@settings(max_examples=150, deadline=None)
def test_any_call_is_answered_or_refused_and_breaks_nothing(call):
    """A client's property test runs against this: a 500 of ours would be taken for the upstream's, and stay."""
    answer = answer_of(call)

    json.dumps(answer.body, allow_nan=False)
    assert answer.status in {200, 201, 400, 404, 409}
    for name in LISTS:
        shown = answer_of(
            Call(operation=OPERATIONS[name], parameters={"entityType": "Order", "shipmentId": NOBODY})
        )
        assert shown.status in {200, 404}


@pytest.mark.parametrize("name", sorted(BODIES.keys() - {"save_customer_reference"}))
def test_every_good_body_is_taken(name):
    """The property above would hold of a sandbox that refuses everything; the reference alone names one that is not there."""
    upstream = Upstream(SandboxConfig(seed=2))
    world, operation = upstream.dispatch.world, OPERATIONS[PREFIX + name]
    parameters = {
        "orderId": list(world.orders)[-1], "shipmentId": list(world.shipments)[-1], "customerId": next(iter(world.customers)),
        "guid": next(iter(world.products)), "productId": next(iter(world.products)),
    }  # fmt: skip
    body = json.dumps(good_bodies(upstream)[name]).encode()

    answer = upstream.dispatch.api.handlers[operation.name](
        Call(operation=operation, parameters=parameters, body=body)
    )

    assert answer.ok
    assert 1 == len(upstream.effects)
