"""
The connected shops of one shift: read from Redis at its start, each with its client, its credentials and a budget.

A change of a provider is therefore seen within one shift.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import urlsplit

import aiohttp
import redis.asyncio as aredis
import structlog
from redis.exceptions import RedisError

from receiver import keys
from receiver.sealing import SealError, Sealing

from ..actions.base import OrderApi
from ..api.gate import Gate
from ..budget import Budget, Terms
from ..egress import open_session
from ..failures import Permanent, Reason, Transient
from .links import Links
from .news import News
from .products import Products
from .provider import Credentials, Kind, Provider
from .shopify import Shopify
from .woocommerce import WooCommerce

log = structlog.get_logger()

#: Calls per second to one Shopify shop: the documented limit of the standard plan
#: (https://shopify.dev/docs/api/admin-rest/usage/rate-limits). WooCommerce documents none.
SHOPIFY_RATE_PER_S = 2.0
SHOPIFY_BURST = 10
#: Seconds until an event comes back that waits for a shift which knows its shop.
AGAIN_S = 1.0


class ShopClient(Protocol):
    """The calls to a shop; each raises a `Failure` and nothing else."""

    async def check(self) -> None: ...
    async def get_order(self, order_id: str) -> Mapping[str, Any]: ...
    async def tell(self, order_id: str, news: News, *, idempotency_key: str) -> Mapping[str, Any]: ...


class ShopsChanged(Transient):
    """A shop was connected or disconnected since this shift began; the next one knows what is wanted of its events."""

    uses_attempt = False
    default_reason = Reason.SHOPS_CHANGED


@dataclass(frozen=True, slots=True, kw_only=True)
class Shops:
    """
    What the actions on shops work with.

    Args:
        source: The source whose order API is given the orders of shops; empty where there is none.
        orders: Its API.
        version: The word that Redis had for the list of shops before it was read.
    """

    providers: Mapping[str, Provider] = field(default_factory=dict)
    clients: Mapping[str, ShopClient] = field(default_factory=dict, repr=False)
    links: Links = field(repr=False)
    products: Products = field(repr=False)
    source: str = ""
    orders: OrderApi | None = field(default=None, repr=False)
    version: str = ""

    async def assure_current(self) -> None:
        """
        Return if the list of shops is still the one that this shift knows.

        Else the first orders of a shop that was just connected would be ignored, by a shift that began before.

        Raises:
            ShopsChanged: It is another one by now.
        """
        if await version_of(self.links.redis) != self.version:
            message = (
                "the list of connected shops has changed; the event waits for the next shift, which knows it"
            )
            raise ShopsChanged(message, retry_after_s=AGAIN_S)

    def provider(self, guid: str) -> Provider:
        """
        Return an active provider.

        Raises:
            Permanent: There is none of that guid any more.
        """
        found = self.providers.get(guid)
        if found is None or not found.active:
            message = f"the provider {guid} was disabled or removed; configure its shop again, then replay"
            raise Permanent(message, reason="provider_gone")
        return found

    def client(self, guid: str) -> ShopClient:
        """
        Return the client of an active provider's shop.

        Raises:
            Permanent: There is no such provider, or its credentials cannot be opened.
        """
        provider = self.provider(guid)
        found = self.clients.get(guid)
        if found is None:
            message = (
                f"the credentials of {provider.source} cannot be opened; set console.credentials_key to the key that "
                "the console has, then replay"
            )
            raise Permanent(message, reason="credentials_sealed")
        return found

    def order_api(self) -> OrderApi:
        """
        Return the API that orders are made in.

        Raises:
            Permanent: The configuration does not say which.
        """
        if self.orders is None:
            message = (
                "no order API for the orders of shops; set integrations.order_source to a source that has one"
            )
            raise Permanent(message, reason="order_source_missing")
        return self.orders


async def version_of(redis: "aredis.Redis") -> str:
    """Return the word that Redis has for the list of shops, to be read before the list; none of its if it is away."""
    try:
        found = await redis.get(keys.provided_version())
    except (RedisError, OSError):
        return "unknown"
    return found.decode() if isinstance(found, bytes) else found or ""


def client_of(
    provider: Provider, credentials: Credentials, session: aiohttp.ClientSession, gate: Gate | None = None
) -> ShopClient:
    """Return the client of a provider's shop; the session and the gate stay the caller's."""
    made = WooCommerce if provider.kind is Kind.WOOCOMMERCE else Shopify
    return made(provider, credentials, session, gate)


def terms_of(provider: Provider) -> Terms:
    """Return the terms of a shop's budget; no order API and no target is named like this."""
    address = urlsplit(provider.store_url)
    name = f"shop {address.netloc}{address.path} {provider.guid[:8]}"
    if provider.kind is Kind.SHOPIFY:
        return Terms(name=name, rate_per_s=SHOPIFY_RATE_PER_S, burst=SHOPIFY_BURST)
    return Terms(name=name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """The shops of a shift, and their budgets by name."""

    shops: Shops
    budgets: Mapping[str, Budget]


@contextlib.asynccontextmanager
async def keeping(
    redis: "aredis.Redis",
    providers: Sequence[Provider],
    *,
    sealed: Mapping[str, str],
    sealing: Sealing | None,
    allow_private: bool,
    source: str,
    orders: OrderApi | None,
    version: str,
) -> AsyncIterator[Kept]:
    """
    Yield the shops; at the end their connections are closed and what is left to tell is told.

    Args:
        sealed: The credentials, by guid.
        source: The source whose order API is given the orders of shops, *orders*; empty where there is none.
    """
    credentials = _credentials(sealed, [one for one in providers if one.active], sealing)
    budgets = {one.guid: Budget(redis, terms_of(one)) for one in providers if one.guid in credentials}
    async with open_session(allow_private=allow_private) as session:
        shops = Shops(
            providers={one.guid: one for one in providers},
            clients={
                one.guid: client_of(one, credentials[one.guid], session, budgets[one.guid])
                for one in providers
                if one.guid in credentials
            },
            links=Links(redis),
            products=Products(redis),
            source=source,
            orders=orders,
            version=version,
        )
        try:
            yield Kept(shops=shops, budgets={one.terms.name: one for one in budgets.values()})
        finally:
            await asyncio.gather(*(budget.close() for budget in budgets.values()))


def _credentials(
    sealed: Mapping[str, str], providers: Sequence[Provider], sealing: Sealing | None
) -> dict[str, Credentials]:
    """Return what can be opened; a shop without has no client, and its steps say so."""
    if providers and sealing is None:
        log.error("providers.no_key", setting="console.credentials_key", providers=len(providers))
    if sealing is None:
        return {}
    found = {}
    for provider in providers:
        try:
            found[provider.guid] = Credentials.read(sealing.opened(sealed.get(provider.guid, "")))
        except (SealError, ValueError) as error:
            log.error("providers.sealed", source=provider.source, error=str(error))
    return found
