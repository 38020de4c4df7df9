"""
Receivers of webhooks, as processes of their own: those that answer at once, and some that are out to do harm.

`python -m tests.chaos.hooks FILE '{"good-0": 4711, …}'` serves each name on its port and writes a line for each message.
By its name, `hostile` drips its head, sends a body that never ends, and redirects to `canary`, by turns; `gone` says 410.
"""

import asyncio
import contextlib
import json
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.http_peer import Seen, read_request

GOOD = tuple(f"good-{n}" for n in range(9))
POLITE = ("polite-0", "polite-1")
HOSTILE, GONE, CANARY = "hostile", "gone", "canary"


def url(port: int) -> str:
    return f"http://127.0.0.1:{port}/hooks"


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message that came: when, by the machine's monotonic clock, and how many were under way there with it."""

    name: str
    at: float
    under_way: int
    seen: Seen

    @property
    def event_id(self) -> str:
        return json.loads(self.seen.body)["id"]


def came(file: Path) -> list[Message]:
    """Return all that came so far."""
    lines = file.read_text().split("\n")[:-1] if file.exists() else []
    return [_read(json.loads(line)) for line in lines]


def _read(line: Mapping[str, Any]) -> Message:
    seen = Seen(
        method="POST", path="/hooks", headers=line["headers"], body=line["body"].encode(), connection=0
    )
    return Message(name=line["name"], at=line["at"], under_way=line["under_way"], seen=seen)


@dataclass(slots=True, kw_only=True)
class Hooks:
    """The receivers of one process."""

    file: Path
    ports: Mapping[str, int]
    under_way: dict[str, int] = field(default_factory=dict)
    turns: int = 0

    async def serve(self, name: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            while True:
                seen = await read_request(reader, 0)
                self.under_way[name] = self.under_way.get(name, 0) + 1
                self._note(name, seen)
                try:
                    await self._answer(name, writer)
                finally:
                    self.under_way[name] -= 1
        writer.transport.abort()

    def _note(self, name: str, seen: Seen) -> None:
        line = {"name": name, "at": time.monotonic(), "under_way": self.under_way[name]}
        line |= {"headers": dict(seen.headers), "body": seen.body.decode()}
        with self.file.open("a") as out:
            out.write(json.dumps(line) + "\n")

    async def _answer(self, name: str, writer: asyncio.StreamWriter) -> None:
        if name == HOSTILE:
            self.turns += 1
            await (self._drip, self._flood, self._redirect)[self.turns % 3](writer)
        elif name == GONE:
            writer.write(b"HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n")
        else:
            writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")

    async def _drip(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\n")
        await self._endless(writer, b"X: y\r\n")

    async def _flood(self, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 500 No\r\n\r\n")
        await self._endless(writer, b"x" * 65_536)

    async def _endless(self, writer: asyncio.StreamWriter, piece: bytes) -> None:
        while True:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0.02)

    async def _redirect(self, writer: asyncio.StreamWriter) -> None:
        head = f"HTTP/1.1 307 There\r\nLocation: {url(self.ports[CANARY])}\r\nContent-Length: 0\r\n\r\n"
        writer.write(head.encode())


async def main(file: Path, ports: Mapping[str, int], names: list[str]) -> None:
    hooks = Hooks(file=file, ports=ports)
    for name in names:
        await asyncio.start_server(
            lambda reader, writer, name=name: hooks.serve(name, reader, writer), "127.0.0.1", ports[name]
        )
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3].split(",")))
