"""
A shop as one of the sandbox's systems: its API, its orders, its webhooks.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any

from ..api import Api
from ..config import JSON
from ..errors import Refusal
from ..limiting import Limiting
from ..operations import Answer, Call, Evidence, Handler, Operation
from ..signing import Headers
from .shop import Entity, Shop, Subscription

EVENT_TYPES = ("order.created", "order.updated", "product.created", "product.updated", "product.deleted")

Sign = Callable[[Subscription, str, str, bytes], Headers]


class ShopSystem:
    """
    One shop; a vendor's is made by its own module.
    """

    def __init__(
        self,
        shop: Shop,
        *,
        root: str,
        table: Mapping[str, tuple[str, Handler]],
        refused: Callable[[Refusal], Answer],
        admit: Callable[[Mapping[str, str]], None],
        sign: Sign,
        made: Callable[[Mapping[str, Any]], Entity],
    ) -> None:
        """
        Args:
            root: What its paths begin with.
            table: Line, `GET /path`, and handler of each operation, by name.
            made: Creates an order of the given fields, as a customer does.
        """
        self.shop = shop
        self._root = root
        self._sign = sign
        self._made = made
        prefix = f"{shop.system}."
        self.api = Api(
            operations={
                prefix + name: _operation(prefix + name, root, line) for name, (line, _) in table.items()
            },
            handlers={prefix + name: handler for name, (_, handler) in table.items()},
            refused=refused,
            limiting=Limiting(tokens=()),
            admit=admit,
        )

    def signer(self, event_id: str, event_type: str, _: int, body: bytes) -> Headers:
        """
        Return the headers of a delivery; those of a subscription that is gone are unsigned.
        """
        found = self.shop.subscription_of(event_id)
        return [] if found is None else self._sign(found, event_id, event_type, body)

    @property
    def event_types(self) -> Collection[str]:
        return EVENT_TYPES

    def owns(self, path: str) -> bool:
        return path.startswith(self._root)

    def summary(self) -> Mapping[str, Any]:
        return {
            "storePath": self._root.removesuffix("/wp-json/wc/v3").partition("/admin/")[0],
            "orders": len(self.shop.orders),
            "products": len(self.shop.products),
            "webhooks": [{"topic": one.topic, "url": one.url} for one in self.shop.subscriptions.values()],
        }

    def orders(self) -> list[JSON]:
        return list(self.shop.orders.values())

    def holds(self, subject: str) -> bool:
        return subject in self.shop.orders

    def advance(self, subject: str, to: str | None) -> tuple[str, ...]:
        raise Refusal(
            409, f"{subject} is moved on by calls of the shop's API only, not to {to or 'the next step'}"
        )

    def create_order(self, fields: Mapping[str, Any]) -> JSON:
        return self._made(fields)

    def forget(self) -> None:
        self.shop.forget()
        self.api.limiting.forget()

    def close(self) -> None:
        """
        Nothing is open.
        """


def _operation(name: str, root: str, line: str) -> Operation:
    method, _, path = line.partition(" ")
    return Operation(
        name=name,
        method=method,
        path=root + path,
        evidence=Evidence.DOCUMENTED,
        note="the path before /wp-json or /admin is ours, and every value",
    )


def body_of(call: Call, read: Callable[[bytes], Any]) -> Entity:
    """
    Raises:
        Refusal: 400, the body is no JSON object.

    """
    found = read(call.body)
    if not isinstance(found, dict):
        raise Refusal(400, "the body is no JSON object")
    return found
