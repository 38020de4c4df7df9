"""
The senders' half: what is signed here is verified there.
"""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.verification import SigningError, Verified, Verifier, sign
from tests.support.schemes import (
    BODY,
    ED25519_SECRET,
    EVENT_ID,
    EVERY_SCHEME,
    NOW,
    STANDARD_SECRET,
    arrived,
    delivery,
    scheme,
    settings_of,
)

#: What these schemes do not carry, or carry in another way; everything else comes back as it was sent.
SHOPIFY = "shopify"
WITHOUT_ID = {"hmac", "hmac sha512 base64", "woocommerce", "stripe", "header", "basic", "unsigned"}
WITH_TYPE = {"hmac of all", "github", "shopify", "woocommerce"}


@pytest.mark.parametrize("name", EVERY_SCHEME)
@given(
    body=st.binary(max_size=200),
    event_id=st.from_regex(r"[A-Za-z0-9_-]{1,60}", fullmatch=True),
    event_type=st.sampled_from(
        ["order.created", "order.updated", "order.paid", "order.deleted", "company.created"]
    ),
    timestamp=st.integers(1_000_000_000, 9_999_999_999),
)
def test_what_is_signed_is_verified(name, body, event_id, event_type, timestamp):
    """`orderhook send` and the sandbox sign with this; what they send must arrive, with id and type."""
    settings = settings_of(name)
    headers = delivery(settings, body=body, event_id=event_id, event_type=event_type, timestamp=timestamp)

    found = Verifier.build(settings).verify(headers, body, now=float(timestamp))

    assert isinstance(found, Verified)
    assert (
        f"{event_id}.{event_type}" if name == SHOPIFY else None if name in WITHOUT_ID else event_id
    ) == found.event_id
    assert (event_type if name in WITH_TYPE else None) == found.event_type


def made(settings, *, timestamp=NOW, event_type="order.created"):
    return sign(settings, event_id=EVENT_ID, event_type=event_type, timestamp=timestamp, body=BODY)


@pytest.mark.parametrize(
    ("name", "names"),
    [
        ("standard-webhooks", ["webhook-id", "webhook-timestamp", "webhook-signature"]),
        ("github", ["X-Hub-Signature-256", "X-GitHub-Delivery", "X-GitHub-Event"]),
        ("shopify", ["X-Shopify-Hmac-Sha256", "X-Shopify-Event-Id", "X-Shopify-Topic"]),
        ("woocommerce", ["X-WC-Webhook-Signature", "X-WC-Webhook-Topic"]),
        ("stripe", ["Stripe-Signature"]),
        ("header", ["X-Webhook-Token"]),
        ("basic", ["Authorization"]),
        ("unsigned", []),
    ],
)
def test_headers_are_named_as_the_sender_names_them(name, names):
    """A delivery of ours looks in a log like one of theirs."""
    assert names == [header for header, _ in made(settings_of(name))]


def test_shopify_writes_topics():
    """`order.created` in our words is `orders/create` in theirs."""
    assert "orders/create" == dict(made(settings_of("shopify")))["X-Shopify-Topic"]


def test_the_first_secret_in_force_signs():
    """A sender that follows a rotation uses the new secret from its day on."""
    settings = scheme(
        type="header",
        name="X-Token",
        secrets=[
            {"secret": "new", "not_before": "2026-02-01T00:00:00Z"},
            {"secret": "old", "not_after": "2026-02-02T00:00:00Z"},
        ],
    )

    assert [("X-Token", "old")] == made(settings, timestamp=1_769_903_999)
    assert [("X-Token", "new")] == made(settings, timestamp=1_769_904_000)


def test_no_secret_in_force_is_an_error():
    """Nothing is sent that cannot arrive."""
    settings = scheme(type="github", secrets=[{"secret": "s", "not_after": "2020-01-01T00:00:00Z"}])

    with pytest.raises(SigningError, match=r"none of the 1 secrets is in force at 2023-11-14T22:13:20Z"):
        made(settings)


def test_a_public_key_cannot_sign():
    """The error says which key would."""
    public = "whpk_" + "A" * 43 + "="

    with pytest.raises(SigningError, match="whsk_"):
        made(scheme(type="standard-webhooks", secrets=[public]))


@pytest.mark.parametrize(("secret", "version"), [(STANDARD_SECRET, "v1,"), (ED25519_SECRET, "v1a,")])
def test_the_key_says_the_version(secret, version):
    """The standard tells a symmetric signature from an asymmetric one by its version."""
    headers = dict(made(scheme(type="standard-webhooks", secrets=[secret])))

    assert headers["webhook-signature"].startswith(version)


def test_the_body_is_signed_as_it_is():
    """A body that is parsed and written anew has other bytes, and fails where only the eye sees no difference."""
    settings = settings_of("github")
    spaced, tight = b'{ "a": 1.0 }', b'{"a":1.0}'

    headers = arrived(sign(settings, event_id="e", event_type="push", timestamp=NOW, body=spaced))

    assert isinstance(Verifier.build(settings).verify(headers, spaced, now=0.0), Verified)
    assert not isinstance(Verifier.build(settings).verify(headers, tight, now=0.0), Verified)
