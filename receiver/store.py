"""
Connections to Redis that send nothing twice by themselves.

redis-py's default sends a command again up to ten times when a reply is lost, and waits up to a minute; a write that
is not idempotent then runs twice. Every client of ours is made here: no retries, short timeouts.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

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
    """Redis does not give the durability that a source asks for; the process must not start."""


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


#: The scripts use flags in their first line, which came with this version.
MIN_VERSION = (7, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What the start needs to know of a Redis server."""

    version: str
    appendonly: bool
    #: `unknown` where a managed service hides it.
    appendfsync: str
    maxmemory: int
    maxmemory_policy: str
    #: Replicas that are connected now.
    replicas: int

    @classmethod
    def of(cls, info: Mapping[str, Any], config: Mapping[str, str]) -> "ServerFacts":
        """Read the facts from `INFO` and `CONFIG GET`; what a managed service hides of its settings counts as weak."""
        return cls(
            version=info["redis_version"],
            appendonly=bool(info.get("aof_enabled")),
            appendfsync=config.get("appendfsync", "unknown"),
            maxmemory=info.get("maxmemory", 0),
            maxmemory_policy=info.get("maxmemory_policy", "unknown"),
            replicas=info.get("connected_slaves", 0),
        )


def read_facts(connection: "redis.Redis") -> ServerFacts:
    """Ask a server for its facts."""
    info: dict[str, Any] = connection.info()
    try:
        config: dict[str, str] = connection.config_get("appendfsync")  # type: ignore[assignment]
    except redis.ResponseError:  # managed services know no CONFIG, or do not allow it
        config = {}
    return ServerFacts.of(info, config)


async def assure(connection: "aredis.Redis", wanted: AbstractSet[str]) -> None:
    """
    Ask a server for its facts and check them.

    Raises:
        WeakDurability: It does not give what is wanted.
    """
    info: dict[str, Any] = await connection.info()
    try:
        config: dict[str, str] = await connection.config_get("appendfsync")  # type: ignore[assignment]
    except redis.ResponseError:
        config = {}
    if problems := check(ServerFacts.of(info, config), wanted):
        raise WeakDurability("; ".join(problems))


def check(facts: ServerFacts, wanted: AbstractSet[str]) -> tuple[str, ...]:
    """
    Return what stands between the server and its promises, one sentence each; none is good.

    Args:
        wanted: The durabilities that sources ask for.
    """
    problems = []
    if tuple(int(part) for part in facts.version.split(".")[:2]) < MIN_VERSION:
        problems.append(f"the server is version {facts.version}; at least 7.0 is needed for script flags")
    if facts.maxmemory_policy != "noeviction":
        problems.append(
            f"maxmemory-policy is {facts.maxmemory_policy}; it must be noeviction, or a full Redis throws events away"
        )
    if "disk" in wanted and not (facts.appendonly and facts.appendfsync == "always"):
        on = "yes" if facts.appendonly else "no"
        problems.append(
            f'a source asks for durability = "disk", but appendonly is {on} and appendfsync is {facts.appendfsync}; '
            "set appendonly yes and appendfsync always, or ask for memory"
        )
    if "replica" in wanted and facts.replicas == 0:
        problems.append(
            'a source asks for durability = "replica", but no replica is connected to the server; connect one, or ask '
            "for memory or disk"
        )
    return tuple(problems)
