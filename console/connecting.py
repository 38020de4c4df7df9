"""
Shops, connected and disconnected: what the Integrations API's provider endpoints do, behind whatever door.

Owns what must hold before a shop is connected: both keys are there, its address may be called, and its API takes the
credentials. Where a provider is kept is `workers.providers`' matter.
"""

import asyncio
from dataclasses import dataclass, field
from uuid import uuid4

import redis
from pydantic import ConfigDict
from yarl import URL

from receiver.config import RawConfig, validated
from receiver.sealing import NEW_KEY, SealError, Sealing, SealingKeys
from receiver.settings import Section
from workers import egress
from workers.failures import BadResponse, Failure, Transient, Unauthorized
from workers.provider_settings import CredentialsTable, IntegrationsSection
from workers.providers.provider import Credentials, Provider, Wishes, kind_of
from workers.providers.shops import client_of
from workers.providers.store import AlreadyConfigured, Connection, NoProvider, ProviderStore, TooMany

from .moments import iso

#: Seconds that a shop has to answer the one question that shows whether the credentials are good.
CHECK_S = 10.0


class Refused(Exception):
    """The shop cannot be connected; the message goes to the caller, so it repeats nothing that the shop answered."""


class Taken(Refused):
    """It is connected already."""


class Unknown(Refused):
    """There is no such provider."""


class _Receiver(Section):
    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True)

    secrets_key: SealingKeys = ()


class Terms(Section):
    """
    What the file says of shops, without any secret.
    """

    model_config = ConfigDict(extra="ignore")

    integrations: IntegrationsSection = IntegrationsSection()

    @classmethod
    def of(cls, raw: RawConfig) -> "Terms":
        """
        Read what is needed.

        Raises:
            ConfigError: It cannot be used.

        """
        return validated(cls, raw)


class Keys(Section):
    """
    The keys that seal; they are read here and by no other command.
    """

    model_config = ConfigDict(extra="ignore")

    receiver: _Receiver = _Receiver()
    console: CredentialsTable = CredentialsTable()

    @classmethod
    def of(cls, raw: RawConfig) -> "Keys":
        """
        Read them.

        Raises:
            ConfigError: One is unset, or none.

        """
        return validated(cls, raw)

    @property
    def secrets(self) -> Sealing:
        return _sealing(self.receiver.secrets_key, "receiver.secrets_key")

    @property
    def credentials(self) -> Sealing:
        return _sealing(self.console.credentials_key, "console.credentials_key")


def _sealing(keys: SealingKeys, setting: str) -> Sealing:
    if not keys:
        raise Refused(f"{setting} is not set, so nothing can be sealed; {NEW_KEY}")
    return Sealing(keys)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    A shop to connect, as the caller gave it.

    Args:
        webhook_secret: What its deliveries are signed with, where that is not the API secret.
    """

    provider_id: str
    store_url: str
    api_key: str = field(repr=False)
    api_secret: str = field(repr=False)
    webhook_secret: str = field(default="", repr=False)
    wishes: Wishes = field(default_factory=Wishes)


def connect(client: "redis.Redis", raw: RawConfig, wish: Wish, *, now: int) -> Provider:
    """
    Connect a shop, once it has taken the credentials.

    Raises:
        Refused: It cannot be connected.
        ConfigError: The console's configuration cannot be used.

    """
    terms, sealing = Terms.of(raw), Keys.of(raw)
    secrets, credentials = sealing.secrets, sealing.credentials
    provider = _provider(wish, terms.integrations, now)
    store = ProviderStore(client)
    if any(one.shop == provider.shop and one.active for one in store.all()):
        raise Taken("Integration already configured")
    keys = Credentials.of(wish.api_key, wish.api_secret)
    _check(provider, keys, allow_private=terms.integrations.allow_private)
    connection = Connection(
        provider=provider, credentials=keys, webhook_secret=wish.webhook_secret or wish.api_secret
    )
    try:
        return store.add(connection, secrets=secrets, credentials=credentials)
    except AlreadyConfigured:
        raise Taken("Integration already configured") from None
    except TooMany:
        raise Refused("there are as many integrations as receivers take; remove one first") from None


def disable(client: "redis.Redis", guid: str) -> Provider:
    """
    Let a shop's source be unknown, and its workflows rest.

    Raises:
        Unknown: There is no such provider.

    """
    try:
        return ProviderStore(client).disable(guid)
    except NoProvider:
        raise Unknown("Integration not found") from None


def disconnect(client: "redis.Redis", guid: str) -> Provider:
    """
    Forget a shop and its secrets.

    Raises:
        Unknown: There is no such provider.

    """
    try:
        return ProviderStore(client).remove(guid)
    except NoProvider:
        raise Unknown("Integration not found") from None


def reseal(client: "redis.Redis", raw: RawConfig) -> int:
    """
    Seal all secrets anew with the first of the keys; return of how many shops.

    Raises:
        Refused: A key is missing, or none opens what is there.
        ConfigError: The configuration cannot be used.

    """
    sealing = Keys.of(raw)
    try:
        return ProviderStore(client).reseal(secrets=sealing.secrets, credentials=sealing.credentials)
    except SealError as error:
        raise Refused(f"nothing was changed: {error}") from None


def webhook_url(provider: Provider, raw: RawConfig) -> str:
    """
    Return where the shop posts to; the path alone where nobody has said how the receiver is reached.
    """
    public = Terms.of(raw).integrations.public_url
    return f"{(public or '').rstrip('/')}/webhooks/{provider.source}"


def _provider(wish: Wish, section: IntegrationsSection, now: int) -> Provider:
    address = _address(wish.store_url, allow_private=section.allow_private)
    return Provider(
        guid=str(uuid4()),
        provider_id=wish.provider_id,
        kind=kind_of(wish.provider_id, URL(address).host or ""),
        store_url=address,
        connected_at=iso(now) or "",
        wishes=wish.wishes,
    )


def _address(text: str, *, allow_private: bool) -> str:
    """
    Return a store's address in one spelling, so that one shop is one shop.
    """
    try:
        url = egress.parse(text, allow_private=allow_private).url
    except ValueError as error:
        raise Refused(f"credentials.storeUrl: {error}") from None
    if url.raw_query_string:
        raise Refused("credentials.storeUrl: expected no query")
    host = (url.raw_host or "").lower().rstrip(".")
    authority = (f"[{host}]" if ":" in host else host) + ("" if url.is_default_port() else f":{url.port}")
    return f"{url.scheme}://{authority}{url.raw_path.rstrip('/')}"


def _check(provider: Provider, credentials: Credentials, *, allow_private: bool) -> None:
    """
    Ask the shop one question; what it answers is not shown, since its address is the caller's word.
    """
    try:
        asyncio.run(_asked(provider, credentials, allow_private=allow_private))
    except Unauthorized:
        raise Refused("Invalid credentials") from None
    except BadResponse:
        raise Refused("the shop's address answers, and not as the API of such a shop") from None
    except (Transient, TimeoutError):
        raise Refused("the shop does not answer, or fails; try again later") from None
    except Failure as failure:
        raise Refused(f"the shop cannot be called ({failure.reason}); look at credentials.storeUrl") from None


async def _asked(provider: Provider, credentials: Credentials, *, allow_private: bool) -> None:
    async with asyncio.timeout(CHECK_S), egress.open_session(allow_private=allow_private) as session:
        await client_of(provider, credentials, session).check()
