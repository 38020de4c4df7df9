"""
Check Standard Webhooks: `v1` (HMAC-SHA256) and `v1a` (ed25519), any number of secrets of either kind.

Source: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

import hmac
import re
from binascii import a2b_base64, b2a_base64
from collections.abc import Sequence
from hmac import compare_digest

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from . import shapes, standard_keys
from .fields import SecretSettings
from .hmac_check import MAX_SIGNATURES
from .rotation import credited
from .shapes import Found, described
from .standard_keys import HmacKey
from .verdict import Verified, malformed, missing

SCHEME = "standard-webhooks"
#: 32 bytes of HMAC-SHA256, and 64 of ed25519.
_V1 = re.compile(rb"v1,[A-Za-z0-9+/]{43}=").fullmatch
_V1A = re.compile(rb"v1a,[A-Za-z0-9+/]{85}[AQgw]==").fullmatch
_OTHER_VERSION = re.compile(rb"(?!v1a?,)[A-Za-z0-9_.-]+,[!-+\--~]+").fullmatch


class StandardCheck:
    """
    One source's Standard Webhooks, made ready once for all deliveries.
    """

    def __init__(self, prefix: str, secrets: Sequence[SecretSettings], *, tolerance_s: int) -> None:
        keys = [standard_keys.parse(each.secret) for each in secrets]
        self._macs = tuple(
            (index, hmac.new(key.value, digestmod="sha256"))
            for index, key in enumerate(keys)
            if isinstance(key, HmacKey)
        )
        self._publics = tuple(
            (index, key.public) for index, key in enumerate(keys) if not isinstance(key, HmacKey)
        )
        self._windows = tuple(each.window for each in secrets)
        self._tolerance_s = tolerance_s
        self._id_header, self._timestamp_header, self._header = (
            f"{prefix}-{name}".encode() for name in ("id", "timestamp", "signature")
        )

    @property
    def headers(self) -> frozenset[bytes]:
        """The headers to be shown, each of which must not come twice."""
        return frozenset((self._id_header, self._timestamp_header, self._header))

    def __call__(self, found: Found, body: bytes, now: float) -> Verified:
        given = found.get(self._header)
        if not given:
            raise missing(self._header.decode())
        v1, v1a = self._read_signatures(given)
        event_id = shapes.event_id(found.get(self._id_header), header=self._id_header, signed=True)
        stamp = found.get(self._timestamp_header)
        timestamp = shapes.timestamp(stamp, self._timestamp_header, now=now, tolerance_s=self._tolerance_s)
        matched = self._matched(v1, v1a, b"%b.%010d." % (event_id, timestamp), body)
        return Verified(
            scheme=SCHEME,
            secret_index=credited(matched, self._windows, now=now),
            event_id=event_id.decode(),
            timestamp=timestamp,
        )

    def _read_signatures(self, given: bytes) -> tuple[Sequence[bytes], Sequence[bytes]]:
        """
        Return the signatures of the versions that we know, as they are written.

        Other versions are left alone, so that a sender may add a new one beside the old.
        """
        entries = given.split(b" ", MAX_SIGNATURES)
        if len(entries) > MAX_SIGNATURES:
            raise malformed(f"{self._header.decode()} has more than {MAX_SIGNATURES} signatures")
        v1, v1a = [], []
        for entry in entries:
            if _V1(entry):
                v1.append(entry[3:])
            elif _V1A(entry):
                v1a.append(entry[4:])
            elif not _OTHER_VERSION(entry):
                raise malformed(f"{self._header.decode()} must be like v1,<base64>; found {described(entry)}")
        if not (v1 and self._macs) and not (v1a and self._publics):
            raise malformed(f"{self._header.decode()} has no signature of a version that the secrets are for")
        return v1, v1a

    def _matched(
        self, v1: Sequence[bytes], v1a: Sequence[bytes], before: bytes, body: bytes
    ) -> Sequence[int]:
        """Return which secrets made one of the signatures. All are tried: how long it takes tells nothing."""
        matched = []
        for index, key in self._macs:
            mac = key.copy()
            mac.update(before)
            mac.update(body)
            expected = b2a_base64(mac.digest(), newline=False)
            for signature in v1:
                if compare_digest(signature, expected):
                    matched.append(index)  # noqa: PERF401 - a generator for one signature costs more
        return sorted(matched + self._matched_publics(v1a, before + body)) if v1a else matched

    def _matched_publics(self, v1a: Sequence[bytes], content: bytes) -> list[int]:
        signatures = [a2b_base64(signature) for signature in v1a]
        return [index for index, key in self._publics for each in signatures if _made(key, each, content)]


def _made(key: Ed25519PublicKey, signature: bytes, content: bytes) -> bool:
    try:
        key.verify(signature, content)
    except InvalidSignature:
        return False
    return True
