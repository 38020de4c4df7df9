"""
The load: keep-alive connections that each send the next delivery when the last one is answered.

Its own process, `python -m benchmarks.load PORT CONNECTIONS SECONDS MOST RUN`; says what it saw as one line of JSON.
Requests are made before the clock starts and answers are read with three searches: the server is to be the slower.
"""

import asyncio
import gc
import json
import sys
import time
from collections import Counter
from dataclasses import dataclass, field

import uvloop

from .deliveries import request

#: Sent before the clock starts: the server has then taken each of its paths.
WARM_UP = 500


@dataclass(slots=True)
class Tally:
    """What came back, and which requests are left."""

    requests: list[bytes]
    end: float
    answers: Counter[bytes] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """One keep-alive connection, one request under way at a time."""

    def __init__(self, tally: Tally, clock) -> None:
        self.tally, self.clock = tally, clock
        self.done = asyncio.get_running_loop().create_future()
        self.received = b""

    def connection_made(self, transport) -> None:
        self.transport = transport
        self._next(self.clock())

    def data_received(self, data: bytes) -> None:
        data = self.received + data
        if not _is_whole(data):
            self.received = data
            return
        self.received = b""
        now = self.clock()
        self.tally.seconds.append(now - self.sent)
        self.tally.answers[data[9:12]] += 1
        self._next(now)

    def connection_lost(self, error: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("the server closed a connection"))

    def _next(self, now: float) -> None:
        if now < self.tally.end and self.tally.requests:
            self.sent = now
            self.transport.write(self.tally.requests.pop())
        elif not self.done.done():
            self.done.set_result(None)
            self.transport.close()


def _is_whole(data: bytes) -> bool:
    head = data.find(b"\r\n\r\n")
    if head < 0:
        return False
    at = data.find(b"content-length: ") + 16
    return len(data) >= head + 4 + int(data[at : data.find(b"\r", at)])


async def send(port: int, connections: int, requests: list[bytes], seconds: float) -> tuple[Tally, float]:
    """Return what came back, and the seconds until the last answer."""
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    tally = Tally(requests, started + seconds)
    pairs = [
        await loop.create_connection(lambda: Connection(tally, time.perf_counter), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in pairs))
    return tally, time.perf_counter() - started


async def main(port: int, connections: int, seconds: float, most: int, run: str) -> None:
    now = int(time.time())
    requests = [request(number, run=run, timestamp=now) for number in range(most)]
    gc.freeze()
    gc.disable()
    warm, _ = await send(port, connections, [requests.pop() for _ in range(WARM_UP)], 10)
    print(json.dumps({"warm": True}), flush=True)
    before = time.process_time()
    tally, took = await send(port, connections, requests, seconds)
    used = time.process_time() - before
    times = sorted(tally.seconds)
    report = {
        "answers": {status.decode(): count for status, count in (warm.answers + tally.answers).items()},
        "measured": len(times),
        "load_cpu_us": used / len(times) * 1e6,
        "per_s": len(times) / took,
        "p50_ms": times[len(times) // 2] * 1000,
        "p99_ms": times[len(times) * 99 // 100] * 1000,
    }
    print(json.dumps(report), flush=True)


if __name__ == "__main__":
    port, connections, seconds, most, run = sys.argv[1:]
    uvloop.run(main(int(port), int(connections), float(seconds), int(most), run))
