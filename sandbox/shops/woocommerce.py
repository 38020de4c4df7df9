"""
The WooCommerce shop: REST v3 as its documentation shows it, under `/shops/woocommerce/wp-json/wc/v3`.

Source: https://woocommerce.github.io/woocommerce-rest-api-docs/ (orders, order notes, products, webhooks, errors).
"""

import base64
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
from .signatures import woocommerce as sign
from .system import ShopSystem, body_of

NAME = "woocommerce"
ROOT = "/shops/woocommerce/wp-json/wc/v3"
#: What a client may change of an order, of what it may; the rest of the documented fields is read-only or not needed.
_CHANGEABLE = ("status", "billing", "shipping", "customer_note", "line_items", "currency")
_MOST_PER_PAGE = 100


def woocommerce(shop: Shop, rules: ShopRules) -> ShopSystem:
    """
    Return the shop as a system.
    """
    desk = _Desk(shop)
    return ShopSystem(
        shop,
        root=ROOT,
        table=desk.table(),
        refused=_refused,
        admit=lambda headers: _admit(headers, rules),
        sign=sign,
        made=desk.made,
    )


def _admit(headers: Mapping[str, str], rules: ShopRules) -> None:
    expected = base64.b64encode(f"{rules.consumer_key}:{rules.consumer_secret}".encode()).decode()
    if headers.get("authorization", "") != f"Basic {expected}":
        raise Refusal(HTTPStatus.UNAUTHORIZED, "Sorry, you cannot list resources.")


def _refused(refusal: Refusal) -> Answer:
    """
    Write a refusal as the page's section on errors does: code, message, data.status. The codes are ours but for two.
    """
    codes = {401: "woocommerce_rest_cannot_view", 404: "woocommerce_rest_shop_order_invalid_id"}
    code = codes.get(refusal.status, "woocommerce_rest_sandbox")
    body = {"code": code, "message": refusal.message, "data": {"status": refusal.status}}
    return Answer(status=refusal.status, body=body)


