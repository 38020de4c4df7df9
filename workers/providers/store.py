"""
Where providers are kept: three hashes in Redis and a word that tells of a change, always written together.

What anybody may see, what only workers can open, and what only receivers can open lie apart: the internet-facing
process never has the key of an API credential.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar
from uuid import uuid4

import redis
import structlog
from redis.exceptions import WatchError

from receiver import keys
from receiver.provided import MAX_SOURCES, record, resealed
from receiver.sealing import Sealing

from .provider import TERMS, Credentials, Provider, ProviderStatus

log = structlog.get_logger()

T = TypeVar("T")

#: Tries of a change before it is given up; each fails only where another one came first.
_TRIES = 10


class AlreadyConfigured(Exception):
    """The shop is connected already."""


class TooMany(Exception):
    """No more shops can be connected."""


class NoProvider(Exception):
    """There is no provider of that guid."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """A provider to be kept, and its secrets."""

    provider: Provider
    credentials: Credentials
    webhook_secret: str


def decoded(found: Mapping[Any, Any]) -> tuple[Provider, ...]:
    """Return the providers of the hash, the oldest first; one that cannot be read is left out, and logged."""
    providers = []
    for guid, text in found.items():
        try:
            providers.append(Provider.read(json.loads(text)))
        except (ValueError, KeyError, TypeError):
            log.error("providers.unreadable", guid=str(guid))
    return tuple(sorted(providers, key=lambda one: (one.connected_at, one.guid)))


@dataclass(frozen=True, slots=True)
class ProviderStore:
    """The providers, for who changes them."""

    client: "redis.Redis"

    def all(self) -> tuple[Provider, ...]:
        """Return all of them, the oldest first."""
        return decoded(self.client.hgetall(keys.providers()))

    def get(self, guid: str) -> Provider:
        """
        Return one.

        Raises:
            NoProvider: There is none of that guid.
        """
        found = next((one for one in self.all() if one.guid == guid), None)
        if found is None:
            raise NoProvider(guid)
        return found

    def add(self, connection: Connection, *, secrets: Sealing, credentials: Sealing) -> Provider:
        """
        Keep a provider; that of a disabled one's shop takes its place, and its guid. Return what is kept.

        Raises:
            AlreadyConfigured: The shop has an active one.
            TooMany: There are as many as receivers take.
        """

        def change(known: tuple[Provider, ...], pipeline: Any) -> Provider:
            provider = _placed(connection.provider, known)
            source = record(
                scheme=provider.kind,
                secret=connection.webhook_secret,
                terms=TERMS[provider.kind],
                sealing=secrets,
            )
            sealed = credentials.sealed(connection.credentials.text())
            pipeline.hset(keys.providers(), provider.guid, json.dumps(provider.as_json()))
            pipeline.hset(keys.provider_credentials(), provider.guid, sealed)
            pipeline.hset(keys.provided(), provider.source, source)
            return provider

        return self._changed(change)

    def disable(self, guid: str) -> Provider:
        """
        Let the provider's source be unknown, and its workflows rest; its credentials stay. Return what is kept.

        Raises:
            NoProvider: There is none of that guid.
        """

        def change(known: tuple[Provider, ...], pipeline: Any) -> Provider:
            provider = replace(_of(guid, known), status=ProviderStatus.DISABLED)
            pipeline.hset(keys.providers(), guid, json.dumps(provider.as_json()))
            pipeline.hdel(keys.provided(), provider.source)
            return provider

        return self._changed(change)

    def remove(self, guid: str) -> Provider:
        """
        Forget the provider, its secrets and its products. Return what was kept.

        Raises:
            NoProvider: There is none of that guid.
        """

        def change(known: tuple[Provider, ...], pipeline: Any) -> Provider:
            provider = _of(guid, known)
            pipeline.hdel(keys.providers(), guid)
            pipeline.hdel(keys.provider_credentials(), guid)
            pipeline.hdel(keys.provided(), provider.source)
            pipeline.delete(keys.shop_products(guid))
            return provider

        return self._changed(change)

    def reseal(self, *, secrets: Sealing, credentials: Sealing) -> int:
        """
        Seal everything anew with the first of the keys, so that the others can be taken away; return of how many shops.

        Raises:
            SealError: None of the keys opens what is there; then nothing is changed.
        """
        found: list[Provider] = []

        def change(known: tuple[Provider, ...], pipeline: Any) -> None:
            found[:] = known
            for guid, sealed in self.client.hgetall(keys.provider_credentials()).items():
                again = credentials.sealed(credentials.opened(str(sealed)))
                pipeline.hset(keys.provider_credentials(), guid, again)
            for source, text in self.client.hgetall(keys.provided()).items():
                pipeline.hset(keys.provided(), source, resealed(str(text), secrets))

        self._changed(change)
        return len(found)

    def _changed(self, change: Callable[[tuple[Provider, ...], Any], T]) -> T:
        """Carry out a change of what is known now, all of it or nothing; two at once come one after the other."""
        for _ in range(_TRIES):
            with self.client.pipeline(transaction=True) as pipeline:
                pipeline.watch(keys.providers())  # type: ignore[no-untyped-call]
                known = decoded(pipeline.hgetall(keys.providers()))
                pipeline.multi()
                result = change(known, pipeline)
                pipeline.set(keys.provided_version(), uuid4().hex)
                try:
                    pipeline.execute()
                except WatchError:
                    continue
                return result
        raise redis.TimeoutError(f"{_TRIES} others changed the providers first")


def _of(guid: str, known: tuple[Provider, ...]) -> Provider:
    found = next((one for one in known if one.guid == guid), None)
    if found is None:
        raise NoProvider(guid)
    return found


def _placed(provider: Provider, known: tuple[Provider, ...]) -> Provider:
    """Return the provider under the guid that it will have."""
    same = next((one for one in known if one.shop == provider.shop), None)
    if same is not None and same.active:
        raise AlreadyConfigured
    if same is not None:
        return replace(provider, guid=same.guid)
    if len(known) >= MAX_SOURCES:
        raise TooMany
    # The source is named by 8 of the guid's 32 digits.
    while any(one.source == provider.source for one in known):
        provider = replace(provider, guid=str(uuid4()))
    return provider
