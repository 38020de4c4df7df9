"""The client against a server that answers what the vendor, a third party or nobody has documented."""

import asyncio
import inspect
from pathlib import Path

import pytest

from workers.actions import OrderApi
from workers.api.installer import InstallerClient
from workers.api.models import Installer, OrderCreated, OrderPhase, Tag
from workers.api.orders import NewOrder
from workers.api.paths import OPERATIONS, InstallerPaths, InstallerStatuses
from workers.failures import BadResponse, Conflict, Failure, OrderGone, Permanent, RateLimited, Transient
from workers.sections import ApiSettings

pytestmark = pytest.mark.anyio

ORDER = {
    "id": "o-1",
    "displayId": "P1-42",
    "status": 0,
    "tags": [{"id": "t-1", "name": "vip"}],
    "city": "Oslo",
}
NEW = NewOrder(
    address="Storgata 1",
    city="Oslo",
    postal_code="0365",
    country_code="NO",
    email="kari@example.com",
    phone_number="+4799900111",
    contact_person_name="Kari Nordmann",
)

#: Every method with what it sends; {} is answered with what it can read.
CALLS = {
    "create_order": (lambda api: api.create_order(NEW, idempotency_key="k"), {"value": "o-1"}),
    "list_installers": (lambda api: api.list_installers(), []),
    "list_orders": (lambda api: api.list_orders(), [ORDER]),
    "get_order": (lambda api: api.get_order("o-1"), ORDER),
    "dispatch_order": (lambda api: api.dispatch_order("o-1", idempotency_key="k"), {}),
    "cancel_order": (lambda api: api.cancel_order("o-1", reason="Other", idempotency_key="k"), {}),
    "upload_file": (
        lambda api: api.upload_file(b"%PDF", name="a.pdf", media_type="application/pdf", idempotency_key="k"),
        {"file_id": "f-1"},
    ),
    "attach_file": (lambda api: api.attach_file("o-1", "f-1", idempotency_key="k"), {}),
    "list_tags": (lambda api: api.list_tags(), [{"id": "t-1", "name": "vip"}]),
    "create_tags": (
        lambda api: api.create_tags(["vip"], idempotency_key="k"),
        [{"id": "t-1", "name": "vip"}],
    ),
    "assign_tag": (lambda api: api.assign_tag("o-1", "t-1", idempotency_key="k"), {}),
    "remove_tag": (lambda api: api.remove_tag("o-1", "t-1", idempotency_key="k"), {}),
    "get_webform": (lambda api: api.get_webform("w-1"), {"id": "w-1"}),
    "create_webform_order": (
        lambda api: api.create_webform_order("w-1", {"roof": "flat"}, idempotency_key="k"),
        {"id": "o-1"},
    ),
}


def test_the_client_can_do_every_operation():
    """An operation in the table without a method would be a promise."""
    assert list(OPERATIONS) == list(CALLS)


def test_actions_can_use_the_client():
    """What actions call is a protocol of theirs; a parameter of another name fails in the middle of a run."""
    methods = [name for name in vars(OrderApi) if inspect.iscoroutinefunction(vars(OrderApi)[name])]

    assert "get_order" in methods
    for name in methods:
        theirs, ours = (inspect.signature(getattr(owner, name)) for owner in (OrderApi, InstallerClient))
        assert [(p.name, p.kind) for p in theirs.parameters.values()] == [
            (p.name, p.kind) for p in ours.parameters.values()
        ]


@pytest.mark.parametrize("name", CALLS)
async def test_an_operation_goes_where_the_table_says(installer, upstream, name):
    """The documentation page shows the table; a client that went elsewhere would make it a lie."""
    call, answer = CALLS[name]
    upstream.answers(200, answer)

    await call(installer)

    (seen,) = upstream.seen
    route = OPERATIONS[name].route
    ids = {"orderId": "o-1", "tagId": "t-1", "webformId": "w-1"}
    assert (route.method, route.path.format(**ids)) == (seen.method, seen.path)
    assert OPERATIONS[name].writes == ("idempotency-key" in seen.headers)


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("status", [302, 400, 401, 403, 404, 409, 418, 422, 429, 500, 503])
async def test_every_refusal_of_every_operation_is_a_failure(installer, upstream, name, status):
    """An action, and the shift around it, know failures and nothing else."""
    call, _ = CALLS[name]
    upstream.answers(status, {"error": "E", "message": "no", "statusCode": status})

    with pytest.raises(Failure):
        await call(installer)

    assert 1 == len(upstream.seen)


