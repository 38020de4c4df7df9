"""
Secrets that are sent as they are, in a header or as a basic password, and the scheme that checks nothing.
"""

import base64

import pytest

from receiver.verification import Rejected, RejectionCode, Verified, Verifier
from tests.support.schemes import arrived, scheme


def judged(raw, headers, *, now=0.0):
    return Verifier.build(scheme(**raw)).verify(arrived(headers), b"{}", now=now)


def basic(text):
    return f"Basic {base64.b64encode(text.encode()).decode()}"


HEADER = {"type": "header", "name": "X-Webhook-Token", "secrets": ["new", "old"]}
BEARER = {"type": "header", "name": "Authorization", "prefix": "Bearer ", "secrets": ["t0ken"]}
BASIC = {"type": "basic", "username": "sender", "secrets": ["pass:word", "øl"]}


@pytest.mark.parametrize(
    ("raw", "headers", "index"),
    [
        (HEADER, [("X-Webhook-Token", "new")], 0),
        (HEADER, [("x-webhook-token", "old")], 1),
        (BEARER, [("Authorization", "Bearer t0ken")], 0),
        (BEARER, [("Authorization", "bearer t0ken")], 0),
        (BASIC, [("Authorization", basic("sender:pass:word"))], 0),
        (BASIC, [("Authorization", basic("sender:øl"))], 1),
        (BASIC, [("Authorization", basic("sender:øl").replace("Basic", "BASIC"))], 1),
    ],
)
def test_a_right_secret_is_verified(raw, headers, index):
    """Old and new secret both work, and the verdict says which one it was."""
    found = judged(raw, headers)

    assert isinstance(found, Verified)
    assert index == found.secret_index


@pytest.mark.parametrize(
    ("raw", "headers", "code"),
    [
        (HEADER, [], RejectionCode.SIGNATURE_MISSING),
        (HEADER, [("X-Webhook-Token", "")], RejectionCode.SIGNATURE_MISSING),
        (HEADER, [("X-Webhook-Token", "ne")], RejectionCode.SIGNATURE_INVALID),
        (HEADER, [("X-Webhook-Token", "new ")], RejectionCode.SIGNATURE_INVALID),
        (HEADER, [("X-Webhook-Token", "NEW")], RejectionCode.SIGNATURE_INVALID),
        (HEADER, [("X-Webhook-Token", "\xff" * 3)], RejectionCode.SIGNATURE_INVALID),
        (HEADER, [("X-Webhook-Token", "x" * 1_000_000)], RejectionCode.SIGNATURE_INVALID),
        (BEARER, [("Authorization", "t0ken")], RejectionCode.SIGNATURE_MALFORMED),
        (BEARER, [("Authorization", "Bearer ")], RejectionCode.SIGNATURE_MALFORMED),
        (BEARER, [("Authorization", "Basic t0ken")], RejectionCode.SIGNATURE_MALFORMED),
        (BEARER, [("Authorization", "Bearer  t0ken")], RejectionCode.SIGNATURE_INVALID),
        (BASIC, [], RejectionCode.SIGNATURE_MISSING),
        (BASIC, [("Authorization", basic("sender:wrong"))], RejectionCode.SIGNATURE_INVALID),
        (BASIC, [("Authorization", basic("other:pass:word"))], RejectionCode.SIGNATURE_INVALID),
        (
            BASIC,
            [("Authorization", basic("sender:pass:word").rstrip("="))],
            RejectionCode.SIGNATURE_MALFORMED,
        ),
        (BASIC, [("Authorization", "Basic sender:pass:word")], RejectionCode.SIGNATURE_MALFORMED),
        (BASIC, [("Authorization", "Basic")], RejectionCode.SIGNATURE_MALFORMED),
        (BASIC, [("Authorization", "Bearer t0ken")], RejectionCode.SIGNATURE_MALFORMED),
    ],
    ids=lambda value: repr(value)[:50] if isinstance(value, list) else "",
)
def test_a_wrong_secret_is_refused(raw, headers, code):
    """Missing, not of the form, or wrong: three things for the sender's engineer to look at."""
    found = judged(raw, headers)

    assert isinstance(found, Rejected)
    assert code == found.code


@pytest.mark.parametrize("raw", [HEADER, BASIC, {"type": "unsigned"}], ids=lambda raw: raw["type"])
def test_id_and_type_may_stand_in_headers_beside_any_secret(raw):
    """Some senders with a mere token do number their events."""
    raw = raw | {"id_header": "X-Event-Id", "type_header": "X-Event"}
    proof = [("X-Webhook-Token", "new"), ("Authorization", basic("sender:øl"))]

    found = judged(raw, [*proof, ("X-Event-Id", "e.1"), ("X-Event", "order.created")])

    assert isinstance(found, Verified)
    assert ("e.1", "order.created") == (found.event_id, found.event_type)
    assert (None, None) == (judged(raw, proof).event_id, judged(raw, proof).event_type)
    assert RejectionCode.SIGNATURE_MALFORMED == judged(raw, [*proof, ("X-Event-Id", "e 1")]).code


def test_unsigned_is_never_called_authentic():
    """Whoever reads the verdict must see that nobody vouches for the sender."""
    verifier = Verifier.build(scheme(type="unsigned"))

    assert not verifier.authentic
    assert Verified(scheme="unsigned", secret_index=-1) == verifier.verify([], b"", now=0.0)


@pytest.mark.parametrize("raw", [HEADER, BASIC], ids=lambda raw: raw["type"])
def test_a_mere_secret_asks_for_no_guard(raw):
    """Who has seen one delivery has the secret, and can send any body: remembering bodies would stop nobody."""
    found = judged(raw, [("X-Webhook-Token", "new"), ("Authorization", basic("sender:øl"))])

    assert isinstance(found, Verified)
    assert not found.replay_guard
