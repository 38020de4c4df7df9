"""
Connections to Redis that send nothing twice by themselves.

redis-py's default sends a command again up to ten times when a reply is lost, and waits up to a minute; a write that
is not idempotent then runs twice. Every client of ours is made here: no retries, short timeouts.

After a failover a connection may still lead to the old primary, which answers READONLY and has written nothing: it is
dropped, and the next one finds the new primary, by the sentinels or by the name in the URL.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import redis
import redis.asyncio as aredis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.exceptions import ReadOnlyError
from redis.retry import Retry

from . import redis_url, sentinel
from .unsent import NothingSent, frank

T = TypeVar("T")


class StoreError(Exception):
    """
    Something is wrong with Redis; an operator of Redis must act.

    ├── StoreUnavailable   it cannot be written now: down, frozen, read-only, full
    ├── ForeignStore       it is not the one it was: emptied, set back, another one
    └── WeakDurability     it does not give the durability that a source asks for
    """


class StoreUnavailable(StoreError):
    """Redis cannot be written now; nothing may be acknowledged."""


class ForeignStore(StoreError):
    """Redis is not the one that it was: nothing may be recorded until an operator has looked."""


class WeakDurability(StoreError):
    """Redis does not give the durability that a source asks for; nothing may be acknowledged."""


def async_client(url: str, *, timeout_s: float) -> "aredis.Redis":
    """Return an asyncio client that answers in bytes; *timeout_s* bounds connecting and each answer."""
    return aredis.Redis.from_pool(_async_pool(url, connect_s=timeout_s, answer_s=timeout_s))


def client(url: str, *, timeout_s: float, retry: Retry | None = None, text: bool = True) -> "redis.Redis":
    """
    Return a blocking client; *timeout_s* bounds connecting and each answer.

    A body that is quarantined may be no text: bytes of it that are not UTF-8 show as escapes.

    Args:
        retry: What becomes of a command that fails; by default it is not sent again.
        text: Answer in text; in bytes for rq.
    """
    options: dict[str, Any] = {
        "retry": retry or Retry(NoBackoff(), 0),
        "socket_timeout": timeout_s,
        "socket_connect_timeout": timeout_s,
        "decode_responses": text,
        "encoding_errors": "backslashreplace",
    }
    if redis_url.names_sentinels(url):
        return redis.Redis.from_pool(sentinel.pool(redis_url.read(url), **options))
    return redis.Redis.from_url(url, **options)


def async_connections(url: str, *, timeout_s: float) -> Callable[[], AbstractConnection]:
    """
    Return what makes unconnected asyncio connections, for the one place that packs its commands itself.

    *timeout_s* bounds connecting; the caller bounds each call, which spares a timer and a task for every command.
    """
    make: Callable[[], AbstractConnection] = _async_pool(
        url, connect_s=timeout_s, answer_s=None
    ).make_connection
    return make


async def on_primary(client: "aredis.Redis", call: Callable[[], Awaitable[T]]) -> T:
    """
    Await *call*; once more over new connections where nothing was written by the first.

    The server is the primary no more, or the connection was gone before anything was sent.
    """
    try:
        return await call()
    except (ReadOnlyError, NothingSent):
        await forget(client)
        return await call()


def on_primary_sync(client: "redis.Redis", call: Callable[[], T]) -> T:
    """Do the same over a blocking client."""
    try:
        return call()
    except ReadOnlyError:
        client.connection_pool.disconnect(inuse_connections=False)
        return call()


async def forget(client: "aredis.Redis") -> None:
    """Close the connections at rest: the next command looks for the primary anew."""
    await client.connection_pool.disconnect(inuse_connections=False)


def _async_pool(url: str, *, connect_s: float, answer_s: float | None) -> "aredis.ConnectionPool":
    options: dict[str, Any] = {
        "retry": AsyncRetry(NoBackoff(), 0),
        "socket_timeout": answer_s,
        "socket_connect_timeout": connect_s,
    }
    if redis_url.names_sentinels(url):
        return frank(sentinel.async_pool(redis_url.read(url), **options))
    return frank(aredis.ConnectionPool.from_url(url, **options))