async def test_an_order_is_read_with_its_phase(installer, upstream):
    """Conditions see the whole object, actions the phase."""
    upstream.answers(200, ORDER)

    order = await installer.get_order("o-1")

    assert ("o-1", OrderPhase.CREATED, (Tag(id="t-1", name="vip"),)) == (order.id, order.phase, order.tags)
    assert ORDER == order.raw


async def test_other_numbers_can_be_configured(edge, upstream):
    """Ours are guesses, but for nought."""
    upstream.answers(200, {**ORDER, "status": 40})
    statuses = InstallerStatuses.model_validate({"completed": 40})

    order = await InstallerClient(edge, statuses=statuses).get_order("o-1")

    assert OrderPhase.COMPLETED is order.phase


async def test_other_paths_can_be_configured(edge, upstream):
    """They are guesses too; a method may differ with the path."""
    upstream.answers(200, {})
    paths = InstallerPaths.model_validate({"assign_tag": "PUT /v2/{orderId}/labels/{tagId}"})

    await InstallerClient(edge, paths=paths).assign_tag("o/1", "t", idempotency_key="k")

    assert ("PUT", "/v2/o%2F1/labels/t") == (upstream.seen[0].method, upstream.seen[0].path)


async def test_a_client_is_built_from_a_sources_settings(session, upstream):
    """This is how a worker gets it."""
    upstream.answers(200, ORDER)
    settings = ApiSettings.model_validate(
        {
            "base_url": upstream.url,
            "token": "env:T",
            "paths": {"get_order": "/o/{orderId}"},
            "statuses": {"created": 9},
        },
        context={"environ": {"T": "hush"}, "folder": Path()},
    )

    order = await InstallerClient.build(settings, session).get_order("o-1")

    assert ("/o/o-1", "Bearer hush") == (upstream.seen[0].path, upstream.seen[0].headers["authorization"])
    assert order.phase is None


async def test_an_order_is_created_with_the_documented_body_and_key(installer, upstream):
    """The key in the body is the vendor's own; the header is what our other calls rely on."""
    upstream.answers(201, {"value": "o-1", "displayId": "P1-42", "clientUrl": "https://c.example"})

    created = await installer.create_order(NEW, idempotency_key="erp-7")

    assert {**NEW.body(), "idempotencyKey": "erp-7"} == upstream.seen[0].json()
    assert "erp-7" == upstream.seen[0].headers["idempotency-key"]
    assert OrderCreated(id="o-1", display_id="P1-42", client_url="https://c.example") == created


@pytest.mark.parametrize("status", [400, 409])
async def test_a_known_key_gives_the_existing_order(installer, upstream, status):
    """The vendor's page says 400, a third party saw 409: a retry must end well with either."""
    upstream.answers(status, {"orderId": "o-1", "displayId": "P1-42"})

    created = await installer.create_order(NEW, idempotency_key="k")

    assert OrderCreated(id="o-1", display_id="P1-42", duplicate=True) == created


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        pytest.param(400, {"message": "bad"}, Permanent, id="a bad request"),
        pytest.param(409, {"message": "exists"}, Conflict, id="an order that is not named"),
        pytest.param(
            409, {"orderId": "o", "displayId": {"a": 1}}, BadResponse, id="an order that cannot be read"
        ),
        pytest.param(201, {"created": True}, BadResponse, id="no id"),
        pytest.param(201, b"<html>", BadResponse, id="a page"),
    ],
)
async def test_other_answers_to_create_are_failures(installer, upstream, status, body, kind):
    """Without an id nothing can be done with the order."""
    upstream.answers(status, body)

    with pytest.raises(kind) as caught:
        await installer.create_order(NEW, idempotency_key="k")

    assert kind is type(caught.value)


async def test_bodies_of_our_own_are_as_documented(installer, upstream):
    """`docs/installer-api.md` shows them, since the vendor does not."""
    upstream.answers(200, [{"id": "t-1", "name": "vip"}])

    await installer.dispatch_order("o", idempotency_key="k")
    await installer.cancel_order("o", reason=None, idempotency_key="k")
    await installer.cancel_order("o", reason="Other", idempotency_key="k")
    await installer.create_tags(("vip", "new"), idempotency_key="k")
    await installer.assign_tag("o", "t-1", idempotency_key="k")

    assert [{}, {}, {"reason": "Other"}, {"names": ["vip", "new"]}, {"tagId": "t-1"}] == [
        seen.json() for seen in upstream.seen
    ]


