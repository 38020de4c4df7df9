"""
Group commit: one command, and one fsync, for all the events that arrived while the one before was under way.

Two connections take turns, so that the next batch is read and packed here while Redis writes the last one.

A request is answered only after Redis has answered for it. Nothing is sent twice: a lost reply is `StoreUnavailable`,
and the sender's retry meets the dedupe key.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import hiredis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import NoScriptError, ReadOnlyError, RedisError, ResponseError

from . import accept, scripts
from .accept import NewEvent, Outcome, Recorded
from .batcher import Batcher
from .identity import Identity
from .store import ForeignStore, StoreError, StoreUnavailable, WeakDurability
from .unsent import NothingSent
from .wake import ShiftTemplate

#: Most events and bytes in one command: a batch must not stall Redis for others.
MAX_BATCH = 256
MAX_BATCH_BYTES = 4 * 1024 * 1024
#: Commands under way at once, each on a connection of its own.
IN_FLIGHT = 2
_NEW = frozenset({Outcome.ACCEPTED, Outcome.QUARANTINED})


class Overloaded(StoreError):
    """More requests wait for Redis than the receiver may hold; the sender must slow down."""


class GroupCommit:
    """Records events in batches; build it inside a running loop and `close` it."""

    def __init__(
        self,
        connect: Callable[[], AbstractConnection],
        *,
        timeout_s: float,
        max_waiting: int,
        shift: ShiftTemplate,
        identity: Identity,
        replicas: int = 0,
        assure: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        """
        Args:
            connect: Makes an unconnected connection.
            timeout_s: Longest time from `put` to an answer or an error.
            max_waiting: Most events that may wait at once.
            identity: Of the Redis that may be written.
            replicas: Replicas that must have an event before it is acknowledged. They have half of *timeout_s*.
            assure: Awaited after each connecting; raises `WeakDurability` where the server must not be written to.
        """
        self._connect = connect
        self._timeout_s = timeout_s
        self._max_waiting = max_waiting
        self._shift = shift
        self._identity = identity
        self._replicas = replicas
        self._assure = assure
        #: Connections at rest.
        self._idle: list[AbstractConnection] = []
        #: Raised by `distrust`; a connection of an earlier era is not used again.
        self._era = 0
        self._batcher = Batcher[NewEvent, Recorded](
            self._commit,
            max_items=MAX_BATCH,
            weigh=lambda new: len(new.body),
            max_weight=MAX_BATCH_BYTES,
            in_flight=IN_FLIGHT,
        )

    def put(self, new: NewEvent) -> "asyncio.Future[Recorded]":
        """
        Return a future of Redis' answer for *new*.

        Raises:
            Overloaded: Too many wait already.

        The future raises `StoreUnavailable` where Redis did not answer in time or refused the write.
        """
        if len(self._batcher) >= self._max_waiting:
            raise Overloaded(f"{self._max_waiting} deliveries wait for Redis already")
        return self._batcher.put(new)

    async def distrust(self) -> None:
        """Use none of these connections again: the next batch makes a new one, and the server is looked at anew."""
        self._era += 1
        await self._forget_idle()

    async def close(self) -> None:
        """Give the connections back; nobody may wait any more."""
        await self._batcher.close()
        await self._forget_idle()

    async def record(self, events: Sequence[NewEvent], oldest: float | None = None) -> list[Recorded]:
        """
        Record events now, in their order and in one command: for a caller who must not be overtaken by himself.

        Raises:
            StoreUnavailable: Redis did not answer in time, counted from *oldest*, or refused the write.
        """
        begun = asyncio.get_running_loop().time() if oldest is None else oldest
        try:
            async with asyncio.timeout_at(begun + self._timeout_s):
                answers = await self._record_on_primary(events)
        except (RedisError, OSError, TimeoutError, ForeignStore, WeakDurability) as error:
            raise StoreUnavailable(str(error) or type(error).__name__) from error
        results = [accept.read(answer, new) for answer, new in zip(answers, events, strict=True)]
        self._identity.recorded(
            [new.source for result, new in zip(results, events, strict=True) if result.outcome in _NEW]
        )
        return results

    async def _commit(self, events: Sequence[NewEvent], oldest: float) -> list[Recorded]:
        try:
            return await self.record(events, oldest)
        except StoreUnavailable as unavailable:
            # A silent Redis will not answer the next batch either, and each that waits has its own time limit.
            if not isinstance(unavailable.__cause__, ResponseError | None):
                self._batcher.fail_waiting(unavailable)
            raise

    async def _record_on_primary(self, events: Sequence[NewEvent]) -> list[bytes]:
        try:
            return await self._record(events)
        # A failover, or a connection reset while at rest: nothing was written, and the next one finds the primary.
        except (ReadOnlyError, NothingSent):
            return await self._record(events)

    async def _record(self, events: Sequence[NewEvent]) -> list[bytes]:
        era = self._era
        connection = await self._connected()
        try:
            answers = await self._recorded(connection, events)
        except BaseException:  # what it would say next may be the answer to this
            await connection.disconnect(nowait=True)
            await self._forget_idle()  # they may lead to the same server, which may be the primary no more
            raise
        if era == self._era:
            self._idle.append(connection)
        else:
            await connection.disconnect(nowait=True)
        return answers

    async def _forget_idle(self) -> None:
        while self._idle:
            await self._idle.pop().disconnect(nowait=True)

    async def _recorded(self, connection: AbstractConnection, events: Sequence[NewEvent]) -> list[bytes]:
        packed = hiredis.pack_command(tuple(accept.command(events, self._shift, self._identity.name)))  # type: ignore[arg-type]
        try:
            answers = await self._call(connection, packed)
        except NoScriptError:  # the server lost its scripts; nothing was run
            await self._load(connection)
            answers = await self._call(connection, packed)
        if self._replicas:
            await self._wait_for_replicas(connection)
        return answers

    async def _wait_for_replicas(self, connection: AbstractConnection) -> None:
        """Wait until enough replicas have what this connection wrote; where they do not, what is written stays."""
        await connection.send_command("WAIT", self._replicas, int(self._timeout_s * 500))
        confirmed: int = await connection.read_response()
        if confirmed < self._replicas:
            raise StoreUnavailable(f"recorded, but {confirmed} of {self._replicas} replicas confirmed it")

    async def _connected(self) -> AbstractConnection:
        while self._idle:
            connection = self._idle.pop()
            if not await connection.can_read():
                return connection
            # Closed by the server while nothing was asked of it: known before anything is sent, so nobody need be told.
            await connection.disconnect(nowait=True)
        return await self._new_connection()

    async def _new_connection(self) -> AbstractConnection:
        connection = self._connect()
        try:
            await connection.connect()  # type: ignore[no-untyped-call]
            await self._load(connection)
            if self._assure is not None:
                await self._assure()
            await self._identity.check(lambda *command: self._ask(connection, *command))
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def _load(self, connection: AbstractConnection) -> None:
        await self._ask(connection, "SCRIPT", "LOAD", scripts.load("accept").text)

    @staticmethod
    async def _ask(connection: AbstractConnection, *command: str) -> Any:
        await connection.send_command(*command)
        return await connection.read_response()

    @staticmethod
    async def _call(connection: AbstractConnection, packed: bytes) -> list[bytes]:
        await connection.send_packed_command([packed], check_health=False)
        answers: list[bytes] = await connection.read_response(disable_decoding=True)
        return answers
