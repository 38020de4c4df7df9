"""
The exact shapes of what a sender may write into a header. Anything else is malformed, never repaired.

Libraries forgive: `b64decode` drops junk, `bytes.fromhex` takes spaces, `int` takes Arabic digits, and
`float` takes `nan`, which is within every tolerance. So nothing is decoded before it has been looked at.
"""

import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Callable, Mapping
from typing import Literal

from .verdict import Refusal, RejectionCode, malformed

Encoding = Literal["hex", "base64"]
Matcher = Callable[[bytes], object]

_MAX_ID = 128
_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}").fullmatch
#: Where the id is part of what is signed, it must not hold the `.` that ends it there.
_SIGNED_ID = re.compile(rb"[A-Za-z0-9_-]{1,128}").fullmatch
_EVENT_TYPE = re.compile(rb"[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}").fullmatch
_NOT_IN_IDS = re.compile(r"[^A-Za-z0-9._-]")
_BASE64 = re.compile(rb"[A-Za-z0-9+/]*={0,2}").fullmatch
#: The digits of every second from 2001 to 2286.
_TIMESTAMP_DIGITS = 10


def signature_shape(encoding: Encoding, size: int) -> Matcher:
    """
    Return what tells whether a value can be a digest of *size* bytes, in the one way of writing it.
    """
    if encoding == "hex":
        return re.compile(rb"[0-9a-f]{%d}" % (2 * size)).fullmatch
    padding = -size % 3
    return re.compile(rb"[A-Za-z0-9+/]{%d}={%d}" % (-(-4 * size // 3), padding)).fullmatch


def from_base64(value: bytes) -> bytes | None:
    """
    Decode *value*; `None` unless it is the canonical base64 of something, padding and unused bits included.
    """
    if len(value) % 4 or not _BASE64(value):
        return None
    decoded = a2b_base64(value)
    return decoded if b2a_base64(decoded, newline=False) == value else None


def event_id(value: bytes | None, *, header: bytes, signed: bool) -> bytes:
    """
    Return the id that a sender gave, fit to stand in a log and in a key.
    """
    if value is None or not (_SIGNED_ID if signed else _ID)(value):
        dot = "" if signed else " . and"
        raise malformed(
            f"{header.decode()} must be 1 to 128 letters, digits,{dot} - _; found {described(value)}"
        )
    return value


def joined_id(value: bytes, event_type: str) -> str:
    """
    Return an id of an id and a type, in the shape of an id.
    """
    return f"{value.decode()}.{_NOT_IN_IDS.sub('-', event_type)}"[:_MAX_ID]


def event_type(value: bytes | None) -> str | None:
    """
    Return the event type of a header, or `None` where there is none or none that can be one.

    It takes no part in the signature, so a bad one is no reason to call a delivery forged.
    """
    return value.decode() if value is not None and _EVENT_TYPE(value) else None


def timestamp(stamp: bytes | None, header: bytes, *, now: float, tolerance_s: int) -> int:
    """
    Return the time of a delivery that was signed just now, give or take the tolerance.

    Args:
        stamp: Seconds since 1970 as ten ASCII digits; anything else is malformed.

    """
    if stamp is None or len(stamp) != _TIMESTAMP_DIGITS or not stamp.isdigit():
        detail = f"{header.decode()} must be 10 digits, seconds since 1970; found {described(stamp)}"
        raise Refusal(RejectionCode.TIMESTAMP_MALFORMED, detail)
    timestamp = int(stamp)
    # Written so that a NaN is stale: every comparison with it is false.
    if not -tolerance_s <= now - timestamp <= tolerance_s:
        detail = f"timestamp {timestamp} is {now - timestamp:.0f} s old; tolerance is {tolerance_s} s"
        raise Refusal(RejectionCode.TIMESTAMP_STALE, detail)
    return timestamp


def described(value: bytes | None) -> str:
    """
    Say what was found without showing it: it may be a secret in the wrong place.
    """
    return "none" if value is None else f"{len(value)} bytes"


def lowered(name: str) -> bytes:
    """
    Return a header's name as ASGI gives it.
    """
    return name.lower().encode()


Found = Mapping[bytes, bytes]
"""The headers that a scheme looks at, each of which came exactly once."""
