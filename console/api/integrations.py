"""
`/api/integrations/…`: the provider part of the Integrations API, path by path; and `/api/v1/integrations`, ours.

Paths, bodies, answers and errors are the documented ones. Ours, and marked so in the descriptions: what names a kind of
shop, everything that body and answer have beside the documented fields, and the POST twin.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field

from workers.providers.products import kept
from workers.providers.provider import PROVIDER_IDS, Provider, Wishes
from workers.providers.store import NoProvider, ProviderStore
from workers.push import subscriptions
from workers.push.subscriptions import Allowed, Subscription, TooMany

from .. import connecting
from ..connecting import Refused, Taken, Unknown, Wish
from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import (
    Answer,
    BodyModel,
    Moment,
    NoBody,
    NoPath,
    NoQuery,
    Page,
    PageQuery,
    PathModel,
    sliced,
)

_UUID = r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$"
_REFUSED: Mapping[type[Exception], ErrorCode] = {
    Unknown: ErrorCode.NOT_FOUND,
    Taken: ErrorCode.CONFLICT,
}
#: Visible ASCII, as keys and secrets are: what goes into a header cannot break out of it.
_Word = Annotated[str, Field(min_length=1, max_length=512, pattern=r"^[!-~]+$")]


class ProviderPath(PathModel):
    """
    Which provider.
    """

    business_provider_id: str = Field(max_length=64, description="The provider's guid.")


class ShopCredentials(BodyModel):
    """
    What lets us into a shop.
    """

    api_key: _Word = Field(
        description="WooCommerce: the consumer key. Shopify: the Admin API access token (ours)."
    )
    api_secret: _Word = Field(
        description="WooCommerce: the consumer secret. Shopify: the app's client secret (ours)."
    )
    store_url: str = Field(max_length=2048, description="The shop's address; https, and public.")
    webhook_secret: _Word | None = Field(
        default=None, description="What its webhooks are signed with, if not the `apiSecret` (ours)."
    )


class ShopSettings(BodyModel):
    """
    What is done with a shop's events.
    """

    auto_import_orders: bool = Field(
        default=False, description="Its new orders are created in the order API."
    )
    sync_products: bool = Field(default=False, description="Its products are kept.")
    push_tracking: bool = Field(
        default=False, description="It is told when its orders are dispatched and completed."
    )


class NewIntegration(BodyModel):
    """
    A shop to connect.
    """

    provider_id: str = Field(
        pattern=_UUID,
        description="Which kind of shop: "
        + ", ".join(f"`{guid}` is {kind}" for kind, guid in PROVIDER_IDS.items())
        + "; of any other, `storeUrl` decides (ours).",
    )
    provider_type: Literal["ecommerce"] = Field(description="The only documented type.")
    credentials: ShopCredentials = Field(description="What lets us in, and where.")
    settings: ShopSettings = Field(default=ShopSettings(), description="What is done with its events.")


class ConfiguredIntegration(Answer):
    """
    A shop that was connected.
    """

    guid: str = Field(description="The provider's guid.")
    provider: str = Field(description="`woocommerce` or `shopify`.")
    status: str = Field(description="`active`.")
    connected_at: Moment = Field(description="When it was connected.")
    source: str = Field(description="The name of its source (ours).")
    webhook_url: str = Field(
        description="Where it posts its webhooks to; from its first `/` on, where `public_url` is not set (ours)."
    )


class DisabledIntegration(Answer):
    """
    A shop that is not listened to any more.
    """

    guid: str = Field(description="The provider's guid.")
    status: str = Field(description="`disabled`.")


class PushKeys(BodyModel):
    """
    The keys of a browser's subscription.
    """

    p256dh: str = Field(alias="p256dh", max_length=200, description="Its public key, in base64url.")
    auth: str = Field(max_length=100, description="Its secret, in base64url.")


class NewSubscription(BodyModel):
    """
    A browser that wants push messages, as `PushSubscription.toJSON()` gives it.
    """

    endpoint: str = Field(max_length=2048, description="Where its push service takes messages.")
    keys: PushKeys = Field(description="What messages to it are encrypted with.")
    expiration_time: int | None = Field(default=None, description="Of the browser's; not used (ours).")
    name: str = Field(default="", max_length=64, description="What steps may call it by (ours).")


class ListedIntegration(ConfiguredIntegration):
    """
    A connected shop, without its credentials.
    """

    provider_id: str = Field(description="As it was given.")
    store_url: str = Field(description="The shop's address.")
    auto_import_orders: bool = Field(description="Whether its new orders are created in the order API.")
    sync_products: bool = Field(description="Whether its products are kept.")
    push_tracking: bool = Field(description="Whether it is told of dispatch and completion.")


class ShopKind(Answer):
    """
    A kind of shop.
    """

    provider: str = Field(description="Its name.")
    provider_id: str = Field(description="What names it in `configure`.")


class ListedProduct(Answer):
    """
    A product of a shop, as last seen.
    """

    id: str = Field(description="Its id in the shop.")
    name: str = Field(description="Its name; a shop's own text.")
    sku: str = Field(description="Its stock number; of one with variants, the first one's.")
    price: str = Field(description="As the shop writes it.")
    weight: str = Field(description="As the shop writes it; of Shopify in grams.")
    variant_count: int = Field(description="How many variants it has.")
    updated_at: str = Field(description="The shop's own time of its last change.")


def _configure(call: Call[NoPath, NoQuery, NewIntegration]) -> ConfiguredIntegration:
    asked = call.body
    wish = Wish(
        provider_id=asked.provider_id.lower(),
        store_url=asked.credentials.store_url,
        api_key=asked.credentials.api_key,
        api_secret=asked.credentials.api_secret,
        webhook_secret=asked.credentials.webhook_secret or "",
        wishes=Wishes(
            auto_import_orders=asked.settings.auto_import_orders,
            sync_products=asked.settings.sync_products,
            push_tracking=asked.settings.push_tracking,
        ),
    )
    try:
        made = connecting.connect(call.client, call.services.raw, wish, now=call.now())
    except Refused as refusal:
        raise _error(refusal) from None
    call.note(source=made.source, shop=made.store_url)
    return ConfiguredIntegration(**_facts(call, made))


def _disable(call: Call[ProviderPath, NoQuery, NoBody]) -> DisabledIntegration:
    try:
        found = connecting.disable(call.client, call.path.business_provider_id)
    except Refused as refusal:
        raise _error(refusal) from None
    call.note(source=found.source)
    return DisabledIntegration(guid=found.guid, status=found.status)


def _remove(call: Call[ProviderPath, NoQuery, NoBody]) -> None:
    try:
        found = connecting.disconnect(call.client, call.path.business_provider_id)
    except Refused as refusal:
        raise _error(refusal) from None
    call.note(source=found.source)


def _error(refusal: Refused) -> ApiError:
    return ApiError(_REFUSED.get(type(refusal), ErrorCode.CONFIGURATION_ERROR), str(refusal))


def _subscribe(call: Call[NoPath, NoQuery, NewSubscription]) -> None:
    asked, push = call.body, call.settings.push
    try:
        found = Subscription.checked(
            endpoint=asked.endpoint,
            p256dh=asked.keys.p256dh,
            auth=asked.keys.auth,
            name=asked.name,
            allowed=Allowed(hosts=push.hosts, allow_private=push.allow_private),
        )
        subscriptions.save(call.client, found)
    except (ValueError, TooMany) as error:
        raise ApiError(ErrorCode.CONFIGURATION_ERROR, str(error)) from None
    call.note(subscription=found.id, push_service=found.shown)


def _list(call: Call[NoPath, PageQuery, NoBody]) -> Page:
    found = ProviderStore(call.client).all()
    return Page(items=[_listed(call, one) for one in sliced(found, call.query)], total=len(found))


def _listed(call: Call[Any, Any, Any], one: Provider) -> ListedIntegration:
    return ListedIntegration(
        **_facts(call, one),
        provider_id=one.provider_id,
        store_url=one.store_url,
        auto_import_orders=one.wishes.auto_import_orders,
        sync_products=one.wishes.sync_products,
        push_tracking=one.wishes.push_tracking,
    )


def _facts(call: Call[Any, Any, Any], one: Provider) -> dict[str, str]:
    return {
        "guid": one.guid,
        "provider": one.kind,
        "status": one.status,
        "connected_at": one.connected_at,
        "source": one.source,
        "webhook_url": connecting.webhook_url(one, call.services.raw),
    }


def _kinds(_: Call[NoPath, NoQuery, NoBody]) -> list[ShopKind]:
    return [ShopKind(provider=kind, provider_id=guid) for kind, guid in PROVIDER_IDS.items()]


def _products(call: Call[ProviderPath, PageQuery, NoBody]) -> Page:
    try:
        provider = ProviderStore(call.client).get(call.path.business_provider_id)
    except NoProvider:
        raise ApiError(ErrorCode.NOT_FOUND, "Integration not found") from None
    found = sorted(kept(call.client, provider.guid), key=lambda one: str(one["id"]))
    return Page(
        items=[ListedProduct.model_validate(one) for one in sliced(found, call.query)], total=len(found)
    )


_TAG = "Integrations"
_DISABLE = "/api/integrations/provider/disable/{businessProviderId}"


def _disabling(method: str, name: str, about: str) -> Operation:
    return Operation(
        name=name,
        method=method,
        path=_DISABLE,
        tag=_TAG,
        scope=Scope.OPERATE,
        summary="Stop listening to a shop",
        about=f"{about} Its webhook address answers 404 within seconds, and its workflows rest from the next shift on.",
        path_model=ProviderPath,
        answer=DisabledIntegration,
        errors=(ErrorCode.NOT_FOUND,),
        changes=True,
        handler=_disable,
    )


OPERATIONS = (
    Operation(
        name="configureProvider",
        method="POST",
        path="/api/integrations/provider/configure",
        tag=_TAG,
        scope=Scope.ADMIN,
        summary="Connect a shop",
        about="The credentials are tried by one reading call to the shop, sealed, and never shown again. The shop's "
        "source takes deliveries within seconds, its workflows begin with the next shift. A shop that was disabled is "
        "active again under its own guid (ours).",
        body=NewIntegration,
        answer=ConfiguredIntegration,
        errors=(ErrorCode.CONFIGURATION_ERROR, ErrorCode.CONFLICT),
        handler=_configure,
    ),
    _disabling("GET", "disableProviderByGet", "As it is documented; a client or a proxy may repeat a GET."),
    _disabling(
        "POST", "disableProvider", "Ours: the same as the GET, by the method for what changes something."
    ),
    Operation(
        name="removeProvider",
        method="DELETE",
        path="/api/integrations/providers/ecommerce/remove/{businessProviderId}",
        tag=_TAG,
        scope=Scope.ADMIN,
        summary="Forget a shop, its credentials and its products",
        about="Its recorded events stay.",
        path_model=ProviderPath,
        errors=(ErrorCode.NOT_FOUND,),
        handler=_remove,
    ),
    Operation(
        name="saveVapidSubscription",
        method="POST",
        path="/api/integrations/save-vapid-subscription",
        tag=_TAG,
        scope=Scope.OPERATE,
        summary="Keep a browser's push subscription",
        about="`endpoint` and `keys` are documented. One of the same endpoint is replaced; the push service must be a "
        "known one.",
        body=NewSubscription,
        errors=(ErrorCode.CONFIGURATION_ERROR,),
        handler=_subscribe,
    ),
    Operation(
        name="listIntegrations",
        method="GET",
        path="/api/v1/integrations",
        tag=_TAG,
        scope=Scope.READ,
        summary="The connected shops",
        about="Ours.",
        query=PageQuery,
        answer=ListedIntegration,
        many=True,
        handler=_list,
    ),
    Operation(
        name="listShopKinds",
        method="GET",
        path="/api/v1/integrations/kinds",
        tag=_TAG,
        scope=Scope.READ,
        summary="The kinds of shops, and the ids that name them",
        about="Ours.",
        answer=ShopKind,
        bare_list=True,
        handler=_kinds,
    ),
    Operation(
        name="listShopProducts",
        method="GET",
        path="/api/v1/integrations/{businessProviderId}/products",
        tag=_TAG,
        scope=Scope.READ,
        summary="The products of a shop, as last seen",
        about="Ours: where synchronised products go is not documented.",
        path_model=ProviderPath,
        query=PageQuery,
        answer=ListedProduct,
        many=True,
        errors=(ErrorCode.NOT_FOUND,),
        handler=_products,
    ),
)
