"""
Standard Webhooks: the vectors of the specification's own libraries, lists of signatures, and what is nearly right.
"""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from receiver.verification import Rejected, RejectionCode, Verified, Verifier
from tests.support.schemes import (
    BODY,
    ED25519_SECRET,
    EVENT_ID,
    NOW,
    STANDARD_SECRET,
    arrived,
    delivery,
    scheme,
    settings_of,
    with_header,
)

SEED = base64.b64decode(ED25519_SECRET.removeprefix("whsk_"))
PUBLIC_SECRET = (
    "whpk_"
    + base64.b64encode(Ed25519PrivateKey.from_private_bytes(SEED).public_key().public_bytes_raw()).decode()
)
OTHER_SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
SIGNATURE = b"webhook-signature"
#: `TestSymmetricWebhook` in libraries/go uses this one as a signature that is wrong but well-formed.
WRONG = b"v1,Ceo5qEr07ixe2NLpvHk3FH9bwy/WavXrAFQ/9tdO6mc="

VECTOR_BODY = b'{"test": 2432232314}'
VECTOR_HEADERS = [("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"), ("webhook-timestamp", "1614265330")]
V1 = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
V1A = "v1a,tQ9V2XOqn7jL/DQenEFpqIugdBVtiMmER5mhSkXBNwM0mkATuDe6KYYUuxqtaiHeYGb7KaaBRdM5WqyeFiL8Ag=="


def standard(*secrets, **options):
    return scheme(type="standard-webhooks", secrets=list(secrets), **options)


def judged(settings, headers, *, body=BODY, now=float(NOW)):
    return Verifier.build(settings).verify(headers, body, now=now)


def signature_of(settings, **delivered):
    return dict(delivery(settings, **delivered))[SIGNATURE]


def signed(value):
    """Return a delivery made with STANDARD_SECRET, but with this signature header."""
    return with_header(delivery(standard(STANDARD_SECRET)), SIGNATURE, value)


RIGHT = signature_of(standard(STANDARD_SECRET))
RIGHT_V1A = signature_of(standard(ED25519_SECRET))


@pytest.mark.parametrize(
    ("secret", "signature"),
    [
        pytest.param("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", V1, id="TestSymmetricWebhookSign"),
        pytest.param(ED25519_SECRET, V1A, id="TestAsymmetricWebhookSign"),
        pytest.param(PUBLIC_SECRET, V1A, id="TestAsymmetricWebhookSign, with the public key"),
        pytest.param(PUBLIC_SECRET, f"{V1} {V1A}", id="both versions, one key"),
        pytest.param("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", f"{V1A} {V1}", id="both versions, one secret"),
    ],
)
def test_the_vectors_of_the_standard_are_verified(secret, signature):
    """github.com/standard-webhooks/standard-webhooks, libraries/go, webhook_symmetric_test.go and webhook_asymmetric_test.go."""
    headers = arrived([*VECTOR_HEADERS, ("webhook-signature", signature)])

    found = judged(standard(secret), headers, body=VECTOR_BODY, now=1614265330.0)

    assert found == Verified(
        scheme="standard-webhooks",
        secret_index=0,
        event_id="msg_p5jXN8AQM9LWM0D4loKWxJek",
        timestamp=1614265330,
    )


def test_svix_names_its_headers_after_itself():
    """Senders on Svix may send svix-id instead of webhook-id; the other names are then not looked at."""
    svix = settings_of("standard-webhooks of svix")

    assert isinstance(judged(svix, delivery(svix)), Verified)
    assert isinstance(judged(svix, delivery(standard(STANDARD_SECRET))), Rejected)


@pytest.mark.parametrize("position", range(8))
@pytest.mark.parametrize("secret", range(3))
def test_any_of_eight_signatures_may_match_any_secret(position, secret):
    """S6: while a secret is changed, both sides have two of them, and nobody knows the other's order."""
    secrets = [OTHER_SECRET, PUBLIC_SECRET, "whsec_AAAA"]
    secrets[secret] = STANDARD_SECRET
    entries = [WRONG] * 8
    entries[position] = RIGHT

    found = judged(standard(*secrets), signed(b" ".join(entries)))

    assert isinstance(found, Verified)
    assert secret == found.secret_index