class _Desk:
    """
    What each operation does.
    """

    def __init__(self, shop: Shop) -> None:
        self._shop = shop
        self._notes: dict[str, list[Entity]] = {}

    def table(self) -> Mapping[str, tuple[str, Handler]]:
        return {
            "list_orders": ("GET /orders", self._list),
            "create_order": ("POST /orders", self._create),
            "get_order": ("GET /orders/{orderId}", self._get),
            "update_order": ("PUT /orders/{orderId}", self._update),
            "list_notes": ("GET /orders/{orderId}/notes", self._list_notes),
            "create_note": ("POST /orders/{orderId}/notes", self._create_note),
            "create_product": ("POST /products", self._create_product),
            "update_product": ("PUT /products/{productId}", self._update_product),
            "delete_product": ("DELETE /products/{productId}", self._delete_product),
            "create_webhook": ("POST /webhooks", self._create_webhook),
        }

    def _list(self, call: Call) -> Answer:
        per_page = call.query.get("per_page", "10")
        if not per_page.isdigit() or not 1 <= int(per_page) <= _MOST_PER_PAGE:
            raise Refusal(HTTPStatus.BAD_REQUEST, "Invalid parameter(s): per_page")
        return Answer(body=list(reversed(self._shop.orders.values()))[: int(per_page)])

    def _get(self, call: Call) -> Answer:
        return Answer(body=self._order(call))

    def _order(self, call: Call) -> Entity:
        return self._shop.known(self._shop.orders, call.parameters["orderId"])

    def _create(self, call: Call) -> Answer:
        order = self.made(body_of(call, read_json))
        self._shop.log("create_order", order["id"], call.idempotency_key, {})
        return Answer(status=HTTPStatus.CREATED, body=order)

    def made(self, fields: Mapping[str, Any]) -> Entity:
        """
        Create an order, and tell of it.
        """
        number, now = self._shop.number(), whole_seconds(self._shop.now()).removesuffix("Z")
        order = {
            "id": number,
            "number": str(number),
            "created_via": "rest-api",
            "date_created_gmt": now,
            "date_modified_gmt": now,
            "meta_data": [],
            **_sample(self._shop),
            **{name: fields[name] for name in _CHANGEABLE if name in fields},
        }
        self._shop.orders[str(number)] = order
        self._shop.tell("order.created", order, sent)
        return order

    def _update(self, call: Call) -> Answer:
        order, fields = self._order(call), body_of(call, read_json)
        order.update({name: fields[name] for name in _CHANGEABLE if name in fields})
        for entry in fields.get("meta_data", []):
            self._put(order["meta_data"], entry)
        order["date_modified_gmt"] = whole_seconds(self._shop.now()).removesuffix("Z")
        self._shop.log("update_order", order["id"], call.idempotency_key, fields)
        self._shop.tell("order.updated", order, sent)
        return Answer(body=order)

    def _put(self, metadata: list[Entity], entry: Mapping[str, Any]) -> None:
        """
        Change the entry of this id, else add one: a key alone names none.
        """
        known = next((one for one in metadata if one["id"] == entry.get("id")), None)
        if known is None:
            metadata.append({"id": self._shop.number(), "key": entry["key"], "value": entry["value"]})
        else:
            known.update(entry)

    def _list_notes(self, call: Call) -> Answer:
        return Answer(body=list(reversed(self._notes.get(str(self._order(call)["id"]), []))))

    def _create_note(self, call: Call) -> Answer:
        order, fields = self._order(call), body_of(call, read_json)
        if not isinstance(fields.get("note"), str):
            raise Refusal(HTTPStatus.BAD_REQUEST, "Missing parameter(s): note")
        note = {
            "id": self._shop.number(),
            "author": "system",
            "date_created_gmt": whole_seconds(self._shop.now()).removesuffix("Z"),
            "note": fields["note"],
            "customer_note": bool(fields.get("customer_note", False)),
        }
        self._notes.setdefault(str(order["id"]), []).append(note)
        self._shop.log("create_note", order["id"], call.idempotency_key, {"note": fields["note"]})
        return Answer(status=HTTPStatus.CREATED, body=note)

    def _create_product(self, call: Call) -> Answer:
        number = self._shop.number()
        product = {"id": number, "type": "simple", "status": "publish", "variations": []}
        self._shop.products[str(number)] = product
        return self._written(product, call, "product.created", HTTPStatus.CREATED)

    def _update_product(self, call: Call) -> Answer:
        product = self._shop.known(self._shop.products, call.parameters["productId"])
        return self._written(product, call, "product.updated", HTTPStatus.OK)

    def _written(self, product: Entity, call: Call, topic: str, status: int) -> Answer:
        fields = body_of(call, read_json)
        product.update({name: value for name, value in fields.items() if name not in ("id", "type")})
        product["price"] = product.get("regular_price", "")
        product["date_modified_gmt"] = whole_seconds(self._shop.now()).removesuffix("Z")
        self._shop.tell(topic, product, sent)
        return Answer(status=status, body=product)

    def _delete_product(self, call: Call) -> Answer:
        product = self._shop.known(self._shop.products, call.parameters["productId"])
        del self._shop.products[str(product["id"])]
        # The payload of a deletion is the id alone: WC_Webhook::build_payload; the page does not show it.
        self._shop.tell("product.deleted", product, lambda one: sent({"id": one["id"]}))
        return Answer(body=product)

    def _create_webhook(self, call: Call) -> Answer:
        fields = body_of(call, read_json)
        missing = [name for name in ("topic", "delivery_url", "secret") if not fields.get(name)]
        if missing:
            raise Refusal(HTTPStatus.BAD_REQUEST, f"Missing parameter(s): {', '.join(missing)}")
        found = self._shop.subscribe(fields["topic"], fields["delivery_url"], fields["secret"])
        body = {"id": found.id, "status": "active", "topic": found.topic, "delivery_url": found.url}
        return Answer(status=HTTPStatus.CREATED, body=body)


def _sample(shop: Shop) -> Entity:
    """
    Return the fields of an order, as "Create an order" of the page shows them.
    """
    bought = sample_purchase(shop.chance)
    place = {
        "first_name": bought["first"],
        "last_name": bought["last"],
        "company": "",
        "address_1": bought["address"],
        "address_2": "",
        "city": bought["city"],
        "state": "",
        "postcode": bought["postcode"],
        "country": bought["country"],
    }
    return {
        "status": "processing",
        "currency": "NOK",
        "total": bought["price"],
        "customer_note": "",
        "billing": {**place, "email": bought["email"], "phone": bought["phone"]},
        "shipping": place,
        "line_items": [
            {
                "id": shop.number(),
                "name": bought["product"],
                "sku": bought["sku"],
                "quantity": 1,
                "total": bought["price"],
            }
        ],
    }
