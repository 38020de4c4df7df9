"""
Tokens of the REST API: made, listed, revoked. Who makes one sees it once; what is stored is its digest.

A plain SHA-256 is right here, where a password would need a slow hash: a token is 256 random bits, which nobody can
guess however fast each guess is, and a slow hash would be a means to keep us busy. Looking it up by its digest takes
the same time whatever was sent: who knows no token learns nothing from the clock.
"""

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import redis

from receiver import keys

from .moments import read_span
from .scopes import Scope

#: So that a token is recognised by people, and by what looks for secrets in places where none should be.
PREFIX = "ohk_"
_RANDOM_BYTES = 32
_TOKEN = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")

#: What a token may be called.
NAME = r"^[A-Za-z0-9][A-Za-z0-9._@-]{0,63}$"
MAX_LIFETIME_MS = 3_650 * 24 * 60 * 60 * 1000
#: The record of one that has expired is kept so long, so that a person can see why calls are refused.
KEEP_EXPIRED_MS = 30 * 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """
    A token as it is on record; times in milliseconds, 0 for never.
    """

    name: str
    scope: Scope
    by: str
    created: int
    expires: int
    used: int

    def expired(self, now: int) -> bool:
        """
        Return whether it is not taken any more.
        """
        return 0 < self.expires <= now

    @classmethod
    def read(cls, fields: Mapping[str, str]) -> "Token":
        """
        Return the token that the fields of the hash spell.
        """
        return cls(
            name=fields["name"],
            scope=Scope(fields["scope"]),
            by=fields.get("by", ""),
            created=int(fields.get("created") or 0),
            expires=int(fields.get("expires") or 0),
            used=int(fields.get("used") or 0),
        )


def lifetime(text: str) -> int:
    """
    Return for how long a token is to be taken, in milliseconds.

    Raises:
        ValueError: It is no length of time, or too long a one.

    """
    found = read_span(text)
    if found > MAX_LIFETIME_MS:
        raise ValueError(
            f"{text!r} is too long; expected at most 3650d, or nothing for a token without an end"
        )
    return found


class NameTaken(Exception):
    """
    There is a token of that name.
    """


def digest(token: str) -> str:
    """
    Return what a token is stored and looked up by.
    """
    return hashlib.sha256(token.encode()).hexdigest()


def has_form(text: str) -> bool:
    """
    Return whether a text could be a token at all.
    """
    return _TOKEN.fullmatch(text) is not None


class Tokens:
    """
    The tokens on record, over a blocking client that answers in text.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def create(self, name: str, scope: Scope, *, by: str, now: int, expires: int = 0) -> tuple[str, Token]:
        """
        Make a token; return it, for the only time, with its record.

        Args:
            now: In milliseconds.
            expires: When it is not taken any more, in milliseconds; 0 for never.

        Raises:
            NameTaken: There is one of that name.

        """
        self._forget_if_gone(name)
        text = PREFIX + secrets.token_urlsafe(_RANDOM_BYTES)
        key = keys.token(digest(text))
        fields: dict[Any, Any] = {"name": name, "scope": scope.value, "by": by, "created": now}
        with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(key, mapping=fields | ({"expires": expires} if expires else {}))
            if expires:
                pipeline.pexpireat(key, expires + KEEP_EXPIRED_MS)
            pipeline.hsetnx(keys.tokens(), name, digest(text))
            is_free = pipeline.execute()[-1]
        if not is_free:
            self._redis.delete(key)  # nobody has seen this token
            raise NameTaken(name)
        return text, Token(name=name, scope=scope, by=by, created=now, expires=expires, used=0)

    def all(self) -> list[Token]:
        """
        Return every token on record by its name, those that expired lately too.
        """
        found: Mapping[str, str] = self._redis.hgetall(keys.tokens())  # type: ignore[assignment]
        with self._redis.pipeline(transaction=False) as pipeline:
            for one in found.values():
                pipeline.hgetall(keys.token(one))
            records = pipeline.execute()
        return sorted((Token.read(fields) for fields in records if fields.get("name")), key=_by_name)

    def get(self, name: str) -> Token | None:
        """
        Return the token of that name; None where there is none.
        """
        found = self._redis.hget(keys.tokens(), name)
        fields: Mapping[str, str] = self._redis.hgetall(keys.token(str(found))) if found else {}  # type: ignore[assignment]
        return Token.read(fields) if fields.get("name") else None

    def revoke(self, name: str) -> bool:
        """
        Take a token back, at once and for good; return whether there was one.
        """
        found = self._redis.hget(keys.tokens(), name)
        if not found:
            return False
        with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.delete(keys.token(str(found)))
            pipeline.hdel(keys.tokens(), name)
            gone, _ = pipeline.execute()
        return bool(gone)

    def _forget_if_gone(self, name: str) -> None:
        # Its record went when it had been expired for a while: then the name is free.
        if self._redis.hexists(keys.tokens(), name) and self.get(name) is None:
            self._redis.hdel(keys.tokens(), name)


def _by_name(token: Token) -> str:
    return token.name
