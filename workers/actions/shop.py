"""
The built-in actions on connected shops: `import_order`, `push_tracking`, `sync_product`.

Workflows that use them come with a provider of the Integrations API; what its three settings mean stands in
`workers/providers/managed.py`.
"""

import hashlib
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias, cast

from pydantic import Field

from ..failures import Moot, Permanent, Reason
from ..providers.news import News, Stage, tracking_of
from ..providers.provider import Provider
from ..providers.reading import Incomplete, ShopOrder, order_of, product_of
from ..providers.shops import Shops
from .base import Result, Step
from .marking import action

ProviderGuid: TypeAlias = Annotated[str, Field(pattern=r"^[0-9a-f-]{36}$")]

_STAGES: Mapping[str, Stage] = {"order.dispatched": "dispatched", "order.completed": "completed"}


@action("import_order", effect="keyed")
async def import_order(step: Step, *, provider: ProviderGuid) -> Result:
    """
    Create the order that a shop tells of in the order API, once.

    The idempotency key is made of the provider and the shop's order, not of the event: a second notice of the same
    order, or its replay, creates nothing.

    Args:
        provider: The id of the connected shop.
    """
    shops = _shops(step)
    found = shops.provider(provider)
    order = _read(found, step.event.payload)
    made = await shops.links.made_of(found.guid, order.id)
    if made:
        return {"order": made, "shopOrder": order.id, "already": True}
    if order.ended:
        message = (
            f"order {order.number} of {found.source} is {order.ended} in the shop, so it is not imported"
        )
        raise Moot(message, reason=Reason.ORDER_CANCELLED)
    api = shops.order_api()
    new = await _complete(shops, found, order)
    created = await api.create_order(new, idempotency_key=key_of(found.guid, order.id))
    await shops.links.remember(
        provider=found.guid, shop_order=order.id, source=shops.source, order=created.id
    )
    return {"order": created.id, "shopOrder": order.id, "already": created.duplicate}


def key_of(provider: str, shop_order: str) -> str:
    """Return the idempotency key of a shop's order: the same in every event that tells of it, 32 hex digits."""
    return hashlib.sha256(f"shop-order\0{provider}\0{shop_order}".encode()).hexdigest()[:32]


def _read(provider: Provider, payload: Mapping[str, Any]) -> ShopOrder:
    try:
        return order_of(provider.kind, payload)
    except Incomplete as error:
        raise Permanent(
            f"the notice of {provider.source} is no order: {error}", reason="order_incomplete"
        ) from None


async def _complete(shops: Shops, provider: Provider, order: ShopOrder) -> Any:
    """
    Return the order to create; where the notice lacks something, by what the shop says now.

    So a person can correct the order in the shop, and replay the event.
    """
    try:
        return order.new_order(provider=provider.guid, shop=provider.store_url)
    except Incomplete:
        pass
    fresh = _read(provider, await shops.client(provider.guid).get_order(order.id))
    try:
        return fresh.new_order(provider=provider.guid, shop=provider.store_url)
    except Incomplete as error:
        message = f"order {order.number} of {provider.source} cannot be imported: {error}; correct it there and replay"
        raise Permanent(message, reason="order_incomplete") from None


@action("push_tracking", effect="natural")
async def push_tracking(step: Step) -> Result:
    """
    Tell the shop that an order came from where it stands now, and its tracking number if there is one.

    An order that came from no shop is left alone. What stands in the shop already is not written again.
    """
    shops = _shops(step)
    stage = _STAGES.get(step.event.type)
    if stage is None or not step.event.subject:
        return {"told": False, "note": f"{step.event.type} is nothing that shops are told of"}
    order = await _order(step)
    origin = await shops.links.origin(step.event.source, step.event.subject) or _marked(order)
    if origin is None:
        return {"told": False, "note": "the order came from no connected shop"}
    guid, shop_order = origin
    provider = shops.providers.get(guid)
    if provider is None or not provider.active or not provider.wishes.push_tracking:
        return {"told": False, "note": f"the provider {guid} wants no tracking, or is connected no more"}
    data = step.event.payload.get("data")
    news = News(
        stage=stage,
        reference=_word(order.get("displayId")),
        tracking=tracking_of(data if isinstance(data, Mapping) else None, order),
    )
    told = await shops.client(guid).tell(shop_order, news, idempotency_key=step.idempotency_key)
    return {"told": True, "provider": provider.source, **told}


async def _order(step: Step) -> Mapping[str, Any]:
    """Return the order as its API has it now: its tracking may be newer than the event."""
    if step.api is None:
        return {}
    return (await step.api.get_order(cast(str, step.event.subject))).raw


def _marked(order: Mapping[str, Any]) -> tuple[str, str] | None:
    """Return where the order's own metadata says that it came from: the link in Redis ends some day."""
    found = order.get("metadata")
    if not isinstance(found, Mapping):
        return None
    provider, shop_order = _word(found.get("provider")), _word(found.get("shopOrderId"))
    return (provider, shop_order) if provider and shop_order else None


@action("sync_product", effect="natural")
async def sync_product(step: Step, *, provider: ProviderGuid) -> Result:
    """
    Keep a shop's product as its notice shows it, or forget one that was deleted.

    Args:
        provider: The id of the connected shop.
    """
    shops = _shops(step)
    found = shops.provider(provider)
    try:
        product = product_of(found.kind, step.event.payload)
    except Incomplete as error:
        raise Permanent(
            f"the notice of {found.source} is no product: {error}", reason="product_incomplete"
        ) from None
    if step.event.type == "product.deleted":
        await shops.products.drop(found.guid, product.id)
        return {"product": product.id, "dropped": True}
    if not await shops.products.put(found.guid, product):
        raise Permanent(
            f"{found.source} has too many products; no further one is kept", reason="products_full"
        )
    return {"product": product.id}


def _shops(step: Step) -> Shops:
    if step.shops is None:
        raise Permanent("no shops are connected here", reason="provider_gone")
    return step.shops


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""
