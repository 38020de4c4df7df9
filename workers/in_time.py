"""
Requests that change something only while the attempt's lease lasts.

The lease is asked for at the last moment there is: behind the wait for a connection, in the very callback whose write
goes out. What is left is the instant between that look and the system call behind it, and over TLS the rest of the
loop's turn.
"""

import aiohttp
from aiohttp.abc import AbstractStreamWriter
from aiohttp.connector import Connection

from . import lease
from .lease import LeaseLost


class InTime(aiohttp.ClientRequest):
    """
    A request that raises `LeaseLost` where it would be sent too late; for `ClientSession(request_class=…)`.

    Whoever only reads says so by the middleware `reading`. The method does not tell: some GETs change something, and
    what nobody has thought of is asked for its lease.
    """

    only_reads = False

    async def send(self, conn: Connection) -> aiohttp.ClientResponse:
        if conn.transport is not None:
            # uvloop otherwise writes at the end of its turn, behind whatever else has something to do in it; below TLS
            # it does so all the same.
            conn.transport.set_write_buffer_limits(high=0)
        self._check()
        return await super().send(conn)

    async def write_bytes(
        self, writer: AbstractStreamWriter, conn: Connection, content_length: int | None = None
    ) -> None:
        """Send head and body, which aiohttp does in a task of its own."""
        try:
            self._check()
        except LeaseLost as late:
            if conn.protocol is not None:
                conn.protocol.set_exception(
                    late
                )  # to who waits for the answer, as aiohttp does with its own errors
            return
        await super().write_bytes(writer, conn, content_length)

    def _check(self) -> None:
        if not self.only_reads:
            lease.check()


async def reading(request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Send a request that changes nothing, and may be sent at any time."""
    if isinstance(request, InTime):
        request.only_reads = True
    return await send(request)
