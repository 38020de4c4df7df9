"""
The vendor's Integrations calls: shops that are connected, and push subscriptions. Documented whole.

Ours: the two providers that can be configured, which credentials are refused, and that a disabled one can be configured
again. Nothing is imported from any shop.
"""

from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Literal

from pydantic import Field

from ..bodies import read
from ..errors import Refusal
from ..operations import Answer, Call, Handler
from .bodies import Body, Guid, Text
from .envelope import DONE, Misconfigured, data
from .world import Entity, World, found

#: By providerId.
PROVIDERS: Mapping[str, str] = MappingProxyType(
    {
        "5d0a1c3e-6f1b-4f3e-9a57-0c5a1f0e7b01": "WooCommerce",
        "5d0a1c3e-6f1b-4f3e-9a57-0c5a1f0e7b02": "Shopify",
    }
)
#: An apiKey or apiSecret of this text is refused.
INVALID = "invalid"


class Credentials(Body):
    """
    How the shop's API is reached.
    """

    api_key: Text
    api_secret: Text
    store_url: Text


class ProviderSettings(Body):
    """
    What the integration shall do.
    """

    auto_import_orders: bool = False
    sync_products: bool = False
    push_tracking: bool = False


class Configuration(Body):
    """
    The body of configure_provider.
    """

    provider_id: Guid
    provider_type: Literal["ecommerce"]
    credentials: Credentials
    settings: ProviderSettings = ProviderSettings()


class PushKeys(Body):
    """
    The keys of a push subscription.
    """

    # Camel case would be p256Dh, which is not how browsers and the vendor spell it.
    p256dh: Text = Field(alias="p256dh")
    auth: Text


class Subscription(Body):
    """
    The body of save_vapid_subscription.
    """

    endpoint: Text
    keys: PushKeys


class Integrations:
    """
    One method for each call.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> Mapping[str, Handler]:
        """
        Return the handler of each call, by the operation's name.
        """
        return {
            "configure_provider": self._configure,
            "disable_provider": self._disable,
            "remove_provider": self._remove,
            "save_vapid_subscription": self._save_subscription,
        }

    def _configure(self, call: Call) -> Answer:
        wish = read(Configuration, call)
        if wish.provider_id not in PROVIDERS:
            raise Refusal(HTTPStatus.NOT_FOUND, "Integration not found")
        if INVALID in {wish.credentials.api_key, wish.credentials.api_secret}:
            raise Misconfigured("Invalid credentials")
        integration = self._enable(wish)
        self._world.did(call, integrationId=integration["guid"], provider=integration["provider"])
        shown = {name: integration[name] for name in ("guid", "provider", "status")}
        return data(shown | {"connectedAt": integration["updatedAt"]})

    def _enable(self, wish: Configuration) -> Entity:
        provider, settings = PROVIDERS[wish.provider_id], wish.settings.whole()
        there = next((one for one in self._world.integrations.values() if one["provider"] == provider), None)
        if there is None:
            return self._world.add(
                self._world.integrations, provider=provider, status="active", settings=settings
            )
        if there["status"] == "active":
            raise Refusal(HTTPStatus.CONFLICT, "Integration already configured")
        return self._world.change(there, status="active", settings=settings)

    def _named(self, call: Call) -> Entity:
        return found(self._world.integrations, call.parameters["businessProviderId"], "Integration")

    def _disable(self, call: Call) -> Answer:
        integration = self._world.change(self._named(call), status="disabled")
        self._world.did(call, integrationId=integration["guid"])
        return data({name: integration[name] for name in ("guid", "status")})

    def _remove(self, call: Call) -> Answer:
        guid = self._named(call)["guid"]
        del self._world.integrations[guid]
        self._world.did(call, integrationId=guid)
        return DONE

    def _save_subscription(self, call: Call) -> Answer:
        wish = read(Subscription, call)
        self._world.subscriptions[wish.endpoint] = wish.whole()
        self._world.did(call, endpoint=wish.endpoint)
        return DONE
