"""
Check an HMAC over the body, with a time and an id where the sender signs them.

Signatures are compared as they are written: only the one right spelling of the right digest is a match.
"""

import hmac
from binascii import b2a_base64
from collections.abc import Sequence
from hmac import compare_digest

from . import shapes
from .fields import SecretSettings
from .options import ALGORITHMS, HmacOptions, keyed
from .rotation import credited
from .shapes import Encoding, Found, lowered
from .verdict import Verified, malformed, missing

#: Senders put in two while they change a secret; many more is somebody who wants us to work.
MAX_SIGNATURES = 8
#: Of a header in pairs: signatures, the time, and those of schemes that are not looked at.
_MAX_PAIRS = 16


def written(mac: hmac.HMAC, encoding: Encoding) -> bytes:
    """Return a digest as it stands in a header."""
    return mac.hexdigest().encode() if encoding == "hex" else b2a_base64(mac.digest(), newline=False)


class HmacCheck:
    """
    One source's HMAC, made ready once for all deliveries.
    """

    def __init__(
        self, scheme: str, options: HmacOptions, secrets: Sequence[SecretSettings], *, tolerance_s: int
    ) -> None:
        self._scheme = scheme
        self._encoding = options.encoding
        self._event_types = options.event_types
        self._id_spans_types = options.id_spans_types
        self._replay_guard = options.replay_guard
        self._template = options.signs
        self._in_pairs = options.layout == "pairs"
        self._tolerance_s = tolerance_s
        self._keys = tuple(keyed(each.secret, options) for each in secrets)
        self._windows = tuple(each.window for each in secrets)
        self._is_signature = shapes.signature_shape(options.encoding, ALGORITHMS[options.algorithm])
        self._header = lowered(options.header)
        self._prefix = options.prefix.encode()
        self._id_headers = tuple(lowered(name) for name in options.id_headers)
        self._timestamp_header = lowered(options.timestamp_header) if options.timestamp_header else b""
        self._type_header = lowered(options.type_header) if options.type_header else b""

    @property
    def headers(self) -> frozenset[bytes]:
        """The headers to be shown, each of which must not come twice."""
        return frozenset((self._header, self._timestamp_header, self._type_header, *self._id_headers)) - {b""}

    def __call__(self, found: Found, body: bytes, now: float) -> Verified:
        given = found.get(self._header)
        if not given:
            raise missing(self._header.decode())
        stamp, signatures = self._read_pairs(given) if self._in_pairs else self._read_plain(given, found)
        event_id, event_type = self._read_id(found), self._read_type(found)
        timestamp = self._read_timestamp(stamp, now) if self._template.signs_timestamp else None
        matched = self._matched(signatures, body, event_id=event_id, stamp=stamp)
        return Verified(
            scheme=self._scheme,
            secret_index=credited(matched, self._windows, now=now),
            event_id=self._name(event_id, event_type),
            event_type=event_type,
            timestamp=timestamp,
            replay_guard=self._replay_guard,
        )

    def _read_plain(self, given: bytes, found: Found) -> tuple[bytes | None, Sequence[bytes]]:
        return found.get(self._timestamp_header), (self._read_signature(given),)

    def _read_pairs(self, given: bytes) -> tuple[bytes | None, Sequence[bytes]]:
        pairs = given.split(b",", _MAX_PAIRS)
        if len(pairs) > _MAX_PAIRS or not all(b"=" in pair for pair in pairs):
            raise malformed(
                f"{self._header.decode()} must be a few name=value pairs; found {len(given)} bytes"
            )
        stamps = [pair[2:] for pair in pairs if pair.startswith(b"t=")]
        signatures = [self._read_signature(pair) for pair in pairs if pair.startswith(self._prefix)]
        if len(stamps) > 1 or not 0 < len(signatures) <= MAX_SIGNATURES:
            raise malformed(f"{self._header.decode()} has {len(stamps)} t= and {len(signatures)} signatures")
        return stamps[0] if stamps else None, signatures

    def _read_signature(self, given: bytes) -> bytes:
        signature = given[len(self._prefix) :]
        if not given.startswith(self._prefix) or not self._is_signature(signature):
            expected = f"{self._prefix.decode()}<{self._encoding}>"
            raise malformed(f"{self._header.decode()} must be {expected}; found {shapes.described(given)}")
        return signature

    def _read_id(self, found: Found) -> bytes | None:
        for header in self._id_headers:
            if header in found:
                return shapes.event_id(found[header], header=header, signed=self._template.signs_id)
        if self._template.signs_id:
            raise malformed(f"{self._id_headers[0].decode()} is missing, and it is part of what is signed")
        return None

    def _read_timestamp(self, stamp: bytes | None, now: float) -> int:
        header = self._timestamp_header or self._header
        return shapes.timestamp(stamp, header, now=now, tolerance_s=self._tolerance_s)

    def _read_type(self, found: Found) -> str | None:
        written_type = shapes.event_type(found.get(self._type_header))
        return None if written_type is None else self._event_types.read(written_type)

    def _name(self, event_id: bytes | None, event_type: str | None) -> str | None:
        if event_id is None:
            return None
        if event_type is None or not self._id_spans_types:
            return event_id.decode()
        return shapes.joined_id(event_id, event_type)

    def _matched(
        self, signatures: Sequence[bytes], body: bytes, *, event_id: bytes | None, stamp: bytes | None
    ) -> Sequence[int]:
        """Return which secrets made one of the signatures. All are tried: how long it takes tells nothing."""
        before, after = self._template.around(event_id=event_id or b"", timestamp=stamp or b"")
        matched = []
        for index, key in enumerate(self._keys):
            mac = key.copy()
            if before:
                mac.update(before)
            mac.update(body)
            if after:
                mac.update(after)
            expected = written(mac, self._encoding)
            for signature in signatures:
                if compare_digest(signature, expected):
                    matched.append(index)  # noqa: PERF401 - a generator for one signature costs more
        return matched
