"""
A provider: one connected shop, as the Integrations API names it. Pure values.

Documented (Integrations API page): providerId, providerType "ecommerce", the three credentials, the three settings, the
status words active and disabled. Not documented, so ours: how a providerId says which kind of shop it is, and that a
provider is a source of its own here.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any
from uuid import NAMESPACE_DNS, UUID, uuid5

from receiver.secrets import Secret


class Kind(StrEnum):
    """Which shop system it is."""

    WOOCOMMERCE = "woocommerce"
    SHOPIFY = "shopify"


class ProviderStatus(StrEnum):
    """Upstream's words; both are documented."""

    ACTIVE = "active"
    DISABLED = "disabled"


#: The providerId of each kind. Ours: the documentation shows a uuid and says nowhere what it names.
PROVIDER_IDS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.WOOCOMMERCE: str(uuid5(NAMESPACE_DNS, "woocommerce.com")),
        Kind.SHOPIFY: str(uuid5(NAMESPACE_DNS, "shopify.com")),
    }
)

#: What the receiver is told of each kind's deliveries: neither has an envelope.
TERMS: Mapping[Kind, Mapping[str, object]] = MappingProxyType(
    {
        # Times without a zone are read as UTC, which `_gmt` is.
        Kind.WOOCOMMERCE: {"mapping": {"subject": "id", "occurred_at": "date_modified_gmt"}},
        Kind.SHOPIFY: {"mapping": {"subject": "id", "occurred_at": "updated_at"}},
    }
)


def kind_of(provider_id: str, host: str) -> Kind:
    """Return the kind that a providerId names; of one that we do not know, the kind that its host shows. Ours."""
    for kind, known in PROVIDER_IDS.items():
        if str(UUID(provider_id)) == known:
            return kind
    return Kind.SHOPIFY if host.lower().rstrip(".").endswith(".myshopify.com") else Kind.WOOCOMMERCE


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """The documented settings of a provider."""

    auto_import_orders: bool = False
    sync_products: bool = False
    push_tracking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What lets us into a shop's API, and what its deliveries are signed with."""

    api_key: Secret = field(repr=False)
    api_secret: Secret = field(repr=False)

    @classmethod
    def of(cls, api_key: str, api_secret: str) -> "Credentials":
        return cls(api_key=Secret("apiKey", api_key), api_secret=Secret("apiSecret", api_secret))

    def text(self) -> str:
        """Return them as they are sealed: what `read` reads."""
        return json.dumps([self.api_key.reveal(), self.api_secret.reveal()])

    @classmethod
    def read(cls, text: str) -> "Credentials":
        api_key, api_secret = json.loads(text)
        return cls.of(api_key, api_secret)


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """
    One connected shop, without what lets us in.

    Args:
        guid: Upstream's `businessProviderId`.
        store_url: Scheme, host and, of a WooCommerce in a folder, its path; no slash at its end.
        connected_at: RFC 3339, in UTC.
    """

    guid: str
    provider_id: str
    kind: Kind
    status: ProviderStatus = ProviderStatus.ACTIVE
    wishes: Wishes = Wishes()
    store_url: str
    connected_at: str

    @property
    def source(self) -> str:
        """The name of its source."""
        return f"{self.kind}-{self.guid[:8]}"

    @property
    def shop(self) -> tuple[Kind, str]:
        """What tells one shop from another."""
        return self.kind, self.store_url

    @property
    def active(self) -> bool:
        return self.status is ProviderStatus.ACTIVE

    def as_json(self) -> dict[str, Any]:
        """Return it as it is kept."""
        return {
            "guid": self.guid,
            "providerId": self.provider_id,
            "kind": self.kind,
            "status": self.status,
            "storeUrl": self.store_url,
            "connectedAt": self.connected_at,
            "autoImportOrders": self.wishes.auto_import_orders,
            "syncProducts": self.wishes.sync_products,
            "pushTracking": self.wishes.push_tracking,
        }

    @classmethod
    def read(cls, found: Mapping[str, Any]) -> "Provider":
        """
        Return what `as_json` gave.

        Raises:
            KeyError, ValueError: It is none.
        """
        return cls(
            guid=found["guid"],
            provider_id=found["providerId"],
            kind=Kind(found["kind"]),
            status=ProviderStatus(found["status"]),
            store_url=found["storeUrl"],
            connected_at=found["connectedAt"],
            wishes=Wishes(
                auto_import_orders=found["autoImportOrders"],
                sync_products=found["syncProducts"],
                push_tracking=found["pushTracking"],
            ),
        )