async def test_a_file_is_uploaded_as_a_form(installer, upstream):
    """Only `file_id` in the answer is documented."""
    upstream.answers(201, {"file_id": "f-1"})

    uploaded = await installer.upload_file(
        b"\x00%PDF", name="a.pdf", media_type="application/pdf", idempotency_key="k"
    )

    seen = upstream.seen[0]
    assert "f-1" == uploaded.id
    assert seen.headers["content-type"].startswith("multipart/form-data; boundary=")
    assert b'name="file"; filename="a.pdf"' in seen.body
    assert b"\x00%PDF" in seen.body


@pytest.mark.parametrize(
    "call",
    [
        pytest.param(lambda api: api.get_order(".."), id="an id that climbs"),
        pytest.param(lambda api: api.get_order(""), id="no id"),
        pytest.param(lambda api: api.remove_tag("o", "a\r\nb", idempotency_key="k"), id="an id of two lines"),
        pytest.param(
            lambda api: api.dispatch_order("o", idempotency_key="k\r\nX-Evil: 1"), id="a key of two lines"
        ),
        pytest.param(lambda api: api.create_tags(["\ud800"], idempotency_key="k"), id="half a character"),
        pytest.param(
            lambda api: api.create_webform_order("w", {"x": object()}, idempotency_key="k"), id="no JSON"
        ),
        pytest.param(
            lambda api: api.upload_file(b"", name='a"\r\nX-Evil: 1', media_type="a/b", idempotency_key="k"),
            id="a file name of two lines",
        ),
        pytest.param(
            lambda api: api.upload_file(b"", name="a", media_type="a/b\r\nX-Evil: 1", idempotency_key="k"),
            id="a media type of two lines",
        ),
    ],
)
async def test_what_cannot_be_sent_safely_is_not_sent(installer, upstream, call):
    """Ids and names come from senders; they must not choose another operation or add a header."""
    upstream.answers(200, {})

    with pytest.raises(Permanent) as caught:
        await call(installer)

    assert ("api_request_invalid", "none") == (caught.value.reason, caught.value.effect)
    assert [] == upstream.seen


@pytest.mark.parametrize(
    "wrap", [list, lambda a: {"data": a}, lambda a: {"value": a}], ids=["bare", "data", "value"]
)
async def test_installers_are_listed_from_each_envelope(installer, upstream, wrap):
    """The path is documented, the answer is not."""
    upstream.answers(200, wrap([{"id": "i-1", "name": "Volt", "rating": 5}]))

    (found,) = await installer.list_installers()

    assert Installer(id="i-1", name="Volt", raw={"id": "i-1", "name": "Volt", "rating": 5}) == found


@pytest.mark.parametrize("name", ["list_orders", "list_tags", "list_installers"])
async def test_a_list_that_is_none_is_a_bad_response(installer, upstream, name):
    """An empty list would say that there are no tags, and a duplicate would be made."""
    upstream.answers(200, {"items": []})

    with pytest.raises(BadResponse, match="expected a list"):
        await CALLS[name][0](installer)


async def test_a_missing_order_and_a_rate_limit_are_what_they_are(installer, upstream):
    """The two that a lane treats in a way of their own."""
    upstream.answers(404, {"error": "Not Found", "message": "Order not found", "statusCode": 404})
    upstream.answers(429, {}, Retry_After="7")

    with pytest.raises(OrderGone):
        await installer.get_order("o-1")
    with pytest.raises(RateLimited) as caught:
        await installer.get_order("o-1")

    assert 7.0 == caught.value.retry_after_s


async def test_a_write_that_was_lost_is_not_repeated_here(installer, upstream):
    """Whether to repeat is for the action's effect class to say; here nobody knows."""
    upstream.sends(reset=True)

    with pytest.raises(Transient) as caught:
        await installer.dispatch_order("o-1", idempotency_key="k")

    assert "unknown" == caught.value.effect
    assert 1 == len(upstream.seen)


async def test_many_calls_at_once_get_their_own_answers(installer, upstream):
    """One client serves all events of a shift."""
    upstream.answers(200, ORDER)

    orders = await asyncio.gather(*[installer.get_order(f"o-{number}") for number in range(50)])

    assert 50 == len(orders)
    assert {f"/api/v1/order/o-{number}" for number in range(50)} == {seen.path for seen in upstream.seen}
    assert 20 >= upstream.connections
