"""
The exact shapes of header values: one spelling of each, and nothing repaired.
"""

import base64
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from receiver.verification import RejectionCode, shapes
from receiver.verification.verdict import Refusal
from tests.support.schemes import NOW

DIGEST = bytes(range(200, 232))
HEX = DIGEST.hex().encode()
BASE64 = base64.b64encode(DIGEST)


def refused(call):
    with pytest.raises(Refusal) as caught:
        call()
    return caught.value.code


@pytest.mark.parametrize(
    "value",
    [
        b"",
        HEX.upper(),
        HEX[:-1],
        HEX + b"0",
        HEX[:-1] + b"g",
        b" " + HEX[1:],
        HEX[:-1] + b"\n",
        HEX + b"\n",
        b"0x" + HEX[2:],
        BASE64,
        "٣".encode() * 32,
        b"\xff" * 64,
    ],
    ids=repr,
)
def test_hex_is_lower_case_and_of_one_length(value):
    """S3: `bytes.fromhex` takes spaces and capitals, and a signature with two spellings can be replayed as new."""
    assert shapes.signature_shape("hex", 32)(HEX)
    assert not shapes.signature_shape("hex", 32)(value)


@pytest.mark.parametrize(
    "value",
    [
        b"",
        BASE64[:-1],
        BASE64 + b"=",
        BASE64 + b"\n",
        BASE64[:-2] + b"==",
        b" " + BASE64[1:],
        base64.urlsafe_b64encode(DIGEST),
        b"!" + BASE64[1:],
        HEX,
        b"\xff" * 44,
    ],
    ids=repr,
)
def test_base64_is_of_the_standard_alphabet_padded_and_of_one_length(value):
    """S3: `b64decode` drops junk without a word."""
    assert shapes.signature_shape("base64", 32)(BASE64)
    assert not shapes.signature_shape("base64", 32)(value)


@pytest.mark.parametrize("size", [20, 32, 48, 64])
def test_a_shape_fits_each_digest(size):
    """SHA-1 to SHA-512 end in none, one or two signs of padding."""
    raw = bytes(range(size))

    assert shapes.signature_shape("base64", size)(base64.b64encode(raw))
    assert shapes.signature_shape("hex", size)(raw.hex().encode())


@given(raw=st.binary(max_size=80))
def test_base64_comes_back(raw):
    """The one spelling of a value is read."""
    assert raw == shapes.from_base64(base64.b64encode(raw))


@given(value=st.one_of(st.binary(max_size=12), st.text(alphabet="AQgwB=+/", max_size=12).map(str.encode)))
def test_base64_has_one_spelling(value):
    """What is read is exactly what would be written: no unused bits, no junk, no missing padding."""
    decoded = shapes.from_base64(value)

    assert decoded is None or base64.b64encode(decoded) == value


@pytest.mark.parametrize(
    "stamp",
    [
        None,
        b"",
        b"nan",
        b"inf",
        b"-1700000000",
        b"+1700000000",
        b" 1700000000",
        b"1700000000 ",
        b"1700000000\n",
        b"170000000",
        b"17000000000",
        b"1700000000.0",
        b"1_70000000",
        b"1e9",
        b"0x6553f100",
        b"1700000000000",
        "١٧٠٠٠٠٠٠٠٠".encode(),
        b"\xb2\xb3\xb9\xb2\xb3\xb9\xb2\xb3\xb9\xb2",
        b"1000000000000000000",
    ],
    ids=repr,
)
def test_a_timestamp_is_ten_ascii_digits(stamp):
    """S15: `nan` would be within every tolerance, and `int` reads underscores, spaces and Arabic digits."""
    code = refused(lambda: shapes.timestamp(stamp, b"t", now=NOW, tolerance_s=300))

    assert RejectionCode.TIMESTAMP_MALFORMED == code


