"""
The Shopify shop: Admin REST as its documentation shows it, under `/shops/shopify/admin/api/{version}`.

Source: https://shopify.dev/docs/api/admin-rest (shop, order, product, fulfillment order, fulfillment, webhook).
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ..config import ShopRules
from ..errors import Refusal
from ..operations import Answer, Call, Handler, read_json
from ..times import whole_seconds
from .samples import sample_purchase
from .shop import Entity, Shop
from .signatures import body_of as sent
from .signatures import shopify as sign
from .signatures import shopify_topic, topic_of
from .system import ShopSystem, body_of

NAME = "shopify"
ROOT = "/shops/shopify/admin/api/{version}"
_CHANGEABLE = ("email", "phone", "note", "tags", "shipping_address", "billing_address", "line_items")


def shopify(shop: Shop, rules: ShopRules) -> ShopSystem:
    """
    Return the shop as a system.
    """
    desk = _Desk(shop, rules)
    return ShopSystem(
        shop,
        root=ROOT,
        table=desk.table(),
        refused=lambda refusal: Answer(status=refusal.status, body={"errors": refusal.message}),
        admit=lambda headers: _admit(headers, rules),
        sign=sign,
        made=desk.made,
    )


def _admit(headers: Mapping[str, str], rules: ShopRules) -> None:
    if headers.get("x-shopify-access-token", "") != rules.access_token:
        raise Refusal(HTTPStatus.UNAUTHORIZED, "[API] Invalid API key or access token")


class _Desk:
    """
    What each operation does.
    """

    def __init__(self, shop: Shop, rules: ShopRules) -> None:
        self._shop = shop
        self._rules = rules
        self._parts: dict[str, Entity] = {}

    def table(self) -> Mapping[str, tuple[str, Handler]]:
        return {
            "get_shop": ("GET /shop.json", self._get_shop),
            "create_order": ("POST /orders.json", self._create),
            "get_order": ("GET /orders/{orderId}.json", self._get),
            "update_order": ("PUT /orders/{orderId}.json", self._update),
            "list_fulfillment_orders": ("GET /orders/{orderId}/fulfillment_orders.json", self._list_parts),
            "create_fulfillment": ("POST /fulfillments.json", self._fulfil),
            "create_product": ("POST /products.json", self._create_product),
            "update_product": ("PUT /products/{productId}.json", self._update_product),
            "create_webhook": ("POST /webhooks.json", self._create_webhook),
        }

    def _get_shop(self, _: Call) -> Answer:
        shop = {"id": 1, "name": "Sandbox", "myshopify_domain": "sandbox.myshopify.com"}
        return Answer(body={"shop": shop})

    def _order(self, call: Call) -> Entity:
        return self._shop.known(self._shop.orders, call.parameters["orderId"])

    def _get(self, call: Call) -> Answer:
        return Answer(body={"order": self._order(call)})

    def _create(self, call: Call) -> Answer:
        order = self.made(_inside(call, "order"))
        self._shop.log("create_order", order["id"], call.idempotency_key, {})
        return Answer(status=HTTPStatus.CREATED, body={"order": order})

    def made(self, fields: Mapping[str, Any]) -> Entity:
        """
        Create an order with one fulfillment order, and tell of it.
        """
        number, now = self._shop.number(), whole_seconds(self._shop.now())
        order = {
            "id": number,
            "name": f"#{number}",
            "created_at": now,
            "updated_at": now,
            "cancelled_at": None,
            "fulfillment_status": None,
            "tags": "",
            "note": None,
            **_sample(self._shop),
            **{name: fields[name] for name in _CHANGEABLE if name in fields},
        }
        self._shop.orders[str(number)] = order
        part = self._shop.number()
        self._parts[str(part)] = {
            "id": part,
            "order_id": number,
            "status": "open",
            "request_status": "unsubmitted",
        }
        self._shop.tell("order.created", order, sent)
        return order

    def _update(self, call: Call) -> Answer:
        order, fields = self._order(call), _inside(call, "order")
        order.update({name: fields[name] for name in _CHANGEABLE if name in fields})
        order["updated_at"] = whole_seconds(self._shop.now())
        self._shop.log("update_order", order["id"], call.idempotency_key, fields)
        self._shop.tell("order.updated", order, sent)
        return Answer(body={"order": order})

    def _list_parts(self, call: Call) -> Answer:
        number = self._order(call)["id"]
        return Answer(
            body={"fulfillment_orders": [one for one in self._parts.values() if one["order_id"] == number]}
        )

    def _fulfil(self, call: Call) -> Answer:
        fields = _inside(call, "fulfillment")
        lines = fields.get("line_items_by_fulfillment_order") or []
        parts = [self._shop.known(self._parts, str(line.get("fulfillment_order_id"))) for line in lines]
        if not parts or any(part["status"] != "open" for part in parts):
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "The fulfillment order is not in an open state.")
        for part in parts:
            part["status"] = "closed"
        order = self._shop.orders[str(parts[0]["order_id"])]
        order["fulfillment_status"] = "fulfilled"
        tracking = fields.get("tracking_info") or {}
        self._shop.log("create_fulfillment", order["id"], call.idempotency_key, {"tracking": tracking})
        body = {
            "id": self._shop.number(),
            "order_id": order["id"],
            "status": "success",
            "tracking_number": tracking.get("number"),
            "tracking_company": tracking.get("company"),
        }
        return Answer(status=HTTPStatus.CREATED, body={"fulfillment": body})

    def _create_product(self, call: Call) -> Answer:
        number = self._shop.number()
        product: Entity = {"id": number, "status": "active", "variants": []}
        self._shop.products[str(number)] = product
        return self._written(product, call, "product.created", HTTPStatus.CREATED)

    def _update_product(self, call: Call) -> Answer:
        product = self._shop.known(self._shop.products, call.parameters["productId"])
        return self._written(product, call, "product.updated", HTTPStatus.OK)

    def _written(self, product: Entity, call: Call, topic: str, status: int) -> Answer:
        fields = _inside(call, "product")
        product.update({name: value for name, value in fields.items() if name != "id"})
        product["updated_at"] = whole_seconds(self._shop.now())
        self._shop.tell(topic, product, sent)
        return Answer(status=status, body={"product": product})

    def _create_webhook(self, call: Call) -> Answer:
        fields = _inside(call, "webhook")
        missing = [name for name in ("topic", "address") if not fields.get(name)]
        if missing:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"{', '.join(missing)}: can't be blank")
        # Whatever the subscription, the app's client secret signs.
        found = self._shop.subscribe(topic_of(fields["topic"]), fields["address"], self._rules.client_secret)
        body = {"id": found.id, "topic": shopify_topic(found.topic), "address": found.url, "format": "json"}
        return Answer(status=HTTPStatus.CREATED, body={"webhook": body})


def _inside(call: Call, name: str) -> Entity:
    found = body_of(call, read_json).get(name)
    if not isinstance(found, dict):
        raise Refusal(HTTPStatus.BAD_REQUEST, f"Required parameter missing or invalid: {name}")
    return found


def _sample(shop: Shop) -> Entity:
    bought = sample_purchase(shop.chance)
    place = {
        "first_name": bought["first"],
        "last_name": bought["last"],
        "name": f"{bought['first']} {bought['last']}",
        "company": None,
        "address1": bought["address"],
        "address2": "",
        "city": bought["city"],
        "zip": bought["postcode"],
        "country_code": bought["country"],
        "phone": bought["phone"],
    }
    return {
        "email": bought["email"],
        "currency": "NOK",
        "total_price": bought["price"],
        "financial_status": "paid",
        "shipping_address": place,
        "billing_address": place,
        "line_items": [
            {
                "id": shop.number(),
                "title": bought["product"],
                "sku": bought["sku"],
                "quantity": 1,
                "price": bought["price"],
            }
        ],
    }
