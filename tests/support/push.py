"""
A browser and its push service, for tests: decrypts what it is sent by RFC 8291, with its own private key.

Written from the RFC on `cryptography` alone, so that it shares no code with what encrypts.
"""

import base64
import json
import os
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF


def b64(content: bytes) -> str:
    """Return base64url without padding, as browsers spell it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def point(key: ec.EllipticCurvePublicKey) -> bytes:
    """Return a public key as an uncompressed point."""
    return key.public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)


@dataclass(frozen=True)
class Browser:
    """One that has subscribed."""

    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )
    auth: bytes = field(default_factory=lambda: os.urandom(16))

    @property
    def keys(self) -> dict[str, str]:
        """What it gives beside its endpoint."""
        return {"p256dh": b64(point(self.private.public_key())), "auth": b64(self.auth)}

    def read(self, body: bytes) -> Any:
        """Return what a message says."""
        return json.loads(self.decrypted(body))

    def decrypted(self, body: bytes) -> bytes:
        """
        Return the plaintext of a body in `aes128gcm`.

        Source: RFC 8291, 3.4, and RFC 8188, 2.1.
        """
        salt, length = body[:16], body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        other = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        shared = self.private.exchange(ec.ECDH(), other)
        own = point(self.private.public_key())
        secret = _hkdf(shared, salt=self.auth, info=b"WebPush: info\0" + own + theirs, length=32)
        key = _hkdf(secret, salt=salt, info=b"Content-Encoding: aes128gcm\0", length=16)
        nonce = _hkdf(secret, salt=salt, info=b"Content-Encoding: nonce\0", length=12)
        padded = AESGCM(key).decrypt(nonce, sealed, None)
        plain, delimiter, _ = padded.rpartition(b"\x02")
        assert delimiter, "a single record ends with the delimiter 2"
        return plain


def _hkdf(secret: bytes, *, salt: bytes, info: bytes, length: int) -> bytes:
    return HKDF(algorithm=hashes.SHA256(), length=length, salt=salt, info=info).derive(secret)