@pytest.mark.parametrize(
    ("value", "secrets", "index"),
    [
        (RIGHT_V1A + b" " + RIGHT, [STANDARD_SECRET, PUBLIC_SECRET], 0),
        (RIGHT_V1A + b" " + RIGHT, [PUBLIC_SECRET, STANDARD_SECRET], 0),
        (RIGHT_V1A + b" " + WRONG, [STANDARD_SECRET, PUBLIC_SECRET], 1),
        (RIGHT + b" v2,whatever", [STANDARD_SECRET], 0),
        (b"v2,whatever " + RIGHT, [STANDARD_SECRET], 0),
    ],
    ids=["both", "both, other order", "public key only", "newer version behind", "newer version before"],
)
def test_versions_may_be_mixed(value, secrets, index):
    """The standard lets a sender change from `v1` to `v1a` with both in one header."""
    found = judged(standard(*secrets), signed(value))

    assert isinstance(found, Verified)
    assert index == found.secret_index


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (None, RejectionCode.SIGNATURE_MISSING),
        (b"", RejectionCode.SIGNATURE_MISSING),
        (WRONG, RejectionCode.SIGNATURE_INVALID),
        (b" ".join([WRONG] * 8), RejectionCode.SIGNATURE_INVALID),
        (b" ".join([WRONG] * 8 + [RIGHT]), RejectionCode.SIGNATURE_MALFORMED),
        (b" ".join([RIGHT] + [WRONG] * 8), RejectionCode.SIGNATURE_MALFORMED),
        (b" ".join([RIGHT] * 100_000), RejectionCode.SIGNATURE_MALFORMED),
        (b"v0," + RIGHT[3:], RejectionCode.SIGNATURE_MALFORMED),
        (b"v2," + RIGHT[3:], RejectionCode.SIGNATURE_MALFORMED),
        (RIGHT_V1A, RejectionCode.SIGNATURE_MALFORMED),
        (b"v1a," + RIGHT[3:], RejectionCode.SIGNATURE_MALFORMED),
        (b"v1,", RejectionCode.SIGNATURE_MALFORMED),
        (b"v1", RejectionCode.SIGNATURE_MALFORMED),
        (b",", RejectionCode.SIGNATURE_MALFORMED),
        (RIGHT[3:], RejectionCode.SIGNATURE_MALFORMED),
        (b" " + RIGHT, RejectionCode.SIGNATURE_MALFORMED),
        (RIGHT + b" ", RejectionCode.SIGNATURE_MALFORMED),
        (RIGHT + b"  " + WRONG, RejectionCode.SIGNATURE_MALFORMED),
        (RIGHT + b"," + WRONG, RejectionCode.SIGNATURE_MALFORMED),
        (RIGHT + b" v1,junk", RejectionCode.SIGNATURE_MALFORMED),
        (RIGHT[:-1], RejectionCode.SIGNATURE_MALFORMED),
        (RIGHT + b"=", RejectionCode.SIGNATURE_MALFORMED),
        (b"V1," + RIGHT[3:], RejectionCode.SIGNATURE_MALFORMED),
        (RIGHT.replace(b"/", b"_").replace(b"+", b"-") + b"x", RejectionCode.SIGNATURE_MALFORMED),
        (b"v1," + base64.b64decode(RIGHT[3:]).hex().encode(), RejectionCode.SIGNATURE_MALFORMED),
        (b"v1," + bytes(range(0x80, 0xAB)) + b"=", RejectionCode.SIGNATURE_MALFORMED),
        (b"v1," + b"A" * 1_000_000, RejectionCode.SIGNATURE_MALFORMED),
        (b"v1," + b"A" * 43 + b"=", RejectionCode.SIGNATURE_INVALID),
    ],
    ids=lambda value: repr(value)[:40] if isinstance(value, bytes | None) else "",
)
def test_a_signature_that_is_wrong_is_refused_for_its_own_reason(value, code):
    """S1, S3 to S6: stripped, empty, of another version, cut, in another writing, or one too many."""
    found = judged(standard(STANDARD_SECRET), signed(value))

    assert isinstance(found, Rejected)
    assert code == found.code


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        (b"webhook-id", None, RejectionCode.SIGNATURE_MALFORMED),
        (b"webhook-id", b"", RejectionCode.SIGNATURE_MALFORMED),
        (b"webhook-id", b"msg_other", RejectionCode.SIGNATURE_INVALID),
        (b"webhook-id", EVENT_ID.encode() + b".1", RejectionCode.SIGNATURE_MALFORMED),
        (b"webhook-id", b"a\0", RejectionCode.SIGNATURE_MALFORMED),
        (b"webhook-id", b"a" * 10_000, RejectionCode.SIGNATURE_MALFORMED),
        (b"webhook-timestamp", None, RejectionCode.TIMESTAMP_MALFORMED),
        (b"webhook-timestamp", b"", RejectionCode.TIMESTAMP_MALFORMED),
        (b"webhook-timestamp", b"nan", RejectionCode.TIMESTAMP_MALFORMED),
        (b"webhook-timestamp", b"1700000000.0", RejectionCode.TIMESTAMP_MALFORMED),
        (b"webhook-timestamp", b"1700000001", RejectionCode.SIGNATURE_INVALID),
        (b"webhook-timestamp", b"1700000301", RejectionCode.TIMESTAMP_STALE),
        (b"webhook-timestamp", b"0000000000", RejectionCode.TIMESTAMP_STALE),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_an_id_or_time_that_is_wrong_is_refused_for_its_own_reason(name, value, code):
    """S10, S14, S15: both are signed, so neither can be changed, and neither may be read in two ways."""
    found = judged(standard(STANDARD_SECRET), with_header(delivery(standard(STANDARD_SECRET)), name, value))

    assert isinstance(found, Rejected)
    assert code == found.code


