"""The client against a server that answers what is documented, and what is not."""

import asyncio
import inspect
import json
import time
from pathlib import Path

import pytest

from tests.support.dispatch_calls import CALLS, KEY, ORDER, PROVIDER, PUSH, envelope
from tests.support.http_peer import answering
from workers import lease
from workers.actions import OrderApi
from workers.api.dispatch.client import DispatchClient
from workers.api.dispatch.filters import descending, field
from workers.api.dispatch.operations import OPERATIONS
from workers.api.orders import NewOrder
from workers.failures import BadResponse, Conflict, Failure, Gone, OrderGone, Permanent, Transient
from workers.sections import ApiSettings

pytestmark = pytest.mark.anyio

#: GETs that change something: three by the vendor's text, two by ours.
CHANGING_GETS = [name for name, one in OPERATIONS.items() if one.writes and one.route.method == "GET"]

NEW = NewOrder(
    address="Storgata 1",
    city="Oslo",
    postal_code="0365",
    country_code="NO",
    email="kari@example.com",
    phone_number="+4799900111",
    contact_person_name="Kari Nordmann",
)


@pytest.fixture(name="dispatch")
def _dispatch(edge):
    return DispatchClient(edge)


def test_the_client_can_do_every_operation():
    """An operation in the table without a method would be a promise."""
    assert list(OPERATIONS) == list(CALLS)


def test_actions_can_use_the_client():
    """What actions call is a protocol of theirs; a parameter of another name fails in the middle of a run."""
    methods = [name for name in vars(OrderApi) if inspect.iscoroutinefunction(vars(OrderApi)[name])]

    assert "get_order" in methods
    for name in methods:
        theirs, ours = (inspect.signature(getattr(owner, name)) for owner in (OrderApi, DispatchClient))
        assert [(p.name, p.kind) for p in theirs.parameters.values()] == [
            (p.name, p.kind) for p in ours.parameters.values()
        ]


@pytest.mark.parametrize("name", CALLS)
async def test_an_operation_goes_where_the_table_says(dispatch, upstream, name):
    """The documentation page shows the table; a client that went elsewhere would make it a lie."""
    upstream.answers(200, envelope(name))

    await CALLS[name][0](dispatch)

    (seen,) = upstream.seen
    route = OPERATIONS[name].route
    expected = route.path.split("/")
    found = seen.path.partition("?")[0].split("/")
    assert (route.method, len(expected)) == (seen.method, len(found))
    assert all(one == two or one.startswith("{") for one, two in zip(expected, found, strict=True))
    assert OPERATIONS[name].writes == ("idempotency-key" in seen.headers)


@pytest.mark.parametrize("name", CALLS)
async def test_every_refusal_of_every_operation_is_a_failure(dispatch, upstream, name):
    """An action, and the shift around it, know failures and nothing else."""
    statuses = (302, 400, 401, 403, 404, 405, 409, 413, 422, 429, 500, 503)
    for status in statuses:
        upstream.behaviours.clear()
        upstream.answers(status, {"success": False, "error": {"code": "E", "message": "no"}})

        with pytest.raises(Failure):
            await CALLS[name][0](dispatch)

    assert len(statuses) == len(upstream.seen)


@pytest.mark.parametrize("name", [name for name, (_, data) in CALLS.items() if data is not None])
async def test_an_answer_that_is_none_is_a_failure(dispatch, upstream, name):
    """Whoever reads it cannot go on, and of a write nobody knows what it has done."""
    for body in (b"<html>", b"", b'{"success": true}', b'{"success": true, "data": 7}', b"[]"):
        upstream.behaviours.clear()
        upstream.answers(200, body)

        with pytest.raises(BadResponse) as caught:
            await CALLS[name][0](dispatch)

        assert ("unknown" if OPERATIONS[name].writes else "none") == caught.value.effect


