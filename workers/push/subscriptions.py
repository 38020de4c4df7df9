"""
Who wants push messages: the one store of Web Push subscriptions. `keys.push_subscriptions` is the schema.

A subscription comes from a browser, through somebody who may call our API: nothing of it is trusted, and its endpoint
is a URL that whoever knows it can post to, so it is shown for its host only.
"""

import base64
import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

import redis
import redis.asyncio as aredis
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey

from receiver import keys

from .. import egress
from ..push_terms import PUSH_SERVICES

#: The most subscriptions that are kept: a bound, and far over what the staff of one company has of browsers.
MOST = 10_000
_LONGEST_NAME = 64
_POINT_BYTES, _AUTH_BYTES = 65, 16


class TooMany(Exception):
    """No further subscription is kept; those there are must be removed first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowed:
    """
    Where push messages may go.

    Args:
        hosts: Names of push services; what is under them is meant, too.
        allow_private: Plain HTTP, any port and addresses of one's own network, for a push service of one's own.
    """

    hosts: Sequence[str] = PUSH_SERVICES
    allow_private: bool = False

    def destination(self, endpoint: str) -> egress.Destination:
        """
        Return where an endpoint leads to.

        Raises:
            ValueError: Nothing may be sent there; says what was expected, and shows nothing of the path.
        """
        found = egress.parse(endpoint, allow_private=self.allow_private)
        host = (found.url.raw_host or "").rstrip(".").lower()
        if not any(host == name or host.endswith(f".{name}") for name in self.hosts):
            raise ValueError(f"{host} is no push service that is allowed; expected {', '.join(self.hosts)}")
        return found


ANYWHERE_USUAL = Allowed()


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """
    One browser that wants messages.

    Args:
        id: Of its endpoint, so that a browser that subscribes twice is there once.
        p256dh: Its public key, an uncompressed point.
        auth: The secret that it shares with us.
        name: What steps may call it by; several may have the same. Empty for none.
    """

    id: str
    endpoint: str = field(repr=False)
    p256dh: bytes = field(repr=False)
    auth: bytes = field(repr=False)
    name: str = ""

    @classmethod
    def checked(
        cls, *, endpoint: str, p256dh: str, auth: str, name: str = "", allowed: Allowed = ANYWHERE_USUAL
    ) -> Self:
        """
        Return the subscription that a browser gave, its keys in base64url as it spells them.

        Raises:
            ValueError: It cannot be used; names the field and what was expected.
        """
        allowed.destination(endpoint)
        point = _decoded("p256dh", p256dh, _POINT_BYTES)
        try:
            EllipticCurvePublicKey.from_encoded_point(SECP256R1(), point)
        except ValueError:
            raise ValueError("keys.p256dh: expected a point of the curve P-256") from None
        if len(name) > _LONGEST_NAME or not (name.isprintable() and name == name.strip()):
            raise ValueError(f"name: expected up to {_LONGEST_NAME} printable characters")
        secret = _decoded("auth", auth, _AUTH_BYTES)
        return cls(id=_id(endpoint), endpoint=endpoint, p256dh=point, auth=secret, name=name)

    @property
    def shown(self) -> str:
        """Return what of the endpoint may be shown: the push service."""
        return self.endpoint.split("/")[2]

    def is_called(self, word: str) -> bool:
        """Tell whether a step that names *word* means this one."""
        return word in (self.id, self.name)

    def _text(self) -> str:
        keys_ = {"p256dh": _encoded(self.p256dh), "auth": _encoded(self.auth)}
        return json.dumps({"endpoint": self.endpoint, "keys": keys_, "name": self.name})

    @classmethod
    def _read(cls, id_: str, text: str) -> Self:
        body = json.loads(text)
        return cls(
            id=id_,
            endpoint=body["endpoint"],
            p256dh=_decoded("p256dh", body["keys"]["p256dh"], _POINT_BYTES),
            auth=_decoded("auth", body["keys"]["auth"], _AUTH_BYTES),
            name=body.get("name", ""),
        )


def save(client: "redis.Redis", subscription: Subscription) -> None:
    """
    Keep a subscription; one of the same browser is replaced.

    Raises:
        TooMany: `MOST` are there.
    """
    store = keys.push_subscriptions()
    if not client.hexists(store, subscription.id) and client.hlen(store) >= MOST:
        raise TooMany(f"{MOST} subscriptions are kept at most; remove some first")
    client.hset(store, subscription.id, subscription._text())  # noqa: SLF001 - this module is its home


def remove(client: "redis.Redis", subscription_id: str) -> bool:
    """Forget a subscription; return whether it was there."""
    return bool(client.hdel(keys.push_subscriptions(), subscription_id))


def listed(client: "redis.Redis") -> tuple[Subscription, ...]:
    """Return all subscriptions, by a client that answers in text."""
    found: Mapping[str, str] = client.hgetall(keys.push_subscriptions())  # type: ignore[assignment]
    return _all(found)


async def read(client: "aredis.Redis") -> tuple[Subscription, ...]:
    """Return all subscriptions, by the workers' client, which answers in bytes."""
    found: Mapping[bytes, bytes] = await client.hgetall(keys.push_subscriptions())  # type: ignore[assignment]
    return _all({name.decode(): text.decode() for name, text in found.items()})


async def forget(client: "aredis.Redis", subscription_id: str) -> None:
    """Forget a subscription that its push service does not know any more."""
    await client.hdel(keys.push_subscriptions(), subscription_id)


def _all(found: Mapping[str, str]) -> tuple[Subscription, ...]:
    return tuple(Subscription._read(name, found[name]) for name in sorted(found))  # noqa: SLF001


def _id(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()[:16]


def _encoded(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _decoded(name: str, text: str, length: int) -> bytes:
    """Return the bytes of base64url, with or without its padding, as browsers and libraries differ."""
    bare = text.rstrip("=")
    try:
        content = base64.b64decode(bare + "=" * (-len(bare) % 4), altchars=b"-_", validate=True)
    except ValueError:
        content = b""
    if len(content) != length:
        raise ValueError(f"keys.{name}: expected {length} bytes in base64url")
    return content
