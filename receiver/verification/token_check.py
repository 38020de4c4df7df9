"""
Check a secret that is sent as it is, in a header or as a basic password; and the scheme that checks nothing.

Such a secret proves who sends. Who has seen one delivery can send any other, so there is nothing to guard.
"""

from binascii import b2a_base64
from collections.abc import Sequence
from hashlib import sha256
from hmac import compare_digest

from . import shapes
from .fields import SecretSettings
from .rotation import credited
from .settings import BasicSettings, HeaderSettings, UnsignedSettings
from .shapes import Found, Matcher, lowered
from .verdict import Verified, malformed, missing


class NamedBy:
    """
    The headers of id and type that a source may have beside any secret. Nothing signs them.
    """

    def __init__(self, settings: HeaderSettings | BasicSettings | UnsignedSettings) -> None:
        self._id_header = lowered(settings.id_header or "")
        self._type_header = lowered(settings.type_header or "")

    @property
    def headers(self) -> frozenset[bytes]:
        return frozenset((self._id_header, self._type_header)) - {b""}

    def event_id(self, found: Found) -> str | None:
        given = found.get(self._id_header)
        return (
            None if given is None else shapes.event_id(given, header=self._id_header, signed=False).decode()
        )

    def event_type(self, found: Found) -> str | None:
        return shapes.event_type(found.get(self._type_header))


class TokenCheck:
    """
    A secret in a header, behind a fixed beginning (which HTTP's own schemes write in either case).

    Digests are compared and not the secrets, so that not even their length shows in the time taken.
    """

    def __init__(
        self,
        scheme: str,
        header: str,
        *,
        start: bytes,
        is_token: Matcher,
        tokens: Sequence[tuple[bytes, SecretSettings]],
        named: NamedBy,
    ) -> None:
        self._scheme = scheme
        self._is_token = is_token
        self._header = lowered(header)
        self._start = start.lower()
        self._digests = tuple(sha256(token).digest() for token, _ in tokens)
        self._windows = tuple(settings.window for _, settings in tokens)
        self._named = named

    @classmethod
    def of_header(cls, settings: HeaderSettings) -> "TokenCheck":
        tokens = [(each.secret.reveal().encode(), each) for each in settings.secrets]
        start = settings.prefix.encode()
        return cls(
            "header", settings.name, start=start, is_token=bool, tokens=tokens, named=NamedBy(settings)
        )

    @classmethod
    def of_basic(cls, settings: BasicSettings) -> "TokenCheck":
        tokens = [
            (basic_credentials(settings.username, each.secret.reveal()), each) for each in settings.secrets
        ]
        is_token = shapes.from_base64
        return cls(
            "basic",
            "authorization",
            start=b"Basic ",
            is_token=is_token,
            tokens=tokens,
            named=NamedBy(settings),
        )

    @property
    def headers(self) -> frozenset[bytes]:
        """The headers to be shown, each of which must not come twice."""
        return self._named.headers | {self._header}

    def __call__(self, found: Found, body: bytes, now: float) -> Verified:  # noqa: ARG002 - no such secret covers it
        given = found.get(self._header)
        if not given:
            raise missing(self._header.decode())
        event_id = self._named.event_id(found)
        matched = self._matched(self._read_token(given))
        return Verified(
            scheme=self._scheme,
            secret_index=credited(matched, self._windows, now=now),
            event_id=event_id,
            event_type=self._named.event_type(found),
        )

    def _read_token(self, given: bytes) -> bytes:
        start, token = given[: len(self._start)], given[len(self._start) :]
        if start.lower() != self._start or not self._is_token(token):
            detail = f"{self._header.decode()} must be {self._start.decode()!r} and a secret"
            raise malformed(f"{detail}; found {shapes.described(given)}")
        return token

    def _matched(self, token: bytes) -> Sequence[int]:
        digest = sha256(token).digest()
        # All are tried: how long it takes tells nothing.
        return [index for index, expected in enumerate(self._digests) if compare_digest(digest, expected)]


class NoCheck:
    """
    Lets everything through, and says so: the secret's index is -1.
    """

    def __init__(self, settings: UnsignedSettings) -> None:
        self._named = NamedBy(settings)
        self.headers = self._named.headers

    def __call__(self, found: Found, body: bytes, now: float) -> Verified:  # noqa: ARG002 - nothing is checked
        return Verified(
            scheme="unsigned",
            secret_index=-1,
            event_id=self._named.event_id(found),
            event_type=self._named.event_type(found),
        )


def basic_credentials(username: str, password: str) -> bytes:
    """Return what stands behind `Basic`. Source: RFC 7617, section 2."""
    return b2a_base64(f"{username}:{password}".encode(), newline=False)
