"""
A TCP proxy on loopback that breaks what passes through it, on request: the network's part in a chaos test.

It runs in a thread of its own, so that tests of any kind can use it, and knows nothing of what it carries.
"""

import asyncio
import contextlib
import math
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from typing import Any, Self

CHUNK = 64 * 1024
#: Seconds that an order to the proxy's thread may take.
ORDER_S = 10.0
#: With this, closing a socket resets the connection.
LINGER_0 = struct.pack("ii", 1, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Faults:
    """What is done to what passes; by default nothing."""

    #: Seconds that every chunk waits, in either direction.
    delay_s: float = 0.0
    #: Bytes per second and direction of each connection.
    bytes_per_s: float = math.inf
    #: Nothing passes and nothing is refused, as if the host were gone; what was sent meanwhile arrives afterwards.
    black_hole: bool = False
    #: Share of the replies that are lost behind a request that was passed on; their connection is reset.
    lose_share: float = 0.0


@dataclass(slots=True, kw_only=True)
class Seen:
    """What has passed, for a test to wait on and to count."""

    connections: int = 0
    requests: int = 0
    replies: int = 0
    lost: int = 0


class _Link:
    """One connection through the proxy: two pumps, which end together."""

    def __init__(self, inner: asyncio.StreamWriter, outer: asyncio.StreamWriter) -> None:
        self.writers = (inner, outer)

    def reset(self) -> None:
        for writer in self.writers:
            with contextlib.suppress(OSError):
                writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_0)
            writer.transport.abort()


class Proxy:
    """Listens on a free loopback port and passes everything on to *target*; a context manager."""

    def __init__(self, target: int, *, seed: int = 0) -> None:
        self.target = target
        self.port = 0
        self.faults = Faults()
        self.seen = Seen()
        self._random = random.Random(seed)
        self._lose_next = 0
        self._silently = False
        self._links: set[_Link] = set()
        self._server: asyncio.Server | None = None

    def __enter__(self) -> Self:
        self._loop = asyncio.new_event_loop()
        self._clear = asyncio.Event()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self._order(self._end())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(ORDER_S)
        self._loop.close()

    @property
    def redis_url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def set(self, **faults: Any) -> None:
        """Change some faults, for open connections too; the others stay as they are."""
        self._do(lambda: self._set(replace(self.faults, **faults)))

    def heal(self) -> None:
        """Pass everything on again, and listen."""
        self._do(lambda: self._set(Faults()))
        self.lose_replies(0)
        self.listen()

    def lose_replies(self, count: int, *, silently: bool = False) -> None:
        """
        Lose the next *count* replies behind requests that were passed on.

        Args:
            silently: The connection stays open and nothing more comes; else it is reset.
        """
        self._do(lambda: self._lose(count, silently=silently))

    def reset(self) -> None:
        """Reset every open connection."""
        self._do(self._reset)

    def refuse(self) -> None:
        """Reset every open connection and refuse new ones, until `listen`."""
        self._order(self._refuse())

    def listen(self) -> None:
        """Take connections (again), on the same port."""
        self._order(self._listen())

    # Below: on the proxy's own thread.

    def _set(self, faults: Faults) -> None:
        self.faults = faults
        (self._clear.clear if faults.black_hole else self._clear.set)()

    def _lose(self, count: int, *, silently: bool) -> None:
        self._lose_next, self._silently = count, silently

    def _reset(self) -> None:
        for link in self._links:
            link.reset()

    async def _refuse(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        self._reset()

    async def _listen(self) -> None:
        self._set(self.faults)
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def _end(self) -> None:
        await self._refuse()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.seen.connections += 1
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, back)
        self._links.add(link)
        pumps = [
            asyncio.create_task(self._pump(reader, back, self._passes_request)),
            asyncio.create_task(self._pump(there, writer, self._passes_reply)),
        ]
        try:
            # Told to end, it ends in order: asyncio.streams asks a cancelled task for its exception, and logs that.
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for pump in pumps:
                pump.cancel()
            await asyncio.gather(*pumps, return_exceptions=True)
            self._links.discard(link)
            if any(pump.done() and not pump.cancelled() and pump.result() for pump in pumps):
                link.reset()
            for one in link.writers:
                one.close()

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, passes: Callable[[], str]
    ) -> bool:
        """Pass chunks on until an end; return whether the connection is to be reset."""
        try:
            while chunk := await reader.read(CHUNK):
                await self._hold(chunk)
                match passes():
                    case "reset":
                        return True
                    case "pass":
                        writer.write(chunk)
                        await writer.drain()
        except OSError:
            return True
        return False

    async def _hold(self, chunk: bytes) -> None:
        wait = self.faults.delay_s + len(chunk) / self.faults.bytes_per_s
        if wait > 0:
            await asyncio.sleep(wait)
        await self._clear.wait()

    def _passes_request(self) -> str:
        self.seen.requests += 1
        return "pass"

    def _passes_reply(self) -> str:
        if self._lose_next > 0:
            self._lose_next -= 1
            self.seen.lost += 1
            return "drop" if self._silently else "reset"
        if self._random.random() < self.faults.lose_share:
            self.seen.lost += 1
            return "reset"
        self.seen.replies += 1
        return "pass"

    def _order(self, coroutine: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(ORDER_S)

    def _do(self, step: Callable[[], None]) -> None:
        async def order() -> None:
            step()

        self._order(order())
