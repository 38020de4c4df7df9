"""
HMAC signatures: what the senders document, and everything that is nearly right.
"""

import base64
import hashlib
import hmac

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.verification import Rejected, RejectionCode, Verified, Verifier
from tests.support.schemes import (
    BODY,
    EVENT_ID,
    NOW,
    TEXT_SECRET,
    arrived,
    delivery,
    scheme,
    settings_of,
    with_header,
)

OF_ALL = {
    "type": "hmac",
    "header": "X-Signature",
    "signs": "{id}.{timestamp}.{body}",
    "id_header": "X-Id",
    "timestamp_header": "X-Timestamp",
    "type_header": "X-Type",
}
PLAIN = {"type": "hmac", "header": "X-Signature"}

# Slack's page "Verifying requests from Slack" signs this body, a slash command.
SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow&channel_id=G8PSS9T3V&channel_name=foobar"
    b"&user_id=U2CERLKJA&user_name=roadrunner&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack"
    b".com%2Fcommands%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN&trigger_id=398738663015.47445629121"
    b".803a0bc887a14d10d2c447fce8b6703c"
)
# async-stripe, webhook.rs, `test_webhook_construct_event`: an event in the form of Stripe's own fixtures.
STRIPE_BODY = b"""{
  "id": "evt_123",
  "object": "event",
  "account": "acct_123",
  "api_version": "2017-05-25",
  "created": 1533204620,
  "data": {
    "object": {
      "id": "ii_123",
      "object": "invoiceitem",
      "amount": 1000,
      "currency": "usd",
      "customer": "cus_123",
      "date": 1533204620,
      "description": "Test Invoice Item",
      "discountable": false,
      "invoice": "in_123",
      "livemode": false,
      "metadata": {},
      "period": {
        "start": 1533204620,
        "end": 1533204620
      },
      "plan": null,
      "proration": false,
      "quantity": null,
      "subscription": null
    }
  },
  "livemode": false,
  "pending_webhooks": 1,
  "request": {
    "id": "req_123",
    "idempotency_key": "idempotency-key-123"
  },
  "type": "invoiceitem.created"
}
"""
STRIPE_SIGNATURE = (
    "t=1533204620,v1=f0bdba6d4eacbd8ad8a3bbadd7248e633ec1477f7899c124c51b39405fa36613,"
    "v0=63f3a72374a733066c4be69ed7f8e5ac85c22c9f0a6a612ab9a025a9e4ee7eef"
)
# RFC 4231, test case 2 (SHA-2), and RFC 2202, test case 2 (SHA-1): the same key and data.
RFC_KEY, RFC_DATA = "Jefe", b"what do ya want for nothing?"
RFC_DIGESTS = {
    "sha1": "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79",
    "sha256": "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    "sha384": "af45d2e376484031617f78d2b58a6b1b9c7ef464f5a01b47e42ec3736322445e"
    "8e2240ca5e69e2c78b3239ecfab21649",
    "sha512": "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
    "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737",
}
RFC_BASE64 = base64.b64encode(bytes.fromhex(RFC_DIGESTS["sha256"])).decode()


def verdict(raw, headers, body, *, now=float(NOW)):
    return Verifier.build(scheme(**raw)).verify(arrived(headers), body, now=now)


def judged(settings, headers, *, body=BODY, now=float(NOW)):
    return Verifier.build(settings).verify(headers, body, now=now)


@pytest.mark.parametrize(
    ("raw", "headers", "body", "now"),
    [
        pytest.param(
            {"type": "github", "secrets": ["It's a Secret to Everybody"]},
            [
                (
                    "X-Hub-Signature-256",
                    "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
                )
            ],
            b"Hello, World!",
            0.0,
            id="GitHub docs, Validating webhook deliveries",
        ),
        pytest.param(
            {
                "type": "hmac",
                "secrets": ["8f742231b10e8888abcd99yyyzzz85a5"],
                "header": "X-Slack-Signature",
                "prefix": "v0=",
                "signs": "v0:{timestamp}:{body}",
                "timestamp_header": "X-Slack-Request-Timestamp",
            },
            [
                ("X-Slack-Request-Timestamp", "1531420618"),
                ("X-Slack-Signature", "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"),
            ],
            SLACK_BODY,
            1531420618.0,
            id="Slack docs, Verifying requests from Slack",
        ),
        pytest.param(
            {"type": "stripe", "secrets": ["webhook_secret"]},
            [
                ("Stripe-Signature", STRIPE_SIGNATURE),
            ],
            STRIPE_BODY,
            1533204620.0,
            id="async-stripe, webhook.rs",
        ),
        pytest.param(
            {"type": "shopify", "secrets": [RFC_KEY]},
            [("X-Shopify-Hmac-Sha256", RFC_BASE64)],
            RFC_DATA,
            0.0,
            id="Shopify publishes none: RFC 4231",
        ),
        pytest.param(
            {"type": "woocommerce", "secrets": [RFC_KEY]},
            [("X-WC-Webhook-Signature", RFC_BASE64)],
            RFC_DATA,
            0.0,
            id="WooCommerce publishes none: RFC 4231",
        ),
    ],
)
def test_what_a_sender_documents_is_verified(raw, headers, body, now):
    """A vector of somebody else shows that we do not only agree with ourselves."""
    found = verdict(raw, headers, body, now=now)

    assert isinstance(found, Verified)
    assert 0 == found.secret_index


