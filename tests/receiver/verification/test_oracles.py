"""
The libraries of Standard Webhooks and of Svix as oracles: their verdicts and ours agree.

They read the clock by themselves, so these tests sign for the present. Svix' library calls the standard's; what it adds
is its own headers. Whatever they raise, of whichever kind, is a refusal.
"""

import base64
import time
from datetime import UTC, datetime

import pytest
import standardwebhooks
import svix.webhooks
from hypothesis import given
from hypothesis import strategies as st

from receiver.verification import Rejected, RejectionCode, Verified, Verifier
from tests.support.schemes import STANDARD_SECRET, arrived, delivery, scheme, with_header

ORACLES = {"webhook": standardwebhooks.Webhook, "svix": svix.webhooks.Webhook}
SECRETS = [STANDARD_SECRET, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]

KEYS = st.binary(min_size=1, max_size=64).map(lambda key: "whsec_" + base64.b64encode(key).decode())
IDS = st.from_regex(r"[A-Za-z0-9_-]{1,40}", fullmatch=True)
BODIES = st.text(max_size=200).map(lambda text: text.encode("utf-8", "replace"))
#: Well within the tolerance or well outside: a second may pass between their clock and ours.
AGES = st.one_of(st.integers(-290, 290), st.integers(-10_000, -310), st.integers(310, 10_000))


def settings_for(prefix, secret=STANDARD_SECRET):
    return scheme(type="standard-webhooks", headers=prefix, secrets=[secret])


def ours(settings, headers, body):
    return Verifier.build(settings).verify(headers, body, now=time.time())


def theirs(prefix, secret, headers, body):
    """Return whether the oracle accepts."""
    readable = {name.decode(): value.decode("latin-1") for name, value in headers}
    try:
        oracle = ORACLES[prefix](secret)
        oracle.verify(body, readable, **({"json_parse": False} if prefix == "webhook" else {}))
    except Exception:  # noqa: BLE001 - ValueError, binascii.Error, UnicodeDecodeError: all of them refuse
        return False
    return True


def present(settings, body, *, event_id="msg_1", age=0):
    return delivery(settings, body=body, event_id=event_id, timestamp=int(time.time()) - age)


@pytest.mark.parametrize("prefix", ORACLES)
@given(secret=KEYS, event_id=IDS, body=BODIES, age=AGES)
def test_both_accept_what_we_sign(prefix, secret, event_id, body, age):
    """What our sandbox sends, the receivers of others can verify; and the tolerance is the same."""
    settings = settings_for(prefix, secret)
    headers = present(settings, body, event_id=event_id, age=age)

    accepted = theirs(prefix, secret, headers, body)

    assert (abs(age) <= 300) == accepted
    assert accepted == isinstance(ours(settings, headers, body), Verified)


@pytest.mark.parametrize("prefix", ORACLES)
@given(secret=KEYS, event_id=IDS, body=BODIES, age=AGES)
def test_both_accept_what_they_sign(prefix, secret, event_id, body, age):
    """Senders use these libraries."""
    timestamp = int(time.time()) - age
    signature = ORACLES[prefix](secret).sign(event_id, datetime.fromtimestamp(timestamp, UTC), body.decode())
    names = (f"{prefix}-id", f"{prefix}-timestamp", f"{prefix}-signature")
    headers = arrived(zip(names, (event_id, str(timestamp), signature), strict=True))

    accepted = isinstance(ours(settings_for(prefix, secret), headers, body), Verified)

    assert (abs(age) <= 300) == accepted
    assert accepted == theirs(prefix, secret, headers, body)


