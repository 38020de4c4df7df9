"""
A Shopify shop's API, Admin REST: https://shopify.dev/docs/api/admin-rest (order, fulfillment, fulfillment order, shop).

Shopify calls this API legacy since October 2024 and has new public apps use GraphQL; it still documents and answers it.
Which of the three documented credentials is which of Shopify's is ours: `apiKey` is the Admin API access token,
`apiSecret` the app's client secret, which its webhooks are signed with. That a status is told by a tag is ours too,
since Shopify has no status of its own for it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import aiohttp

from ..api.gate import Gate
from ..failures import Moot, Reason
from .calls import ShopCalls, inside, listed, operation
from .news import News
from .provider import Credentials, Provider

#: Of the pages this was written by; Shopify answers a version that has ended with the oldest it still has.
VERSION = "2025-10"
_BASE = f"/admin/api/{VERSION}"
_SHOP = operation("get_shop", "GET", f"{_BASE}/shop.json", of_order=False)
_GET = operation("get_order", "GET", f"{_BASE}/orders/{{orderId}}.json")
_PUT = operation("update_order", "PUT", f"{_BASE}/orders/{{orderId}}.json")
_PARTS = operation("list_fulfillment_orders", "GET", f"{_BASE}/orders/{{orderId}}/fulfillment_orders.json")
_FULFIL = operation("create_fulfillment", "POST", f"{_BASE}/fulfillments.json", of_order=False)

#: Statuses of a fulfillment order that can still be fulfilled.
_OPEN = frozenset({"open", "in_progress"})
#: How the tags that we write begin.
TAG = "orderhook-"


def proof(token: str) -> Mapping[str, str]:
    """
    Return the header for an access token.

    Source: https://shopify.dev/docs/api/admin-rest, "Authentication".
    """
    return {"X-Shopify-Access-Token": token}


class Shopify:
    """One shop; see `workers.actions.Shop`."""

    def __init__(
        self,
        provider: Provider,
        credentials: Credentials,
        session: aiohttp.ClientSession,
        gate: Gate | None = None,
    ) -> None:
        self._calls = ShopCalls(provider, session, token=credentials.api_key.reveal(), proof=proof, gate=gate)

    async def check(self) -> None:
        """Read the shop."""
        await self._calls.ask(_SHOP, inside("shop"))

    async def get_order(self, order_id: str) -> Mapping[str, Any]:
        return await self._calls.ask(_GET, inside("order"), ids={"orderId": order_id})

    async def tell(self, order_id: str, news: News, *, idempotency_key: str) -> Mapping[str, Any]:
        """Fulfil what is open, where there is tracking or the order is completed, and set the tag."""
        order = await self.get_order(order_id)
        if order.get("cancelled_at"):
            message = f"the shop's order {order_id} is cancelled, so it is told nothing"
            raise Moot(message, reason=Reason.ORDER_CANCELLED)
        goes = news.tracking is not None or news.stage == "completed"
        fulfilled = await self._fulfil(order_id, news, idempotency_key) if goes else ()
        tagged = await self._tag(order_id, order, news, idempotency_key)
        return {"shopOrder": order_id, "already": not (fulfilled or tagged), "fulfilled": list(fulfilled)}

    async def _fulfil(self, order_id: str, news: News, key: str) -> Sequence[int]:
        """Fulfil what is still open; what was fulfilled is not open any more, so a repeat finds nothing."""
        parts = await self._calls.ask(_PARTS, listed("fulfillment_orders"), ids={"orderId": order_id})
        left = [one["id"] for one in parts if one.get("status") in _OPEN and "id" in one]
        if left:
            body = {"fulfillment": _fulfillment(left, news)}
            await self._calls.ask(_FULFIL, inside("fulfillment"), body=body, key=f"{key}-fulfil")
        return left

    async def _tag(self, order_id: str, order: Mapping[str, Any], news: News, key: str) -> bool:
        found = order.get("tags")
        tags = [tag.strip() for tag in found.split(",")] if isinstance(found, str) and found.strip() else []
        ours = f"{TAG}{news.stage}"
        if ours in tags:
            return False
        others = [tag for tag in tags if not tag.startswith(TAG)]
        body = {"order": {"id": order.get("id"), "tags": ", ".join([*others, ours])}}
        await self._calls.ask(_PUT, inside("order"), ids={"orderId": order_id}, body=body, key=f"{key}-order")
        return True


def _fulfillment(parts: Sequence[int], news: News) -> Mapping[str, Any]:
    """
    Return a fulfillment of whole fulfillment orders.

    Source: https://shopify.dev/docs/api/admin-rest/latest/resources/fulfillment, POST fulfillments.json.
    """
    lines = [{"fulfillment_order_id": part} for part in parts]
    if news.tracking is None:
        return {"line_items_by_fulfillment_order": lines}
    known = {"number": news.tracking.number, "company": news.tracking.carrier, "url": news.tracking.url}
    tracking = {name: value for name, value in known.items() if value}
    return {"line_items_by_fulfillment_order": lines, "tracking_info": tracking}