@pytest.mark.parametrize("algorithm", RFC_DIGESTS)
@pytest.mark.parametrize("encoding", ["hex", "base64"])
def test_every_algorithm_gives_what_its_rfc_says(algorithm, encoding):
    """RFC 4231 and RFC 2202, in both ways of writing."""
    digest = RFC_DIGESTS[algorithm]
    text = digest if encoding == "hex" else base64.b64encode(bytes.fromhex(digest)).decode()
    raw = PLAIN | {"secrets": [RFC_KEY], "algorithm": algorithm, "encoding": encoding}

    assert isinstance(verdict(raw, [("X-Signature", text)], RFC_DATA), Verified)


@pytest.mark.parametrize(
    ("secret_encoding", "secret"),
    [("text", RFC_KEY), ("hex", "4a656665"), ("hex", "4A656665"), ("base64", "SmVmZQ==")],
)
def test_a_secret_may_be_written_in_hex_or_base64(secret_encoding, secret):
    """Some senders show their key's bytes, some its text; the wrong guess rejects everything."""
    raw = PLAIN | {"secrets": [secret], "secret_encoding": secret_encoding}

    assert isinstance(verdict(raw, [("X-Signature", RFC_DIGESTS["sha256"])], RFC_DATA), Verified)


@given(
    key=st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1).filter(
        lambda text: text.strip() and not text.startswith(("env:", "file:")) and text != "literal"
    ),
    body=st.binary(max_size=300),
)
def test_a_signature_by_hand_is_verified(key, body):
    """An independent sender: the standard library, one line."""
    text = hmac.new(key.encode(), body, hashlib.sha256).hexdigest()

    assert isinstance(verdict(PLAIN | {"secrets": [key]}, [("X-Signature", text)], body), Verified)


def test_a_verdict_says_what_the_headers_say():
    """Id, type and time are taken from here by everything that follows."""
    settings = scheme(**OF_ALL, secrets=["other", TEXT_SECRET])
    headers = delivery(scheme(**OF_ALL, secrets=[TEXT_SECRET]))

    assert judged(settings, headers) == Verified(
        scheme="hmac",
        secret_index=1,
        event_id=EVENT_ID,
        event_type="order.created",
        timestamp=NOW,
        replay_guard=False,
    )


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        (b"x-signature", None, RejectionCode.SIGNATURE_MISSING),
        (b"x-signature", b"", RejectionCode.SIGNATURE_MISSING),
        (b"x-signature", b"0" * 64, RejectionCode.SIGNATURE_INVALID),
        (b"x-signature", b"0" * 63, RejectionCode.SIGNATURE_MALFORMED),
        (b"x-signature", b"A" * 64, RejectionCode.SIGNATURE_MALFORMED),
        (b"x-signature", b"0" * 1_000_000, RejectionCode.SIGNATURE_MALFORMED),
        (b"x-signature", b"\xff" * 64, RejectionCode.SIGNATURE_MALFORMED),
        (b"x-signature", b"sha256=" + b"0" * 64, RejectionCode.SIGNATURE_MALFORMED),
        (b"x-id", None, RejectionCode.SIGNATURE_MALFORMED),
        (b"x-id", b"other", RejectionCode.SIGNATURE_INVALID),
        (b"x-id", b"a.1", RejectionCode.SIGNATURE_MALFORMED),
        (b"x-timestamp", None, RejectionCode.TIMESTAMP_MALFORMED),
        (b"x-timestamp", b"nan", RejectionCode.TIMESTAMP_MALFORMED),
        (b"x-timestamp", b"%d" % (NOW + 1), RejectionCode.SIGNATURE_INVALID),
        (b"x-timestamp", b"%d" % (NOW - 301), RejectionCode.TIMESTAMP_STALE),
        (b"x-timestamp", b"%d" % (NOW + 301), RejectionCode.TIMESTAMP_STALE),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_one_header_that_is_wrong_is_refused_for_its_own_reason(name, value, code):
    """The code is all that the sender's engineer gets to see, so it must point at the right place."""
    settings = scheme(**OF_ALL, secrets=[TEXT_SECRET])

    found = judged(settings, with_header(delivery(settings), name, value))

    assert isinstance(found, Rejected)
    assert code == found.code


