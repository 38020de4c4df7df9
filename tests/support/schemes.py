"""
Every scheme with settings that are valid by default, and the deliveries that its sender would make.
"""

from collections.abc import Iterable
from typing import Any

from pydantic import ConfigDict, TypeAdapter

from receiver.verification import Headers, SchemeSettings, sign

#: When the deliveries of these tests are signed.
NOW = 1_700_000_000
BODY = b'{"type":"order.created","data":{"id":"0b6c9f7e"}}'
EVENT_ID = "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W"

#: Key material that looks like nothing else, so that a test can search for it.
TEXT_SECRET = "s3cr3t-v4lue-0f-a-test"
STANDARD_SECRET = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"
#: As of `TestAsymmetricWebhookSign` in libraries/go of github.com/standard-webhooks/standard-webhooks.
ED25519_SECRET = "whsk_VEVTVFNJR05JTkdLRVlET05PVFVTRVRISVNGT1JBTlk="

_ADAPTER: TypeAdapter[SchemeSettings] = TypeAdapter(
    SchemeSettings, config=ConfigDict(hide_input_in_errors=True)
)

#: One of each kind, and those options of `hmac` that change how it works.
EVERY_SCHEME: dict[str, dict[str, Any]] = {
    "standard-webhooks": {"type": "standard-webhooks", "secrets": [STANDARD_SECRET]},
    "standard-webhooks v1a": {"type": "standard-webhooks", "secrets": [ED25519_SECRET]},
    "standard-webhooks of svix": {
        "type": "standard-webhooks",
        "headers": "svix",
        "secrets": [STANDARD_SECRET],
    },
    "hmac": {"type": "hmac", "header": "X-Signature", "secrets": [TEXT_SECRET]},
    "hmac sha512 base64": {
        "type": "hmac",
        "header": "X-Signature",
        "algorithm": "sha512",
        "encoding": "base64",
        "prefix": "sig=",
        "secrets": [TEXT_SECRET],
    },
    "hmac of all": {
        "type": "hmac",
        "header": "X-Signature",
        "signs": "{id}.{timestamp}.{body}",
        "id_header": "X-Id",
        "timestamp_header": "X-Timestamp",
        "type_header": "X-Type",
        "secrets": [TEXT_SECRET],
    },
    "hmac with the id behind": {
        "type": "hmac",
        "header": "X-Signature",
        "signs": "{body}.{id}",
        "id_header": "X-Id",
        "secrets": [TEXT_SECRET],
    },
    "github": {"type": "github", "secrets": [TEXT_SECRET]},
    "shopify": {"type": "shopify", "secrets": [TEXT_SECRET]},
    "woocommerce": {"type": "woocommerce", "secrets": [TEXT_SECRET]},
    "stripe": {"type": "stripe", "secrets": [TEXT_SECRET]},
    "header": {"type": "header", "name": "X-Webhook-Token", "secrets": [TEXT_SECRET]},
    "basic": {"type": "basic", "username": "sender", "secrets": [TEXT_SECRET]},
    "unsigned": {"type": "unsigned"},
}
#: Those that sign the body.
SIGNED = [name for name in EVERY_SCHEME if name not in {"header", "basic", "unsigned"}]
#: Those that sign the time as well.
TIMED = [
    "standard-webhooks",
    "standard-webhooks v1a",
    "standard-webhooks of svix",
    "hmac of all",
    "stripe",
]
#: The header that proves it.
PROOF = {
    "standard-webhooks": b"webhook-signature",
    "standard-webhooks v1a": b"webhook-signature",
    "standard-webhooks of svix": b"svix-signature",
    "hmac": b"x-signature",
    "hmac sha512 base64": b"x-signature",
    "hmac of all": b"x-signature",
    "hmac with the id behind": b"x-signature",
    "github": b"x-hub-signature-256",
    "shopify": b"x-shopify-hmac-sha256",
    "woocommerce": b"x-wc-webhook-signature",
    "stripe": b"stripe-signature",
    "header": b"x-webhook-token",
    "basic": b"authorization",
}


def settings_of(name: str, **changes: Any) -> SchemeSettings:
    """Return the settings of one of `EVERY_SCHEME`, with some of them changed."""
    return scheme(**(EVERY_SCHEME[name] | changes))


def scheme(**raw: Any) -> SchemeSettings:
    """Return settings as they would be read from a file; secrets are literals."""
    return _ADAPTER.validate_python(raw)


def delivery(
    settings: SchemeSettings,
    *,
    body: bytes = BODY,
    event_id: str = EVENT_ID,
    event_type: str = "order.created",
    timestamp: int = NOW,
) -> list[tuple[bytes, bytes]]:
    """Return what the sender's headers are when they arrive."""
    made = sign(settings, event_id=event_id, event_type=event_type, timestamp=timestamp, body=body)
    return arrived(made)


def arrived(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Return headers as ASGI gives them, among those that every request has."""
    usual = [
        (b"host", b"hooks.example.com"),
        (b"content-type", b"application/json"),
        (b"content-length", b"2"),
    ]
    return usual + [(name.lower().encode(), value.encode("latin-1")) for name, value in headers]


def with_header(headers: Headers, name: bytes, value: bytes | None) -> list[tuple[bytes, bytes]]:
    """Return *headers* with one of them replaced, or left out for None."""
    kept = [(key, old) for key, old in headers if key != name]
    return kept if value is None else [*kept, (name, value)]