def flipped(value, bit):
    raw = bytearray(base64.b64decode(value[3:]))
    raw[bit // 8 % len(raw)] ^= 1 << bit % 8
    return b"v1," + base64.b64encode(raw)


#: Changes of meaning, after which all is still well-formed: which header, and what of it and of a random bit.
WELL_FORMED = {
    "nothing": ("signature", lambda old, bit: old),
    "another id": ("id", lambda old, bit: b"msg_2"),
    "an empty id": ("id", lambda old, bit: b""),
    "no id": ("id", lambda old, bit: None),
    "another time": ("timestamp", lambda old, bit: b"%d" % (int(old) - 1 - bit)),
    "no time": ("timestamp", lambda old, bit: None),
    "a bit of the signature": ("signature", flipped),
    "a wrong one before": ("signature", lambda old, bit: flipped(old, bit) + b" " + old),
    "a wrong one behind": ("signature", lambda old, bit: old + b" " + flipped(old, bit)),
    "a newer version behind": ("signature", lambda old, bit: old + b" v2,abc"),
    "only a newer version": ("signature", lambda old, bit: b"v2," + old[3:]),
    "no signature": ("signature", lambda old, bit: None),
}


@pytest.mark.parametrize("prefix", ORACLES)
@pytest.mark.parametrize("change", WELL_FORMED)
@given(
    bit=st.integers(0, 255), body=BODIES, added=st.sampled_from([b"", b"."]), secret=st.sampled_from(SECRETS)
)
def test_both_agree_on_well_formed_deliveries(prefix, change, bit, **sent):
    """Where there is nothing to be strict about, a difference would be a bug of one of the two."""
    signer, body = settings_for(prefix), sent["body"]
    name, of = WELL_FORMED[change]
    header, headers = f"{prefix}-{name}".encode(), present(signer, body)
    headers = with_header(headers, header, of(dict(headers)[header], bit))
    reader = settings_for(prefix, sent["secret"])

    verdict = ours(reader, headers, body + sent["added"])

    assert theirs(prefix, sent["secret"], headers, body + sent["added"]) == isinstance(verdict, Verified)


VALUES = st.one_of(
    st.binary(max_size=60), st.text(max_size=60).map(lambda text: text.encode("utf-8", "replace"))
)


@pytest.mark.parametrize("prefix", ORACLES)
@pytest.mark.parametrize("name", ["id", "timestamp", "signature"])
@given(value=VALUES, start=st.integers(0, 60), length=st.integers(0, 60))
def test_we_accept_nothing_that_they_refuse(prefix, name, value, start, length):
    """Being stricter is a choice; being laxer than the library that everybody uses would be a hole."""
    settings, header = settings_for(prefix), f"{prefix}-{name}".encode()
    headers = present(settings, b"{}")
    old = dict(headers)[header]
    headers = with_header(headers, header, old[:start] + value + old[start + length :])

    verdict = ours(settings, headers, b"{}")

    assert isinstance(verdict, Rejected) or theirs(prefix, STANDARD_SECRET, headers, b"{}")


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("timestamp", lambda old: old + b".0"),
        ("timestamp", lambda old: b" " + old),
        ("timestamp", lambda old: b"+" + old),
        ("timestamp", lambda old: old[:1] + b"_" + old[1:]),
        ("signature", lambda old: old + b"="),
        ("signature", lambda old: old[:10] + b"!" + old[10:]),
        ("signature", lambda old: b" ".join([b"v1," + b"A" * 43 + b"="] * 8 + [old])),
    ],
    ids=["decimals", "space", "sign", "underscore", "more padding", "junk", "nine signatures"],
)
def test_what_they_forgive_is_malformed_to_us(name, change):
    """S3, S6, S15: each second spelling of a good delivery is one more way to send it again."""
    settings, header = settings_for("webhook"), f"webhook-{name}".encode()
    headers = present(settings, b"{}")
    headers = with_header(headers, header, change(dict(headers)[header]))

    verdict = ours(settings, headers, b"{}")

    assert theirs("webhook", STANDARD_SECRET, headers, b"{}")
    assert isinstance(verdict, Rejected)
    assert verdict.code in {RejectionCode.SIGNATURE_MALFORMED, RejectionCode.TIMESTAMP_MALFORMED}
