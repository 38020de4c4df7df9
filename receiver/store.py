"""
Connections to Redis that send nothing twice by themselves.

redis-py's default sends a command again up to ten times when a reply is lost, and waits up to a minute; a write that
is not idempotent then runs twice. Every client of ours is made here: no retries, short timeouts.
"""

import redis
import redis.asyncio as aredis
from redis.asyncio.connection import AbstractConnection
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry


class StoreError(Exception):
    """
    Something is wrong with Redis; an operator of Redis must act.

    ├── StoreUnavailable   it cannot be written now: down, frozen, read-only, full
    └── WeakDurability     it does not give the durability that a source asks for
    """


class StoreUnavailable(StoreError):
    """Redis cannot be written now; nothing may be acknowledged."""


class WeakDurability(StoreError):
    """Redis does not give the durability that a source asks for; nothing may be acknowledged."""


def async_client(url: str, *, timeout_s: float) -> "aredis.Redis":
    """Return an asyncio client that answers in bytes; *timeout_s* bounds connecting and each answer."""
    return aredis.Redis.from_url(
        url, retry=AsyncRetry(NoBackoff(), 0), socket_timeout=timeout_s, socket_connect_timeout=timeout_s
    )


def client(url: str, *, timeout_s: float) -> "redis.Redis":
    """
    Return a blocking client that answers in text; *timeout_s* bounds connecting and each answer.

    A body that is quarantined may be no text: bytes of it that are not UTF-8 show as escapes.
    """
    return redis.Redis.from_url(
        url,
        retry=Retry(NoBackoff(), 0),
        socket_timeout=timeout_s,
        socket_connect_timeout=timeout_s,
        decode_responses=True,
        encoding_errors="backslashreplace",
    )


def async_connection(url: str, *, timeout_s: float) -> AbstractConnection:
    """
    Return one unconnected asyncio connection, for the one place that packs its commands itself.

    *timeout_s* bounds connecting; the caller bounds each call, which spares a timer and a task for every command.
    """
    pool = aredis.ConnectionPool.from_url(
        url, retry=AsyncRetry(NoBackoff(), 0), socket_timeout=None, socket_connect_timeout=timeout_s
    )
    connection: AbstractConnection = pool.make_connection()  # type: ignore[no-untyped-call]
    return connection
