"""
What makes a push message private and ours: encrypted for one browser, signed for its push service.

Pure: keys, salt and time go in. `http_ece` encrypts and `py_vapid` signs; which key is whose is decided here.
"""

import base64
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Self

import http_ece
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from py_vapid import Vapid02, VapidException
from yarl import URL

from .subscriptions import Subscription

#: The most bytes of a message: what a push service takes (RFC 8030, 7.2) without the frame of RFC 8188.
MOST_BYTES = 3_993
#: How long a signature holds, in seconds; a push service takes a day at most. Source: RFC 8292, 2.
_VALID_S = 12 * 60 * 60
_KEY_BYTES = 32


def _new_key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def sealed(
    message: bytes,
    subscription: Subscription,
    *,
    salt: Callable[[], bytes] = lambda: os.urandom(16),
    key: Callable[[], ec.EllipticCurvePrivateKey] = _new_key,
) -> bytes:
    """
    Return the message, which is not empty, as only the browser of the subscription can read it.

    Each call seals under a key of its own.

    Source: RFC 8291, `aes128gcm`.
    """
    content: bytes = http_ece.encrypt(
        message,
        salt=salt(),
        private_key=key(),
        dh=subscription.p256dh,
        auth_secret=subscription.auth,
        version="aes128gcm",
    )
    return content


@dataclass(frozen=True, slots=True)
class Signer:
    """
    Who sends, to push services.

    Args:
        contact: Whom a push service may ask, `mailto:` or `https:`.
    """

    _vapid: Vapid02 = field(repr=False)
    contact: str

    @classmethod
    def read(cls, private_key: str, *, contact: str) -> Self:
        """
        Read a private key in base64url, as tools for web push write it, or in PEM.

        Raises:
            ValueError: It is none; shows nothing of it.
        """
        try:
            if "-----BEGIN" in private_key:
                return cls(Vapid02.from_pem(private_key.encode()), contact)
            return cls(Vapid02(_of_number(private_key)), contact)
        except (VapidException, ValueError, TypeError):
            raise ValueError("expected a private key of P-256: 32 bytes in base64url, or PEM") from None

    @property
    def public_key(self) -> bytes:
        """Return the key that browsers subscribe with, as an uncompressed point."""
        point: bytes = self._vapid.public_key.public_bytes(
            serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint
        )
        return point

    def headers(self, endpoint: URL, *, now: float) -> dict[str, str]:
        """Return the header that proves who sends, to the push service of *endpoint* alone. Source: RFC 8292."""
        claims = {"aud": str(endpoint.origin()), "exp": int(now) + _VALID_S, "sub": self.contact}
        found: dict[str, str] = self._vapid.sign(claims)
        return found


def _of_number(text: str) -> ec.EllipticCurvePrivateKey:
    """Return the key that 32 bytes in base64url stand for. `py_vapid` takes fewer, too, and is then somebody else."""
    bare = text.strip().rstrip("=")
    number = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    if len(number) != _KEY_BYTES:
        raise ValueError
    return ec.derive_private_key(int.from_bytes(number, "big"), ec.SECP256R1())