@given(
    stamp=st.one_of(
        st.binary(max_size=12), st.text(max_size=12).map(lambda text: text.encode("utf-8", "replace"))
    )
)
def test_reading_a_timestamp_is_total(stamp):
    """Any bytes are a time or a refusal."""
    try:
        timestamp = shapes.timestamp(stamp, b"t", now=NOW, tolerance_s=86_400)
    except Refusal as refusal:
        assert refusal.code in {RejectionCode.TIMESTAMP_MALFORMED, RejectionCode.TIMESTAMP_STALE}
    else:
        assert b"%d" % timestamp == stamp


@pytest.mark.parametrize("age", [-300, -299, 0, 299, 300, 299.9])
def test_a_time_within_the_tolerance_is_fresh(age):
    """S10: clocks differ in both directions."""
    assert NOW == shapes.timestamp(str(NOW).encode(), b"t", now=NOW + age, tolerance_s=300)


@pytest.mark.parametrize("age", [-301, -300.5, 300.5, 301, 10**12, math.inf, -math.inf, math.nan])
def test_a_time_outside_the_tolerance_is_stale(age):
    """S10: an old delivery is a replay, one from the future is a replay in waiting; a NaN is within nothing."""
    code = refused(lambda: shapes.timestamp(str(NOW).encode(), b"t", now=NOW + age, tolerance_s=300))

    assert RejectionCode.TIMESTAMP_STALE == code


def test_a_stale_time_says_how_stale():
    """The on-call sees at once whether a clock is off or a queue was slow."""
    with pytest.raises(Refusal) as caught:
        shapes.timestamp(b"1700000000", b"t", now=1_700_000_612.3, tolerance_s=300)

    assert "timestamp 1700000000 is 612 s old; tolerance is 300 s" == caught.value.detail


@pytest.mark.parametrize("value", [b"a", b"A-z_09", b"-" * 128])
def test_an_id_may_be_signed(value):
    """S14: what ids of the known senders are made of."""
    assert value == shapes.event_id(value, header=b"id", signed=True)


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"a" * 129,
        b"a" * 10_000,
        b"a b",
        b"a\n",
        b"a\r\nb",
        b"a\0",
        b"a/b",
        b"a:b",
        b"{a}",
        b"\xe9",
        b"a\x7f",
    ],
    ids=lambda value: repr(value)[:20],
)
@pytest.mark.parametrize("signed", [True, False])
def test_an_id_that_could_be_something_else_is_malformed(value, signed):
    """S14: an id ends up in a key, a log and a page, and before a separator in what is signed."""
    code = refused(lambda: shapes.event_id(value, header=b"id", signed=signed))

    assert RejectionCode.SIGNATURE_MALFORMED == code


def test_only_an_unsigned_id_may_hold_a_full_stop():
    """S14: in what is signed, the full stop is where the id ends."""
    assert b"a.1" == shapes.event_id(b"a.1", header=b"id", signed=False)
    assert RejectionCode.SIGNATURE_MALFORMED == refused(
        lambda: shapes.event_id(b"a.1", header=b"id", signed=True)
    )


@pytest.mark.parametrize(
    ("value", "event_type"),
    [
        (b"order.created", "order.created"),
        (b"pull_request", "pull_request"),
        (b"orders/create", "orders/create"),
        (None, None),
        (b"", None),
        (b"a b", None),
        (b"\xe9", None),
        (b"x" * 129, None),
        (b"order.created\n", None),
    ],
    ids=repr,
)
def test_an_event_type_is_read_or_left_out(value, event_type):
    """It is not signed, so a strange one does not make a delivery a forgery; the body may still name it."""
    assert event_type == shapes.event_type(value)


@given(event_id=st.from_regex(r"[A-Za-z0-9._-]{1,128}", fullmatch=True), event_type=st.text(max_size=200))
def test_an_id_joined_with_a_type_is_an_id(event_id, event_type):
    """It is used as any other id."""
    joined = shapes.joined_id(event_id.encode(), event_type)

    assert joined.encode() == shapes.event_id(joined.encode(), header=b"id", signed=False)
