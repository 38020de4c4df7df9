"""
Every HMAC scheme as one set of options; the presets are values of it.

Owns what the known senders do. How it is checked is in `hmac_check.py`, how it is made in `sign.py`.
"""

import hmac
from binascii import a2b_hex
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from ..secrets import Secret, SecretError
from . import template
from .event_types import AS_THEY_ARE, EventTypes, Topics
from .shapes import Encoding, from_base64
from .template import Template

#: Algorithms and the size of their digests in bytes.
ALGORITHMS = MappingProxyType({"sha256": 32, "sha384": 48, "sha512": 64, "sha1": 20})

SecretEncoding = Literal["text", "hex", "base64"]
_BODY = template.parse("{body}")


@dataclass(frozen=True, slots=True, kw_only=True)
class HmacOptions:
    """
    What a sender signs and where it writes it. Header names are spelled as the sender documents them.
    """

    header: str
    algorithm: str = "sha256"
    encoding: Encoding = "hex"
    secret_encoding: SecretEncoding = "text"  # noqa: S105 - an encoding
    #: `pairs`: comma-separated `t=<timestamp>` and any number of `<prefix><signature>` in the one header.
    layout: Literal["plain", "pairs"] = "plain"
    #: What stands before each signature.
    prefix: str = ""
    signs: Template = _BODY
    timestamp_header: str | None = None
    #: The first that is there holds the id.
    id_headers: tuple[str, ...] = ()
    #: One id may come with several event types, so that only both together name an event.
    id_spans_types: bool = False
    type_header: str | None = None
    event_types: EventTypes = AS_THEY_ARE
    #: Where the body holds the id and the type, for senders that keep them there.
    id_path: str | None = None
    type_path: str | None = None
    #: Whether the body is an envelope; where it is what the event is about, a `type` in it is that one's own.
    envelope: bool = True

    @property
    def signs_id(self) -> bool:
        return self.signs.signs_id or self.id_path is not None

    @property
    def replay_guard(self) -> bool:
        """
        Whether a captured delivery could come back as a new event, under another id, type or time.
        """
        loose = bool(self.id_headers or self.type_header)
        return not self.signs_id and (loose or not self.signs.signs_timestamp)


PRESETS: Mapping[str, HmacOptions] = MappingProxyType(
    {
        # https://docs.github.com/webhooks/using-webhooks/validating-webhook-deliveries
        # The older X-Hub-Signature (SHA-1) is not looked at: a weaker way in is a way in.
        "github": HmacOptions(
            header="X-Hub-Signature-256",
            prefix="sha256=",
            id_headers=("X-GitHub-Delivery",),
            type_header="X-GitHub-Event",
        ),
        # https://shopify.dev/docs/apps/build/webhooks/delivery-structure and …/ignore-duplicates
        # The id names what has happened in the shop. Whether one id may come with several topics is not said
        # there; taken together with the topic it can only be right. That is ours.
        "shopify": HmacOptions(
            header="X-Shopify-Hmac-Sha256",
            encoding="base64",
            id_headers=("X-Shopify-Event-Id", "X-Shopify-Webhook-Id"),
            id_spans_types=True,
            type_header="X-Shopify-Topic",
            event_types=Topics(),
            envelope=False,
        ),
        # https://developer.woocommerce.com/docs/apis/rest-api/v3/webhooks/
        # X-WC-Webhook-Delivery-ID is no event id: get_new_delivery_id() in class-wc-webhook.php hashes the
        # webhook's number and the time in seconds, so two orders of one second share it: one would be lost.
        # The sender repeats nothing by itself, so a digest of the content does what an id would.
        # The payload is the resource as the REST API has it: a product's `type` is `simple`.
        "woocommerce": HmacOptions(
            header="X-WC-Webhook-Signature",
            encoding="base64",
            type_header="X-WC-Webhook-Topic",
            envelope=False,
        ),
        # https://docs.stripe.com/webhooks/signatures; `v0` is of test mode and not looked at.
        "stripe": HmacOptions(
            header="Stripe-Signature",
            layout="pairs",
            prefix="v1=",
            signs=template.parse("{timestamp}.{body}"),
            id_path="id",
            type_path="type",
        ),
    }
)


def secret_bytes(secret: Secret, encoding: SecretEncoding) -> bytes:
    """
    Return the key that a secret spells.

    Raises:
        SecretError: It is not written in *encoding*.

    """
    text = secret.reveal().encode()
    if encoding == "text":
        return text
    key = _from_hex(text) if encoding == "hex" else from_base64(text)
    if not key:
        raise SecretError(f"{secret!r} is not written in {encoding}")
    return key


def _from_hex(text: bytes) -> bytes | None:
    try:
        return a2b_hex(text)
    except ValueError:
        return None


def keyed(secret: Secret, options: HmacOptions) -> hmac.HMAC:
    """
    Return the HMAC of nothing yet: its copies save making the key ready for each delivery.
    """
    return hmac.new(secret_bytes(secret, options.secret_encoding), digestmod=options.algorithm)
