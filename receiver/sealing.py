"""
Secrets at rest: sealed with the first of several keys, opened with any, so that a key can be replaced without a gap.

Fernet (https://github.com/fernet/spec): AES-128-CBC and HMAC-SHA256, so what was changed does not open. Which keys are
used for what, and where the sealed text is kept, is for others to say.
"""

from collections.abc import Sequence
from typing import Annotated, TypeAlias

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import AfterValidator, BeforeValidator, Field

from .secrets import Secret, SecretText

#: How a key is made, for messages.
NEW_KEY = "`orderhook secrets new-key` makes one"


class SealError(ValueError):
    """Something sealed does not open: it was sealed with another key, or changed since."""


class Sealing:
    """Seals and opens text."""

    def __init__(self, keys: Sequence[Secret]) -> None:
        """*keys*: the first seals; each opens."""
        self._fernet = MultiFernet([Fernet(key.reveal()) for key in keys])

    def sealed(self, text: str) -> str:
        """Return the text as it may be kept; each time another one."""
        return self._fernet.encrypt(text.encode()).decode()

    def opened(self, sealed: str) -> str:
        """
        Return what was sealed.

        Raises:
            SealError: None of the keys opens it.
        """
        try:
            return self._fernet.decrypt(sealed.encode()).decode()
        except (InvalidToken, UnicodeError):
            raise SealError("none of the keys opens it; expected the key that sealed it") from None


def new_key() -> str:
    """Return a fresh key: 32 random bytes in URL-safe base64."""
    return Fernet.generate_key().decode()


def _is_key(secret: Secret) -> Secret:
    try:
        Fernet(secret.reveal())
    except ValueError:
        raise ValueError(f"{secret!r} is no key; expected 32 bytes in URL-safe base64, {NEW_KEY}") from None
    return secret


def _listed(given: object) -> object:
    return [given] if isinstance(given, str | Secret) else given


SealingKeys: TypeAlias = Annotated[
    tuple[Annotated[SecretText, AfterValidator(_is_key)], ...],
    BeforeValidator(_listed),
    Field(
        strict=False,
        min_length=1,
        max_length=8,
        repr=False,
        json_schema_extra={
            "writeOnly": True,
            "expected": "env:NAME or file:PATH of a key, or a list of 1 to 8; the first seals, each opens",
        },
    ),
]
"""A pydantic field's type: one reference or several."""
