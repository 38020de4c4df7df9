"""
An order API that does nothing but take 20 ms: `python -m benchmarks.stub_api PORT`.

Speaks HTTP by hand, so that it is never what the workers wait for.
`GET /_seen` tells what came, `DELETE /_seen` forgets it.
"""

import asyncio
import json
import sys
import time

import uvloop

#: Seconds from a request to its answer.
DELAY_S = 0.020

_ORDER = json.dumps(
    {
        "id": "order-1",
        "displayId": "N-10203",
        "name": "Wall box",
        "description": "x" * 300,
        "status": 0,
        "city": "Oslo",
        "countryCode": "NO",
        "tags": [{"id": "1", "name": "imported"}],
        "metadata": {"source": "shop"},
    }
).encode()


def _answer(body: bytes) -> bytes:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    return head % len(body) + body


_ANSWERS = {b"GET": _answer(_ORDER), b"POS": _answer(b'{"success":true}')}


class Seen:
    """The calls that came: how many, of which orders, and when the first came and the last was answered."""

    def __init__(self) -> None:
        self.calls: dict[bytes, int] = {b"GET": 0, b"POS": 0}
        self.paths: set[bytes] = set()
        self.first = self.last = 0.0

    def note(self, method: bytes, path: bytes) -> None:
        self.first = self.first or time.monotonic()
        self.calls[method] += 1
        self.paths.add(method + path)

    def as_json(self) -> bytes:
        reads, writes = self.calls.values()
        report = {
            "reads": reads,
            "writes": writes,
            "distinct": len(self.paths),
            "took_s": self.last - self.first,
        }
        return json.dumps(report).encode()


class Connection(asyncio.Protocol):
    """One keep-alive connection, one request at a time; bodies are read and forgotten."""

    seen = Seen()

    def connection_made(self, transport) -> None:
        self.transport, self.received = transport, b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        head = self.received.find(b"\r\n\r\n")
        if head < 0 or len(self.received) < head + 4 + _length(self.received[:head]):
            return
        line, self.received = self.received[: self.received.find(b"\r\n")], b""
        method, path, _ = line.split(b" ", 2)
        if path == b"/_seen":
            self._report(method)
        else:
            Connection.seen.note(method[:3], path)
            asyncio.get_running_loop().call_later(DELAY_S, self._reply, _ANSWERS[method[:3]])

    def _report(self, method: bytes) -> None:
        self.transport.write(_answer(Connection.seen.as_json()))
        if method == b"DELETE":
            Connection.seen = Seen()

    def _reply(self, answer: bytes) -> None:
        Connection.seen.last = time.monotonic()
        if not self.transport.is_closing():
            self.transport.write(answer)


def _length(head: bytes) -> int:
    lower = head.lower()
    at = lower.find(b"\r\ncontent-length:")
    return int(lower[at + 17 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def main(port: int) -> None:
    server = await asyncio.get_running_loop().create_server(Connection, "127.0.0.1", port, backlog=1024)
    await server.serve_forever()


if __name__ == "__main__":
    uvloop.run(main(int(sys.argv[1])))
