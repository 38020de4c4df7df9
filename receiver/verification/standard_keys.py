"""
The keys of Standard Webhooks as its spec writes them: `whsec_`, `whpk_` and `whsk_`, then base64.

Source: the spec at https://github.com/standard-webhooks/standard-webhooks, "Signature scheme".
"""

from binascii import Error, a2b_base64
from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from ..secrets import Secret, SecretError

_ED25519_SIZE = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class HmacKey:
    """
    A shared secret, for `v1`.
    """

    value: bytes

    def __repr__(self) -> str:
        return "HmacKey(***)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ed25519Key:
    """
    A key pair, for `v1a`; whoever only receives has the public half.
    """

    public: Ed25519PublicKey
    private: Ed25519PrivateKey | None


StandardKey = HmacKey | Ed25519Key


def parse(secret: Secret) -> StandardKey:
    """
    Read a key; without a prefix it is a shared one.

    Raises:
        SecretError: It is no such key; the message names the reference only.

    """
    # Supabase shows its secrets as `v1,whsec_…`.
    text = secret.reveal().removeprefix("v1,")
    if text.startswith("whpk_"):
        return _public(_decoded(text[5:], secret), secret)
    if text.startswith("whsk_"):
        return _private(_decoded(text[5:], secret), secret)
    return HmacKey(value=_decoded(text.removeprefix("whsec_"), secret))


def _decoded(text: str, secret: Secret) -> bytes:
    try:
        # Keys are sometimes copied without their padding, which says nothing anyway.
        key = a2b_base64(text.rstrip("=").encode() + b"=" * (-len(text.rstrip("=")) % 4), strict_mode=True)
    except Error:
        key = b""
    if not key:
        raise SecretError(
            f"{secret!r} is no key of Standard Webhooks; expected whsec_, whpk_ or whsk_ and base64"
        )
    return key


def _public(raw: bytes, secret: Secret) -> Ed25519Key:
    if len(raw) != _ED25519_SIZE:
        raise SecretError(
            f"{secret!r} is no ed25519 public key; expected {_ED25519_SIZE} bytes, found {len(raw)}"
        )
    return Ed25519Key(public=Ed25519PublicKey.from_public_bytes(raw), private=None)


def _private(raw: bytes, secret: Secret) -> Ed25519Key:
    # Some libraries write the public key behind the seed.
    if len(raw) not in (_ED25519_SIZE, 2 * _ED25519_SIZE):
        raise SecretError(
            f"{secret!r} is no ed25519 secret key; expected {_ED25519_SIZE} bytes, found {len(raw)}"
        )
    private = Ed25519PrivateKey.from_private_bytes(raw[:_ED25519_SIZE])
    return Ed25519Key(public=private.public_key(), private=private)