@pytest.mark.parametrize("age", [-301, -300, -299, 299, 300, 301])
def test_the_tolerance_counts_in_both_directions(age):
    """S10: 300 s as in the standard's libraries."""
    settings = standard(STANDARD_SECRET)

    found = judged(settings, delivery(settings), now=float(NOW + age))

    assert isinstance(found, Verified) == (abs(age) <= 300)


def test_the_tolerance_can_be_set():
    """A sender behind a slow queue signs once and delivers late."""
    settings = standard(STANDARD_SECRET, tolerance_s=3600)

    assert isinstance(judged(settings, delivery(settings), now=float(NOW + 3600)), Verified)
    assert isinstance(judged(settings, delivery(settings), now=float(NOW + 3601)), Rejected)


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe\0", b"{}" * 500_000, '{"é": 1}'.encode()],
    ids=["empty", "binary", "1 MB", "utf-8"],
)
def test_any_bytes_can_be_signed(body):
    """Issue stripe/stripe-node#341 and its like: the bytes that came are what counts, not what they mean."""
    settings = standard(STANDARD_SECRET)

    assert isinstance(judged(settings, delivery(settings, body=body), body=body), Verified)
    assert isinstance(judged(settings, delivery(settings, body=body), body=body + b" "), Rejected)


def test_an_ed25519_signature_has_one_spelling():
    """The last digit of 64 bytes in base64 has four bits that mean nothing; with them, one signature would be many."""
    end = RIGHT_V1A[-3:-2]
    others = {
        b"%c" % char for char in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    } - {end}

    codes = {
        judged(standard(PUBLIC_SECRET), signed(RIGHT_V1A[:-3] + other + b"==")).code
        for other in sorted(others)
    }

    assert {RejectionCode.SIGNATURE_MALFORMED, RejectionCode.SIGNATURE_INVALID} == codes


@pytest.mark.parametrize(
    "forged", [bytes(64), b"\xff" * 64, bytes(32) + b"\x01" + bytes(31)], ids=["zero", "ones", "small"]
)
def test_a_degenerate_ed25519_signature_is_invalid(forged):
    """Points of small order and numbers that are too large have fooled libraries before."""
    value = b"v1a," + base64.b64encode(forged)

    found = judged(standard(PUBLIC_SECRET), signed(value))

    assert isinstance(found, Rejected)
    assert RejectionCode.SIGNATURE_INVALID == found.code
