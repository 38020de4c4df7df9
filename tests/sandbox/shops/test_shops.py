"""The pretended shops over HTTP: the vendors' own ways in, shapes and signatures."""

import base64
import hashlib
import hmac

import pytest

WOO = "/shops/woocommerce/wp-json/wc/v3"
ADMIN = "/shops/shopify/admin/api/2025-10"
KEY = {"authorization": "Basic " + base64.b64encode(b"ck_sandbox:cs_sandbox").decode()}
TOKEN = {"x-shopify-access-token": "shpat_sandbox"}


def signature(secret: str, body: bytes) -> str:
    return base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()


async def ask(sandbox, method, path, body=None, headers=KEY):
    options = {} if body is None else {"json": body}
    async with sandbox.session.request(method, sandbox.url + path, headers=headers, **options) as answer:
        return answer.status, await answer.json()


pytestmark = pytest.mark.anyio


async def test_a_notice_of_woocommerce_is_signed_with_its_webhooks_own_secret(start, receiver):
    """Topic, resource, event and signature stand in the documented headers; the body is the order as the API has it."""
    sandbox = await start()
    hook = {"topic": "order.created", "delivery_url": receiver.url, "secret": "its-own"}
    assert 201 == (await ask(sandbox, "POST", f"{WOO}/webhooks", hook))[0]

    status, order = await ask(sandbox, "POST", f"{WOO}/orders", {"customer_note": "Ring twice"})
    await sandbox.sent()

    (request,) = receiver.requests
    assert (201, "Ring twice") == (status, order["customer_note"])
    assert order == request.json
    assert ("order.created", "order", "created", signature("its-own", request.body)) == tuple(
        request.headers[f"x-wc-webhook-{name}"] for name in ("topic", "resource", "event", "signature")
    )


async def test_a_notice_of_shopify_is_signed_with_the_apps_secret(start, receiver):
    """Its topics are commands, and one id names the event over all its deliveries."""
    sandbox = await start()
    hook = {"webhook": {"topic": "orders/create", "address": receiver.url}}
    assert 201 == (await ask(sandbox, "POST", f"{ADMIN}/webhooks.json", hook, TOKEN))[0]

    await ask(sandbox, "POST", f"{ADMIN}/orders.json", {"order": {}}, TOKEN)
    await sandbox.sent()

    (request,) = receiver.requests
    assert "orders/create" == request.headers["x-shopify-topic"]
    assert signature("shpss_sandbox", request.body) == request.headers["x-shopify-hmac-sha256"]
    assert request.headers["x-shopify-event-id"]


async def test_nobody_hears_of_what_he_did_not_ask_for(start, receiver):
    """A webhook has one topic."""
    sandbox = await start()
    await ask(
        sandbox,
        "POST",
        f"{WOO}/webhooks",
        {"topic": "order.updated", "delivery_url": receiver.url, "secret": "s"},
    )

    await ask(sandbox, "POST", f"{WOO}/orders", {})

    assert [] == await sandbox.deliveries()


@pytest.mark.parametrize(
    ("path", "headers", "body"),
    [
        (
            f"{WOO}/orders",
            {},
            {
                "code": "woocommerce_rest_cannot_view",
                "message": "Sorry, you cannot list resources.",
                "data": {"status": 401},
            },
        ),
        (f"{ADMIN}/shop.json", KEY, {"errors": "[API] Invalid API key or access token"}),
    ],
    ids=["woocommerce", "shopify"],
)
async def test_who_has_no_key_is_refused_in_the_vendors_shape(start, path, headers, body):
    """A client reads the words from there."""
    assert (401, body) == await ask(await start(), "GET", path, headers=headers)


async def test_metadata_is_changed_by_its_id(start):
    """A key alone adds an entry: a client that forgets the id would pile them up."""
    sandbox = await start()
    _, order = await ask(sandbox, "POST", f"{WOO}/orders", {})
    path = f"{WOO}/orders/{order['id']}"

    _, once = await ask(sandbox, "PUT", path, {"meta_data": [{"key": "a", "value": "1"}]})
    _, twice = await ask(sandbox, "PUT", path, {"meta_data": [{"key": "a", "value": "2"}]})
    _, changed = await ask(sandbox, "PUT", path, {"meta_data": [{**once["meta_data"][0], "value": "3"}]})

    assert (1, 2, 2) == (len(once["meta_data"]), len(twice["meta_data"]), len(changed["meta_data"]))


async def test_what_is_fulfilled_cannot_be_fulfilled_again(start):
    """422, as the documentation has it of a fulfillment order that is not open."""
    sandbox = await start()
    _, made = await ask(sandbox, "POST", f"{ADMIN}/orders.json", {"order": {}}, TOKEN)
    path = f"{ADMIN}/orders/{made['order']['id']}/fulfillment_orders.json"
    _, parts = await ask(sandbox, "GET", path, headers=TOKEN)
    lines = [{"fulfillment_order_id": part["id"]} for part in parts["fulfillment_orders"]]
    body = {"fulfillment": {"line_items_by_fulfillment_order": lines}}

    first, _ = await ask(sandbox, "POST", f"{ADMIN}/fulfillments.json", body, TOKEN)
    again, _ = await ask(sandbox, "POST", f"{ADMIN}/fulfillments.json", body, TOKEN)

    assert (201, 422) == (first, again)


async def test_the_door_shows_both_shops(start):
    """Who looks for the paths finds them there."""
    summary = (await (await start()).get("/_sandbox")).json

    assert ("/shops/woocommerce", "/shops/shopify") == (
        summary["woocommerce"]["storePath"],
        summary["shopify"]["storePath"],
    )