@pytest.mark.parametrize("name", [b"x-type", b"host"])
def test_a_header_that_is_not_signed_may_be_missing(name):
    """The type may stand in the body."""
    settings = scheme(**OF_ALL, secrets=[TEXT_SECRET])

    found = judged(settings, with_header(delivery(settings), name, None))

    assert isinstance(found, Verified)
    assert EVENT_ID == found.event_id


@pytest.mark.parametrize("name", ["github", "shopify", "woocommerce", "hmac"])
def test_where_the_body_alone_is_signed_the_verdict_asks_for_a_guard(name):
    """S11: the id is not part of the signature, so a captured delivery could return under another one."""
    settings = settings_of(name)

    found = judged(settings, with_header(delivery(settings), b"x-github-delivery", b"another"))

    assert isinstance(found, Verified)
    assert found.replay_guard
    assert found.timestamp is None


@pytest.mark.parametrize("name", ["stripe", "hmac of all"])
def test_where_the_id_is_signed_no_guard_is_needed(name):
    """Two events with one body, a second apart, are two events."""
    settings = settings_of(name)

    found = judged(settings, delivery(settings))

    assert isinstance(found, Verified)
    assert not found.replay_guard


@pytest.mark.parametrize(
    ("extra", "guard"),
    [({}, False), ({"id_header": "X-Id"}, True), ({"type_header": "X-Type"}, True)],
    ids=["neither", "id", "type"],
)
def test_a_signed_time_does_not_cover_an_unsigned_id_or_type(extra, guard):
    """S11: within the tolerance, the same body could return under another id or type."""
    settings = scheme(
        **PLAIN, secrets=["s"], signs="{timestamp}.{body}", timestamp_header="X-Timestamp", **extra
    )

    found = judged(settings, delivery(settings))

    assert isinstance(found, Verified)
    assert guard == found.replay_guard


def test_github_says_id_and_type_in_headers():
    """X-GitHub-Delivery stays the same when GitHub delivers again."""
    settings = settings_of("github")
    headers = delivery(settings, event_id="72d3162e-cc78-11e3-81ab-4c9367dc0958", event_type="issues")

    found = judged(settings, headers)

    assert isinstance(found, Verified)
    assert ("72d3162e-cc78-11e3-81ab-4c9367dc0958", "issues") == (found.event_id, found.event_type)


def test_github_is_not_verified_by_its_older_header():
    """S16: X-Hub-Signature is SHA-1; who could break it would only have to leave the other one out."""
    mac = hmac.new(TEXT_SECRET.encode(), BODY, hashlib.sha1).hexdigest()

    found = judged(settings_of("github"), arrived([("X-Hub-Signature", f"sha1={mac}")]))

    assert isinstance(found, Rejected)
    assert RejectionCode.SIGNATURE_MISSING == found.code


@pytest.mark.parametrize(
    ("changes", "event_id"),
    [
        ({}, "98880550-7158-44d4.order.created"),
        ({b"x-shopify-event-id": None}, "b54557e4-bdd9-4b37.order.created"),
        ({b"x-shopify-event-id": None, b"x-shopify-webhook-id": None}, None),
        ({b"x-shopify-topic": None}, "98880550-7158-44d4"),
        ({b"x-shopify-topic": b"orders/paid"}, "98880550-7158-44d4.order.paid"),
    ],
    ids=["both", "webhook id only", "none", "no topic", "another topic"],
)
def test_shopify_names_an_event_by_event_id_and_topic(changes, event_id):
    """What happens once in a shop may come as orders/create and orders/paid; neither may be lost as a duplicate."""
    settings = settings_of("shopify")
    headers = delivery(settings, event_id="98880550-7158-44d4")
    headers = with_header(headers, b"x-shopify-webhook-id", b"b54557e4-bdd9-4b37")
    for name, value in changes.items():
        headers = with_header(headers, name, value)

    found = judged(settings, headers)

    assert isinstance(found, Verified)
    assert event_id == found.event_id


