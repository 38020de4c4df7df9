"""
A real HTTP server on a loopback port that does as it is told, byte by byte.
"""

import asyncio
import contextlib
import json
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]  # lower-case names
    body: bytes
    connection: int  # which of the server's connections, counted from 1

    def json(self) -> object:
        return json.loads(self.body)


Behaviour = Callable[[Seen, asyncio.StreamWriter], Awaitable[bool]]  # whether the connection stays


@dataclass(slots=True)
class Upstream:
    """The server; by default it answers every request with `{}`."""

    url: str = ""
    seen: list[Seen] = field(default_factory=list)
    behaviours: list[Behaviour] = field(default_factory=list)
    connections: int = 0

    def answers(self, status: int, body: object = None, **headers: str) -> None:
        """Add an answer; the last one added stays. A body that is not bytes goes as JSON, None as nothing."""
        content = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        self.behaviours.append(answering(status, content, headers))

    def sends(self, *pieces: bytes, pause_s: float = 0.0, reset: bool = False) -> None:
        """Add raw bytes, a piece at a time, after which the connection closes, by a reset if asked."""

        async def behave(_: Seen, writer: asyncio.StreamWriter) -> bool:
            for piece in pieces:
                writer.write(piece)
                await writer.drain()
                await asyncio.sleep(pause_s)
            if reset:
                writer.transport.abort()
            return False

        self.behaviours.append(behave)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        number = self.connections
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                while await self._turn(reader, writer, number):
                    pass
            writer.close()
            with contextlib.suppress(ConnectionError):
                await writer.wait_closed()
        finally:
            writer.transport.abort()  # at the end of a test the client may not have read all, or be silent

    async def _turn(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, number: int) -> bool:
        seen = await read_request(reader, number)
        self.seen.append(seen)
        behave = self.behaviours.pop(0) if len(self.behaviours) > 1 else self.behaviours[0]
        return await behave(seen, writer)


def answering(status: int, content: bytes, headers: Mapping[str, str]) -> Behaviour:
    """Return the behaviour that answers so and keeps the connection."""
    lines = {"Content-Type": "application/json", "Content-Length": str(len(content))}
    lines |= {name.replace("_", "-"): value for name, value in headers.items()}
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())

    async def behave(_: Seen, writer: asyncio.StreamWriter) -> bool:
        writer.write(f"HTTP/1.1 {status} Some\r\n{head}\r\n".encode() + content)
        await writer.drain()
        return True

    return behave


async def read_request(reader: asyncio.StreamReader, number: int) -> Seen:
    """Read one request with a Content-Length or chunked body."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    method, path, _ = head[0].split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in head[1:] if line)}
    if headers.get("transfer-encoding") == "chunked":
        body = await read_chunks(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Seen(method=method, path=path, headers=headers, body=body, connection=number)


async def read_chunks(reader: asyncio.StreamReader) -> bytes:
    """Read a chunked body."""
    body = b""
    while size := int(await reader.readline(), 16):
        body += (await reader.readexactly(size + 2))[:-2]
    await reader.readline()
    return body


@contextlib.asynccontextmanager
async def serving(context: ssl.SSLContext | None = None) -> AsyncIterator[Upstream]:
    """Serve on a free loopback port until the block ends; connections that hang are cut."""
    upstream, tasks = Upstream(), set[asyncio.Task[None]]()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(upstream.serve(reader, writer))
        tasks.add(task)

    server = await asyncio.start_server(accept, "127.0.0.1", 0, ssl=context)
    port = server.sockets[0].getsockname()[1]
    upstream.url = f"http{'s' if context else ''}://127.0.0.1:{port}"
    try:
        yield upstream
    finally:
        server.close()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)  # an aborted connection closes its socket in the loop's next turn
