"""
Pools of connections to whichever server the sentinels say is the primary, asked anew for each new connection.

Each sentinel is asked in turn and has little time to answer: a dead one must not use up the time of a delivery.
Nothing is kept open to a sentinel, so that none can answer from before a cut.
"""

from typing import Any

import redis
import redis.asyncio as aredis
import redis.asyncio.sentinel
import redis.sentinel
from redis.asyncio.retry import Retry as AsyncRetry
from redis.asyncio.sentinel import SentinelManagedConnection, SentinelManagedSSLConnection
from redis.backoff import NoBackoff
from redis.exceptions import ResponseError
from redis.retry import Retry

from .redis_url import SentinelUrl

#: Seconds that one sentinel has to be connected to, and for each of its answers.
ASK_S = 0.15


class _Sentinels(redis.sentinel.Sentinel):
    """Asks over blocking connections."""

    def discover_master(self, service_name: str) -> tuple[str, int]:
        try:
            found: tuple[str, int] = super().discover_master(service_name)  # type: ignore[no-untyped-call]
        except (redis.ConnectionError, ResponseError) as error:
            raise _nobody(service_name, error) from error
        finally:
            for client in self.sentinels:
                client.connection_pool.disconnect(inuse_connections=False)
        return found


class _AsyncSentinels(aredis.sentinel.Sentinel):
    """Asks over asyncio connections."""

    async def discover_master(self, service_name: str) -> tuple[str, int]:
        try:
            found: tuple[str, int] = await super().discover_master(service_name)
        except (redis.ConnectionError, ResponseError) as error:
            raise _nobody(service_name, error) from error
        finally:
            for client in self.sentinels:
                await client.connection_pool.disconnect(inuse_connections=False)
        return found


class _Connection(SentinelManagedConnection):
    """
    Passes READONLY on as what it is.

    redis-py makes a ConnectionError of it, by which nobody can tell any more that nothing was written.
    """

    async def read_response(self, *args: Any, **options: Any) -> Any:
        return await super(SentinelManagedConnection, self).read_response(*args, **options)


class _TlsConnection(_Connection, SentinelManagedSSLConnection):
    """The same, encrypted."""


def pool(url: SentinelUrl, **options: Any) -> "redis.ConnectionPool":
    """Return a pool of blocking connections to the primary; *options* are those of a connection."""
    asking = _asking(url, retry=Retry(NoBackoff(), 0))
    sentinels = _Sentinels(url.sentinels, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    return redis.sentinel.SentinelConnectionPool(  # type: ignore[no-untyped-call]
        url.primary, sentinels, ssl=url.tls, **url.redis_options, **options
    )


def async_pool(url: SentinelUrl, **options: Any) -> "aredis.ConnectionPool":
    """Return a pool of asyncio connections to the primary; *options* are those of a connection."""
    asking = _asking(url, retry=AsyncRetry(NoBackoff(), 0))
    sentinels = _AsyncSentinels(url.sentinels, sentinel_kwargs=asking)  # type: ignore[no-untyped-call]
    kind = _TlsConnection if url.tls else _Connection
    return aredis.sentinel.SentinelConnectionPool(  # type: ignore[no-untyped-call]
        url.primary, sentinels, connection_class=kind, **url.redis_options, **options
    )


def _asking(url: SentinelUrl, *, retry: Retry | AsyncRetry) -> dict[str, Any]:
    limits = {"retry": retry, "socket_timeout": ASK_S, "socket_connect_timeout": ASK_S}
    return {**limits, "ssl": url.tls, **url.sentinel_options}


def _nobody(name: str, error: Exception) -> "redis.ConnectionError":
    _, _, reasons = str(error).partition(" : ")
    return redis.ConnectionError(f"no sentinel names a primary {name!r} that is up: {reasons or error}")