@pytest.mark.parametrize("name", [name for name, (_, data) in CALLS.items() if data is None])
async def test_a_write_without_data_needs_no_more_than_a_success(dispatch, upstream, name):
    """What else stands in such an answer nobody needs; but a page of HTML shows a proxy, and no effect."""
    for body in (b"", b"{}", b'{"success": true, "data": 7}'):
        upstream.behaviours.clear()
        upstream.answers(200, body)
        await CALLS[name][0](dispatch)

    upstream.answers(200, b"<html>")
    upstream.behaviours.pop(0)
    with pytest.raises(BadResponse):
        await CALLS[name][0](dispatch)


@pytest.mark.parametrize(
    ("code", "kind", "reason"),
    [
        pytest.param("NOT_FOUND", OrderGone, "order_gone", id="not found"),
        pytest.param("CONFLICT", Conflict, "upstream_conflict", id="conflict"),
        pytest.param("CONFIGURATION_ERROR", Permanent, "upstream_rejected", id="configuration"),
        pytest.param("SOMETHING_ELSE", BadResponse, "upstream_bad_response", id="unknown"),
        pytest.param(None, BadResponse, "upstream_bad_response", id="none"),
    ],
)
async def test_a_success_that_says_it_is_none_is_a_failure(dispatch, upstream, code, kind, reason):
    """The envelope says more than the status: a step that was refused must not count as done."""
    upstream.answers(200, {"success": False, "error": {"code": code, "message": "Order not found"}})

    with pytest.raises(kind) as caught:
        await dispatch.update_status("o-1", "processing", **KEY)

    assert (kind, reason) == (type(caught.value), caught.value.reason)


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(400, "CONFIGURATION_ERROR", Permanent), (404, "NOT_FOUND", Permanent), (409, "CONFLICT", Conflict)],
)
async def test_the_documented_errors_are_read_with_their_codes(dispatch, upstream, status, code, kind):
    """The code is the vendor's word, and the one to look up."""
    upstream.answers(status, {"success": False, "error": {"code": code, "message": "Integration not found"}})

    with pytest.raises(kind) as caught:
        await dispatch.integrations.disable("i-1", **KEY)

    assert kind is type(caught.value)
    assert caught.value.message.endswith(f"it says: {code}: Integration not found")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("get_order", "order_gone"),
        ("get_shipment", "shipment_gone"),
        ("get_customer", "customer_gone"),
        ("get_product", "product_gone"),
    ],
)
async def test_what_is_gone_ends_the_run(dispatch, upstream, name, reason):
    """An event may be about any of the four, and nothing is left to do about what is not there."""
    upstream.answers(404, {"success": False, "error": {"code": "NOT_FOUND", "message": "Gone"}})

    with pytest.raises(Gone) as caught:
        await CALLS[name][0](dispatch)

    assert reason == caught.value.reason


async def test_a_404_without_words_is_a_wrong_address(dispatch, upstream):
    """The paths are documented, so it is the base URL; a run that ended in silence would hide it."""
    upstream.answers(404, b"")

    with pytest.raises(Permanent, match=r"correct api\.base_url") as caught:
        await dispatch.get_order("o-1")

    assert "api_path_unknown" == caught.value.reason


@pytest.mark.parametrize("name", CHANGING_GETS)
class TestAGetThatChangesSomething:
    """A second call undoes a toggle; the method says nothing of it."""

    async def test_is_sent_once_on_a_connection_that_dies(self, dispatch, upstream, name):
        """aiohttp sends any other GET again on a new connection."""
        upstream.answers(200, envelope("get_order"))
        upstream.sends(reset=True)
        upstream.answers(200, envelope(name))
        await dispatch.get_order("o-1")

        with pytest.raises(Transient) as caught:
            await CALLS[name][0](dispatch)

        assert "unknown" == caught.value.effect
        assert [1, 1] == [seen.connection for seen in upstream.seen]

    async def test_is_not_sent_behind_the_lease(self, dispatch, upstream, name):
        """Another worker may have the event, and made the call."""
        upstream.answers(200, envelope(name))

        async def attempt():
            lease.hold(time.monotonic() - 0.1)
            await CALLS[name][0](dispatch)

        with pytest.raises(lease.LeaseLost):
            await asyncio.create_task(attempt())

        assert [] == upstream.seen

    @pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
    async def test_is_not_sent_again_after_a_refusal(self, dispatch, upstream, name, status):
        """A gateway's 504 comes from in front of what may have happened."""
        upstream.answers(status, {})

        with pytest.raises(Transient):
            await CALLS[name][0](dispatch)

        assert 1 == len(upstream.seen)