def test_woocommerce_has_no_event_id():
    """Its delivery id is a hash of the second: two orders of one second share it, and one would be lost."""
    settings = settings_of("woocommerce")
    headers = with_header(
        delivery(settings), b"x-wc-webhook-delivery-id", b"4e085fa07698763ee63dc870aa79b7f8"
    )

    found = judged(settings, headers)

    assert isinstance(found, Verified)
    assert (None, "order.created") == (found.event_id, found.event_type)


def stripe_pairs():
    """Return the parts of Stripe's header: time, right signature, wrong signature."""
    value = dict(delivery(settings_of("stripe")))[b"stripe-signature"]
    time, right = value.split(b",")
    return time, right, b"v1=" + b"0" * 64


STRIPE_T, STRIPE_V1, STRIPE_WRONG = stripe_pairs()


@pytest.mark.parametrize(
    "pairs",
    [
        [STRIPE_T, STRIPE_V1],
        [STRIPE_V1, STRIPE_T],
        [STRIPE_T, STRIPE_WRONG, STRIPE_V1],
        [STRIPE_T, STRIPE_V1, STRIPE_WRONG],
        [STRIPE_T, STRIPE_V1, b"v0=whatever"],
        [STRIPE_T, *[STRIPE_WRONG] * 7, STRIPE_V1],
        [STRIPE_T, STRIPE_V1, b"v2=new"],
    ],
    ids=len,
)
def test_stripe_may_send_several_signatures(pairs):
    """While a secret is rolled there are two; schemes that we do not know are left alone."""
    headers = with_header(delivery(settings_of("stripe")), b"stripe-signature", b",".join(pairs))

    assert isinstance(judged(settings_of("stripe"), headers), Verified)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (b"", RejectionCode.SIGNATURE_MISSING),
        (STRIPE_T, RejectionCode.SIGNATURE_MALFORMED),
        (STRIPE_V1, RejectionCode.TIMESTAMP_MALFORMED),
        (STRIPE_T + b"," + STRIPE_WRONG, RejectionCode.SIGNATURE_INVALID),
        (STRIPE_T + b",v0=" + STRIPE_V1[3:], RejectionCode.SIGNATURE_MALFORMED),
        (STRIPE_T + b"," + STRIPE_T + b"," + STRIPE_V1, RejectionCode.SIGNATURE_MALFORMED),
        (STRIPE_T + b", " + STRIPE_V1, RejectionCode.SIGNATURE_MALFORMED),
        (STRIPE_T + b"," + STRIPE_V1 + b",", RejectionCode.SIGNATURE_MALFORMED),
        (STRIPE_T + b"," + STRIPE_V1 + b",x", RejectionCode.SIGNATURE_MALFORMED),
        (STRIPE_T + b"," + STRIPE_V1.upper(), RejectionCode.SIGNATURE_MALFORMED),
        (STRIPE_T + b"," + STRIPE_V1[:-1], RejectionCode.SIGNATURE_MALFORMED),
        (STRIPE_T + b"," + b",".join([STRIPE_WRONG] * 8 + [STRIPE_V1]), RejectionCode.SIGNATURE_MALFORMED),
        (STRIPE_T + b"," + STRIPE_V1 + b",a=b" * 16, RejectionCode.SIGNATURE_MALFORMED),
        (b"t=nan," + STRIPE_V1, RejectionCode.TIMESTAMP_MALFORMED),
        (b"t=1700000001," + STRIPE_V1, RejectionCode.SIGNATURE_INVALID),
        (b"t=1690000000," + STRIPE_V1, RejectionCode.TIMESTAMP_STALE),
        (b",".join([b"a=b"] * 100_000), RejectionCode.SIGNATURE_MALFORMED),
    ],
    ids=lambda value: repr(value[:40]) if isinstance(value, bytes) else "",
)
def test_a_header_in_pairs_that_is_wrong_is_refused_for_its_own_reason(value, code):
    """Stripe's own libraries take any order and many entries; ours takes what Stripe sends."""
    headers = with_header(delivery(settings_of("stripe")), b"stripe-signature", value)

    found = judged(settings_of("stripe"), headers)

    assert isinstance(found, Rejected)
    assert code == found.code
