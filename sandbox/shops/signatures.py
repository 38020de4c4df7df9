"""
How the two vendors sign a webhook: base64 of HMAC-SHA256 over the body, each in its own headers.

Written from the vendors' pages and on nothing of orderhook, so that a receiver which verifies it has verified theirs.
"""

import base64
import hmac
import json

from ..signing import Headers
from .shop import Subscription

#: Of Shopify's topics and ours: `orders/create` is sent for what we call order.created.
_COMMANDS = {"created": "create", "updated": "update", "deleted": "delete"}


def digest(secret: str, body: bytes) -> str:
    """
    Return what both write into their header.
    """
    return base64.b64encode(hmac.digest(secret.encode(), body, "sha256")).decode()


def woocommerce(subscription: Subscription, event_id: str, topic: str, body: bytes) -> Headers:
    """
    Return the headers of a delivery.

    Source: wp-api-v3/_webhooks.md, "Delivery/payload".
    """
    resource, _, event = topic.partition(".")
    return [
        ("x-wc-webhook-source", "http://shop.sandbox/"),
        ("x-wc-webhook-topic", topic),
        ("x-wc-webhook-resource", resource),
        ("x-wc-webhook-event", event),
        ("x-wc-webhook-signature", digest(subscription.secret, body)),
        ("x-wc-webhook-id", str(subscription.id)),
        ("x-wc-delivery-id", event_id.partition("_")[2][:32]),
    ]


def shopify(subscription: Subscription, event_id: str, topic: str, body: bytes) -> Headers:
    """
    Return the headers of a delivery.

    Source: https://shopify.dev/docs/apps/build/webhooks/delivery-structure
    """
    return [
        ("x-shopify-topic", shopify_topic(topic)),
        ("x-shopify-hmac-sha256", digest(subscription.secret, body)),
        ("x-shopify-shop-domain", "sandbox.myshopify.com"),
        ("x-shopify-api-version", "2025-10"),
        ("x-shopify-webhook-id", event_id.partition("_")[2]),
        ("x-shopify-event-id", event_id.partition("_")[2].partition("-")[0]),
    ]


def shopify_topic(topic: str) -> str:
    """
    Return Shopify's word for one of our topics.
    """
    resource, _, event = topic.partition(".")
    return f"{resource}s/{_COMMANDS.get(event, event)}"


def topic_of(shopify: str) -> str:
    """
    Return our word for one of Shopify's topics.
    """
    resource, _, command = shopify.partition("/")
    happened = {command: word for word, command in _COMMANDS.items()}.get(command, command)
    return f"{resource.removesuffix('s')}.{happened}"


def body_of(thing: object) -> bytes:
    """
    Return a resource as it is sent; the bytes are what is signed.
    """
    return json.dumps(thing, ensure_ascii=False, separators=(",", ":")).encode()