def test_the_gets_that_change_something_are_these_five():
    """One that is forgotten would be repeated."""
    assert [
        "disable_provider",
        "toggle_workflow",
        "resume_workflow",
        "confirm_customer_upload",
        "generate_api_token",
    ] == CHANGING_GETS


async def test_an_order_is_read_by_its_documented_names(dispatch, upstream):
    """Conditions see the whole object, actions what every order has."""
    body = {
        **ORDER,
        "customer": {"guid": "c-1", "name": "Kari", "email": "kari@example.com"},
        "items": [{"guid": "l-1", "description": "Pump", "quantity": 2, "price": 19.9, "dimensions": None}],
        "deliveryAddress": {"street": "Storgata 1", "city": "Oslo", "state": "", "postalCode": "0365"},
        "carrier": None,
        "createdAt": "2025-01-15T10:30:00Z",
        "surprise": {"of": "theirs"},
    }
    upstream.answers(200, {"data": body, "success": True})

    order = await dispatch.get_order("o-1")

    assert ("o-1", "ORD-001234", "pending", None, ()) == (
        order.id,
        order.display_id,
        order.status,
        order.phase,
        order.tags,
    )
    assert ("Kari", "0365", "19.9") == (
        order.customer.name,
        order.delivery_address.postal_code,
        str(order.items[0].price),
    )
    assert body == order.raw


@pytest.mark.parametrize("status", ["pending", "processing", "a word nobody has seen"])
async def test_any_status_is_read(dispatch, upstream, status):
    """The vendor shows two words and says not that there are no others."""
    upstream.answers(200, {"data": {"guid": "o-1", "status": status}, "success": True})

    assert status == (await dispatch.get_order("o-1")).status


@pytest.mark.parametrize(
    "data", [{"status": "pending"}, {"guid": "", "status": "x"}, {"guid": "o-1"}, [], None]
)
async def test_what_is_no_order_is_refused(dispatch, upstream, data):
    """Without its guid nothing can be done with an order, and without its status not much."""
    upstream.answers(200, {"data": data, "success": True})

    with pytest.raises(BadResponse):
        await dispatch.get_order("o-1")


async def test_a_list_is_asked_for_as_the_vendor_spells_it(dispatch, upstream):
    """`$filter=status eq 'pending'`, with the spaces encoded that the samples leave bare."""
    upstream.answers(200, {"data": [], "success": True})

    await dispatch.orders.page(
        2, where=field("status") == "pending", order_by=[descending("createdDate")], search="john", size=50
    )

    path, _, query = upstream.seen[0].path.partition("?")
    assert "/api/v1/Orders" == path
    assert [
        "Page=2",
        "PageSize=50",
        "$filter=status%20eq%20%27pending%27",
        "$orderby=createdDate%20desc",
        "$search=john",
    ] == query.split("&")


async def test_an_iterator_fetches_page_after_page(dispatch, upstream):
    """Three calls for two pages and a half, each told."""
    heard = []

    async def behave(seen, writer):
        number = int(seen.path.partition("Page=")[2].partition("&")[0])
        items = [{"guid": f"o-{n}", "status": "pending"} for n in range(5)][(number - 1) * 2 :][:2]
        body = {"data": items, "page": number, "pageSize": 2, "totalCount": 5, "success": True}
        return await answering(200, json.dumps(body).encode(), {})(seen, writer)

    upstream.behaviours.append(behave)

    orders = [one.guid async for one in dispatch.orders.every(size=2, tell=heard.append)]

    assert ["o-0", "o-1", "o-2", "o-3", "o-4"] == orders
    assert [(1, 3, 2), (2, 3, 4), (3, 3, 5)] == [(one.page, one.pages, one.items) for one in heard]


