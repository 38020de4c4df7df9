"""
A connection that turns out to be closed before anything went over it: nothing was sent, so it may be said again.

asyncio's own transport takes a write after a reset and loses it; uvloop's raises RuntimeError, which nobody takes for
an outage. redis-py asks only whether the other side has ended the connection, not whether it was reset.
"""

from collections.abc import Iterable
from typing import Any

import redis
import redis.asyncio as aredis
from redis.asyncio.connection import AbstractConnection


class NothingSent(redis.ConnectionError):
    """The connection was reset while it was at rest; the next one may do."""


class _Frank(AbstractConnection):
    """Says so where a command was not sent."""

    async def send_packed_command(
        self, command: bytes | str | Iterable[bytes], *args: Any, **more: Any
    ) -> None:
        try:
            await super().send_packed_command(command, *args, **more)
        except RuntimeError as error:
            raise NothingSent("the connection was reset while it was at rest") from error


def frank(pool: "aredis.ConnectionPool") -> "aredis.ConnectionPool":
    """Return the pool; its connections raise `NothingSent` from now on."""
    kind = pool.connection_class
    pool.connection_class = type(f"Frank{kind.__name__}", (_Frank, kind), {})
    return pool
