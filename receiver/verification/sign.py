"""
The senders' half of every scheme: the headers that make a delivery verify.

For `orderhook send`, the sandbox and tests. The body is the bytes to be sent, and is never written anew.
"""

import hmac
from binascii import b2a_base64
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from ..secrets import Secret
from . import standard_keys
from .fields import SecretSettings
from .hmac_check import written
from .options import keyed
from .settings import (
    BasicSettings,
    HeaderSettings,
    HmacFamily,
    SchemeSettings,
    StandardWebhooksSettings,
    UnsignedSettings,
)
from .standard_keys import HmacKey
from .token_check import basic_credentials

SentHeaders = list[tuple[str, str]]


class SigningError(ValueError):
    """
    The settings can verify but not sign: no secret is in force, or only a public key is known.
    """


@dataclass(frozen=True, slots=True, kw_only=True)
class _Delivery:
    event_id: str
    event_type: str
    timestamp: int
    body: bytes


def sign(
    settings: SchemeSettings, *, event_id: str, event_type: str, timestamp: int, body: bytes
) -> SentHeaders:
    """
    Return the headers to send beside *body*, made with the first secret that is in force at *timestamp*.

    Where the sender keeps the id or the type in the body (Stripe), nothing of them is in the headers.

    Raises:
        SigningError: No secret can be used for it.

    """
    delivery = _Delivery(event_id=event_id, event_type=event_type, timestamp=timestamp, body=body)
    match settings:
        case StandardWebhooksSettings():
            return _standard_webhooks(settings, delivery)
        case HeaderSettings():
            token = settings.prefix + _secret(settings.secrets, timestamp).reveal()
            return [(settings.name, token), *_names(settings, delivery)]
        case BasicSettings():
            credentials = basic_credentials(settings.username, _secret(settings.secrets, timestamp).reveal())
            return [("Authorization", f"Basic {credentials.decode()}"), *_names(settings, delivery)]
        case UnsignedSettings():
            return _names(settings, delivery)
        case _:
            return _hmac(settings, delivery)


def _secret(secrets: Sequence[SecretSettings], timestamp: int) -> Secret:
    moment = datetime.fromtimestamp(timestamp, UTC)
    for each in secrets:
        if each.in_force(moment):
            return each.secret
    raise SigningError(f"none of the {len(secrets)} secrets is in force at {moment:%Y-%m-%dT%H:%M:%SZ}")


def _names(settings: HeaderSettings | BasicSettings | UnsignedSettings, delivery: _Delivery) -> SentHeaders:
    named = ((settings.id_header, delivery.event_id), (settings.type_header, delivery.event_type))
    return [(header, value) for header, value in named if header]


def _standard_webhooks(settings: StandardWebhooksSettings, delivery: _Delivery) -> SentHeaders:
    secret = _secret(settings.secrets, delivery.timestamp)
    content = f"{delivery.event_id}.{delivery.timestamp}.".encode() + delivery.body
    return [
        (f"{settings.headers}-id", delivery.event_id),
        (f"{settings.headers}-timestamp", str(delivery.timestamp)),
        (f"{settings.headers}-signature", _standard_signature(secret, content)),
    ]


def _standard_signature(secret: Secret, content: bytes) -> str:
    key = standard_keys.parse(secret)
    if isinstance(key, HmacKey):
        return "v1," + _base64(hmac.digest(key.value, content, "sha256"))
    if key.private is None:
        raise SigningError(f"{secret!r} is a public key; expected a secret one (whsk_…) to sign with")
    return "v1a," + _base64(key.private.sign(content))


def _base64(raw: bytes) -> str:
    return b2a_base64(raw, newline=False).decode()


def _hmac(settings: HmacFamily, delivery: _Delivery) -> SentHeaders:
    options, stamp = settings.options, str(delivery.timestamp)
    signature = options.prefix + _hmac_signature(settings, delivery)
    value = f"t={stamp},{signature}" if options.layout == "pairs" else signature
    written_type = options.event_types.write(delivery.event_type)
    sent = [
        (options.header, value),
        (options.timestamp_header, stamp),
        (next(iter(options.id_headers), None), delivery.event_id),
        (options.type_header, written_type),
    ]
    return [(header, text) for header, text in sent if header]


def _hmac_signature(settings: HmacFamily, delivery: _Delivery) -> str:
    options = settings.options
    event_id, stamp = delivery.event_id.encode(), str(delivery.timestamp).encode()
    before, after = options.signs.around(event_id=event_id, timestamp=stamp)
    mac = keyed(_secret(settings.secrets, delivery.timestamp), options)
    mac.update(before + delivery.body + after)
    return written(mac, options.encoding).decode()
