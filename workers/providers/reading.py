"""
What a shop's orders and products say: from the vendor's JSON to an order for the order API. Pure.

Fields are those of the vendors' own samples (tests/workers/providers/samples names them). Where the goods go is the
shipping address, else the billing one. What the order API requires and a shop's order lacks is said field by field.
"""

import html
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import phonenumbers
from pydantic import ValidationError

from ..api.orders import NewOrder
from .provider import Kind

_MOST_LINES = 100
#: Statuses of WooCommerce in which nobody waits for an order any more; the page lists them.
ENDED = frozenset({"cancelled", "refunded", "failed", "trash"})


class Incomplete(Exception):
    """A shop's order is no order for the order API; `problems` name the fields, and show no value."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__("; ".join(problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopOrder:
    """
    An order as its shop shows it, under the names of the order API.

    Args:
        ended: How it has ended before it began, such as `cancelled`; empty for an order that somebody waits for.
    """

    id: str
    number: str
    ended: str = ""
    fields: Mapping[str, str] = field(repr=False)

    def new_order(self, *, provider: str, shop: str) -> NewOrder:
        """
        Return the order to create; its metadata says where it comes from.

        Raises:
            Incomplete: Something that the order API requires is missing, or unusable.
        """
        metadata = {
            "provider": provider,
            "shop": shop,
            "shopOrderId": self.id,
            "shopOrderNumber": self.number,
        }
        filled = {name: value for name, value in self.fields.items() if value}
        try:
            return NewOrder.model_validate({**filled, "metadata": metadata})
        except ValidationError as error:
            raise Incomplete(tuple(_problems(error))) from None


def _problems(error: ValidationError) -> Iterator[str]:
    for one in error.errors(include_url=False, include_input=False):
        yield f"{'.'.join(map(str, one['loc']))}: {one['msg'].removeprefix('Value error, ')}"


def order_of(kind: Kind, payload: Mapping[str, Any]) -> ShopOrder:
    """
    Read a shop's order.

    Raises:
        Incomplete: It has no id.
    """
    read = _woocommerce if kind is Kind.WOOCOMMERCE else _shopify
    found = read(payload)
    if not found.id:
        raise Incomplete(("id: missing",))
    return found


def _woocommerce(order: Mapping[str, Any]) -> ShopOrder:
    """Source: woocommerce-rest-api-docs, wp-api-v3/_orders.md, "Order properties"."""
    billing = _table(order, "billing")
    place = _table(order, "shipping") if _text(order, "shipping", "address_1") else billing
    country = _text(place, "country")
    number = _text(order, "number") or _text(order, "id")
    status = _text(order, "status")
    return ShopOrder(
        id=_text(order, "id"),
        number=number,
        ended=status if status in ENDED else "",
        fields={
            "name": f"WooCommerce {number}",
            "description": _description(order, note=_text(order, "customer_note"), title="name"),
            "workplace": _text(place, "company"),
            "address": _joined(place, "address_1", "address_2"),
            "city": _text(place, "city"),
            "postalCode": _text(place, "postcode"),
            "countryCode": country,
            "email": _text(billing, "email"),
            "phoneNumber": _phone(_text(place, "phone") or _text(billing, "phone"), country),
            "contactPersonName": _joined(place, "first_name", "last_name", by=" "),
        },
    )


def _shopify(order: Mapping[str, Any]) -> ShopOrder:
    """Source: https://shopify.dev/docs/api/admin-rest/latest/resources/order."""
    billing = _table(order, "billing_address")
    place = _table(order, "shipping_address") or billing
    customer = _table(order, "customer")
    country = _text(place, "country_code")
    number = _text(order, "name") or _text(order, "id")
    phone = _text(place, "phone") or _text(order, "phone") or _text(customer, "phone")
    return ShopOrder(
        id=_text(order, "id"),
        number=number,
        ended="cancelled" if _text(order, "cancelled_at") else "",
        fields={
            "name": f"Shopify {number}",
            "description": _description(order, note=_text(order, "note"), title="title"),
            "workplace": _text(place, "company"),
            "address": _joined(place, "address1", "address2"),
            "city": _text(place, "city"),
            "postalCode": _text(place, "zip"),
            "countryCode": country,
            "email": _text(order, "email") or _text(order, "contact_email") or _text(customer, "email"),
            "phoneNumber": _phone(phone, country),
            "contactPersonName": _joined(place, "first_name", "last_name", by=" ") or _text(place, "name"),
        },
    )


