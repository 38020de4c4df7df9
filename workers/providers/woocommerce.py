"""
A WooCommerce shop's API, REST v3: https://woocommerce.github.io/woocommerce-rest-api-docs/ (orders, order notes,
authentication).

WooCommerce has no status for goods on their way and no field for tracking; that both are told by an order note and by
metadata of the order is ours.
"""

import base64
from collections.abc import Mapping
from typing import Any

import aiohttp

from ..api.gate import Gate
from ..failures import Moot, Reason
from .calls import ShopCalls, json_list, json_object, operation
from .news import News
from .provider import Credentials, Provider
from .reading import ENDED

_BASE = "/wp-json/wc/v3"
_LIST = operation("list_orders", "GET", f"{_BASE}/orders", of_order=False)
_GET = operation("get_order", "GET", f"{_BASE}/orders/{{orderId}}")
_PUT = operation("update_order", "PUT", f"{_BASE}/orders/{{orderId}}")
_NOTES = operation("list_notes", "GET", f"{_BASE}/orders/{{orderId}}/notes")
_NOTE = operation("create_note", "POST", f"{_BASE}/orders/{{orderId}}/notes")

#: Where our news stands in the order's metadata.
STATUS_KEY, TRACKING_KEY = "orderhook_status", "orderhook_tracking"
#: Statuses from which an order may become completed; the others were set by somebody who knew better.
_OPEN = frozenset({"pending", "processing", "on-hold"})


def proof(token: str) -> Mapping[str, str]:
    """
    Return the header for `consumer key:consumer secret`.

    Source: _authentication.md, "Authentication over HTTPS": HTTP Basic.
    """
    return {"Authorization": f"Basic {base64.b64encode(token.encode()).decode()}"}


class WooCommerce:
    """One shop; see `workers.actions.Shop`."""

    def __init__(
        self,
        provider: Provider,
        credentials: Credentials,
        session: aiohttp.ClientSession,
        gate: Gate | None = None,
    ) -> None:
        token = f"{credentials.api_key.reveal()}:{credentials.api_secret.reveal()}"
        self._calls = ShopCalls(provider, session, token=token, proof=proof, gate=gate)

    async def check(self) -> None:
        """Read one order: what the credentials must be good for at the least."""
        await self._calls.ask(_LIST, json_list, query={"per_page": "1"})

    async def get_order(self, order_id: str) -> Mapping[str, Any]:
        return await self._calls.ask(_GET, json_object, ids={"orderId": order_id})

    async def tell(self, order_id: str, news: News, *, idempotency_key: str) -> Mapping[str, Any]:
        """Write a note and the metadata, and complete the order; what is there already is left alone."""
        order = await self.get_order(order_id)
        if order.get("status") in ENDED:
            message = f"the shop's order {order_id} is {order['status']}, so it is told nothing"
            raise Moot(message, reason=Reason.ORDER_CANCELLED)
        noted = await self._note(order_id, news, idempotency_key)
        changes = _changes(order, news)
        if changes:
            await self._calls.ask(
                _PUT, json_object, ids={"orderId": order_id}, body=changes, key=f"{idempotency_key}-order"
            )
        return {"shopOrder": order_id, "already": not (noted or changes), **changes}

    async def _note(self, order_id: str, news: News, key: str) -> bool:
        """Write the note, unless it is there: a second one would be a second effect."""
        ids = {"orderId": order_id}
        notes = await self._calls.ask(_NOTES, json_list, ids=ids)
        if any(one.get("note") == news.sentence for one in notes):
            return False
        await self._calls.ask(_NOTE, json_object, ids=ids, body={"note": news.sentence}, key=f"{key}-note")
        return True


def _changes(order: Mapping[str, Any], news: News) -> dict[str, Any]:
    """Return what of the order is to become otherwise."""
    found = order.get("meta_data")
    known = {
        one.get("key"): one for one in (found if isinstance(found, list) else ()) if isinstance(one, dict)
    }
    wanted = {STATUS_KEY: news.stage, **({TRACKING_KEY: news.tracking.number} if news.tracking else {})}
    metadata = [
        # With the id of what is there, since a key alone may be taken for a second entry.
        {**({"id": known[key]["id"]} if "id" in known.get(key, {}) else {}), "key": key, "value": value}
        for key, value in wanted.items()
        if known.get(key, {}).get("value") != value
    ]
    completes = news.stage == "completed" and order.get("status") in _OPEN
    return {**({"status": "completed"} if completes else {}), **({"meta_data": metadata} if metadata else {})}