async def test_shipments_have_pages_and_filters_of_their_own(dispatch, upstream):
    """`perPage` and no OData; the answer says `pageSize` all the same."""
    upstream.answers(200, {"data": [], "success": True})

    await dispatch.shipments.page(3, status="in_transit", customer_id="c-1", size=20)

    assert "page=3&perPage=20&customerGuid=c-1&status=in_transit" == upstream.seen[0].path.partition("?")[2]


async def test_documented_bodies_are_sent_as_documented(dispatch, upstream):
    """Numbers as numbers, days as days, camel case, and nothing that was not given."""
    upstream.answers(200, {"data": {"guid": "g"}, "success": True})

    for name in ("configure_provider", "save_vapid_subscription", "create_product", "create_dispatch"):
        await CALLS[name][0](dispatch)

    provider, push, product, run = [seen.json() for seen in upstream.seen]
    assert {"apiKey": "ck", "apiSecret": "cs", "storeUrl": "https://shop.example"} == provider["credentials"]
    assert {"autoImportOrders": False, "syncProducts": False, "pushTracking": False} == provider["settings"]
    assert {"p256dh": "B1", "auth": "A1"} == push["keys"]
    assert {"name": "Pump", "sku": "P-1", "price": 19.9} == product
    assert ("2025-01-20", ["s-1"]) == (run["plannedDate"], run["shipmentIds"])


async def test_secrets_of_others_are_in_no_repr():
    """What is sent ends up in a log line or a traceback sooner or later."""
    assert "cs" not in repr(PROVIDER.credentials).split("store_url")[0]
    assert "B1" not in repr(PUSH)


@pytest.mark.parametrize(
    ("operation", "call"),
    [
        ("dispatch_order", lambda api: api.dispatch_order("o-1", **KEY)),
        ("cancel_order", lambda api: api.cancel_order("o-1", reason=None, **KEY)),
        ("list_tags", lambda api: api.list_tags()),
        ("create_tags", lambda api: api.create_tags(["vip"], **KEY)),
        ("assign_tag", lambda api: api.assign_tag("o-1", "t-1", **KEY)),
        ("remove_tag", lambda api: api.remove_tag("o-1", "t-1", **KEY)),
        ("create_order", lambda api: api.create_order(NEW, **KEY)),
        ("upload_file", lambda api: api.upload_file(b"", name="a", media_type="a/b", **KEY)),
        ("attach_file", lambda api: api.attach_file("o-1", "f-1", **KEY)),
    ],
)
async def test_what_the_api_lacks_is_said_and_nothing_is_sent(dispatch, upstream, operation, call):
    """A workflow that was written for the other API is dead at once, with the reason."""
    with pytest.raises(Permanent, match=f"the Dispatch API has no {operation}") as caught:
        await call(dispatch)

    assert ("operation_missing", "none") == (caught.value.reason, caught.value.effect)
    assert [] == upstream.seen


async def test_a_client_is_built_from_a_sources_settings(session, upstream):
    """This is how a worker gets it."""
    upstream.answers(200, {"data": ORDER, "success": True})
    settings = ApiSettings.model_validate(
        {"base_url": upstream.url, "token": "env:T"},
        context={"environ": {"T": "hush"}, "folder": Path()},
    )

    await DispatchClient.build(settings, session).get_order("o-1")

    assert "Bearer hush" == upstream.seen[0].headers["authorization"]


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda api: api.get_order(".."), id="an id that climbs"),
        pytest.param(lambda api: api.get_shipment("a/b\n"), id="an id of two lines"),
        pytest.param(lambda api: api.update_status("o", "\ud800", **KEY), id="half a character"),
        pytest.param(
            lambda api: api.orders.page(where=field("a") == "\ud800"), id="half a character in a filter"
        ),
        pytest.param(
            lambda api: api.update_status("o", "x", idempotency_key="a\r\nb"), id="a key of two lines"
        ),
    ],
)
async def test_what_cannot_be_sent_safely_is_a_failure_before_it_is(dispatch, upstream, call):
    """Ids and texts come out of payloads."""
    with pytest.raises(Permanent) as caught:
        await call(dispatch)

    assert ("api_request_invalid", "none") == (caught.value.reason, caught.value.effect)
    assert [] == upstream.seen