def _description(order: Mapping[str, Any], *, note: str, title: str) -> str:
    """Return the lines and the customer's note as plain text: which offer they would be is for a person to say."""
    found = order.get("line_items")
    lines = [
        one for one in (found if isinstance(found, list) else ())[:_MOST_LINES] if isinstance(one, Mapping)
    ]
    said = [f"{_text(one, 'quantity') or 1} x {_text(one, title)}" for one in lines]
    return "\n".join([*said, *([note] if note else [])])


def _phone(number: str, country: str) -> str:
    """Return the number with its country, as the order API wants it; what cannot be read stays, to be refused there."""
    try:
        parsed = phonenumbers.parse(number, country or None)
    except phonenumbers.NumberParseException:
        return number
    formatted: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return formatted


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopProduct:
    """A product as its shop shows it; the names are those of the Dispatch API's products where it has one."""

    id: str
    name: str
    sku: str
    price: str
    weight: str
    variants: int
    updated_at: str

    def as_json(self) -> dict[str, Any]:
        return {
            "id": self.id,
            "name": self.name,
            "sku": self.sku,
            "price": self.price,
            "weight": self.weight,
            "variantCount": self.variants,
            "updatedAt": self.updated_at,
        }


def product_of(kind: Kind, payload: Mapping[str, Any]) -> ShopProduct:
    """
    Read a shop's product; of one with variants, the first stands for its price.

    Raises:
        Incomplete: It has no id.
    """
    found = _woocommerce_product(payload) if kind is Kind.WOOCOMMERCE else _shopify_product(payload)
    if not found.id:
        raise Incomplete(("id: missing",))
    return found


def _woocommerce_product(product: Mapping[str, Any]) -> ShopProduct:
    """Source: woocommerce-rest-api-docs, wp-api-v3/_products.md, "Product properties"."""
    return ShopProduct(
        id=_text(product, "id"),
        name=_text(product, "name"),
        sku=_text(product, "sku"),
        price=_text(product, "price"),
        weight=_text(product, "weight"),
        variants=_count(product, "variations"),
        updated_at=_text(product, "date_modified_gmt"),
    )


def _shopify_product(product: Mapping[str, Any]) -> ShopProduct:
    """Source: https://shopify.dev/docs/api/admin-rest/latest/resources/product."""
    variants = product.get("variants")
    first = variants[0] if isinstance(variants, list) and variants else {}
    return ShopProduct(
        id=_text(product, "id"),
        name=_text(product, "title"),
        sku=_text(first, "sku"),
        price=_text(first, "price"),
        weight=_text(first, "grams"),
        variants=_count(product, "variants"),
        updated_at=_text(product, "updated_at"),
    )


def _count(table: Mapping[str, Any], name: str) -> int:
    found = table.get(name)
    return len(found) if isinstance(found, list) else 0


def _table(table: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = table.get(name)
    return found if isinstance(found, Mapping) else {}


def _text(table: object, *path: str) -> str:
    """Return the text or number at *path*, without the entities that WooCommerce writes; empty where there is none."""
    for name in path:
        table = table.get(name) if isinstance(table, Mapping) else None
    if isinstance(table, bool) or not isinstance(table, str | int | float):
        return ""
    return html.unescape(str(table)).strip()


def _joined(table: Mapping[str, Any], *names: str, by: str = ", ") -> str:
    return by.join(filter(None, (_text(table, name) for name in names)))
