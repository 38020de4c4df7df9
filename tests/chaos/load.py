"""
A sender of many connections, in a thread: what it sent, what it was answered and when.

Each stream is a connection with events of its own, sent one after the other, so the events of one order belong into one
stream. A patient sender repeats an event until it is acknowledged, at the next receiver each time.
"""

import asyncio
import contextlib
import json
import math
import os
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

#: Seconds a sender waits for an answer; senders of this world wait 5 to 10.
ANSWER_S = 5.0
#: Seconds a patient sender waits before it tries again, at first and at most.
FIRST_WAIT_S = 0.02
LONGEST_WAIT_S = 0.5
NO_ANSWER = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An event of the source `open`, which signs nothing."""

    id: str
    subject: str
    data: Mapping[str, Any] = field(default_factory=dict)
    type: str = "order.created"

    @property
    def request(self) -> bytes:
        payload = {"id": self.id, "event": self.type, "data": {"id": self.subject, **self.data}}
        body = json.dumps(payload).encode()
        head = "POST /webhooks/open HTTP/1.1\r\nhost: test\r\ncontent-type: application/json\r\n"
        return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


@dataclass(frozen=True, slots=True, kw_only=True)
class Try:
    """One delivery of an event."""

    event_id: str
    port: int
    #: NO_ANSWER where the connection was refused, broke, or nothing came in time.
    status: int
    #: When it was sent, by the monotonic clock, and how long it took.
    at: float
    seconds: float

    @property
    def acked(self) -> bool:
        return 200 <= self.status < 300


@dataclass(slots=True, kw_only=True)
class Load:
    """A context manager: sends while its body runs, and is at its end when all is sent or `halt` was called."""

    ports: Sequence[int]
    streams: Sequence[Iterable[Event]]
    #: Ids are appended here as they are acknowledged.
    acked_file: Path
    #: Deliveries a second of all streams together.
    rate: float = math.inf
    patient: bool = True
    #: Whether each delivery goes to the next receiver, as a balancer has it.
    rotating: bool = False
    tries: list[Try] = field(default_factory=list)
    #: Event id by the time of its first acknowledgement, by the monotonic clock.
    acked: dict[str, float] = field(default_factory=dict)
    _halted: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread = field(init=False)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=lambda: asyncio.run(self._send()), name="load", daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.halt()

    def halt(self) -> None:
        """Send no more, and wait until what is under way was answered."""
        self._halted.set()
        self.wait(within_s=ANSWER_S + 5)

    def wait(self, *, within_s: float) -> None:
        """Wait until all is sent."""
        self._thread.join(within_s)
        assert not self._thread.is_alive(), f"still sending after {within_s} s: {self.statuses()}"

    def statuses(self, tries: Iterable[Try] | None = None) -> Counter[int]:
        """Return how often each status was answered."""
        return Counter(one.status for one in (self.tries if tries is None else tries))

    async def _send(self) -> None:
        file = os.open(self.acked_file, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            await asyncio.gather(*(self._stream(n, events, file) for n, events in enumerate(self.streams)))
        finally:
            os.close(file)

    async def _stream(self, number: int, events: Iterable[Event], file: int) -> None:
        pace = _Pace(len(self.streams) / self.rate, number / len(self.streams))
        place, link = number, _Link()
        for event in events:
            wait_s = FIRST_WAIT_S
            while not self._halted.is_set():
                await pace.turn()
                port = self.ports[place % len(self.ports)]
                one = await link.deliver(event, port)
                self.tries.append(one)
                if one.acked:
                    self.acked.setdefault(event.id, one.at + one.seconds)
                    os.write(file, event.id.encode() + b"\n")
                place += self.rotating or not one.acked
                if one.acked or not self.patient:
                    break
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)
            if self._halted.is_set():
                break
        link.close()


class _Pace:
    """Gives turns at even distances; who is late does not catch up."""

    def __init__(self, every_s: float, share: float) -> None:
        self._every_s = every_s
        self._next = time.monotonic() + share * every_s

    async def turn(self) -> None:
        now = time.monotonic()
        if self._every_s and self._next > now:
            await asyncio.sleep(self._next - now)
        self._next = max(self._next, now) + self._every_s


class _Link:
    """One keep-alive connection, opened when it is needed."""

    def __init__(self) -> None:
        self._port = 0
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None

    async def deliver(self, event: Event, port: int) -> Try:
        started, status = time.monotonic(), NO_ANSWER
        with contextlib.suppress(OSError, EOFError, asyncio.TimeoutError):
            async with asyncio.timeout(ANSWER_S):
                status = await self._ask(event.request, port)
        if status == NO_ANSWER:
            self.close()
        seconds = time.monotonic() - started
        return Try(event_id=event.id, port=port, status=status, at=started, seconds=seconds)

    async def _ask(self, request: bytes, port: int) -> int:
        if self._writer is None or self._reader is None or self._port != port:
            self.close()
            self._reader, self._writer = await asyncio.open_connection("127.0.0.1", port)
            self._port = port
        self._writer.write(request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = head.partition(b"content-length:")[2].partition(b"\r\n")[0]
        await self._reader.readexactly(int(length or 0))
        if b"connection: close" in head:
            self.close()
        return int(head.split(b" ", 2)[1])

    def close(self) -> None:
        if self._writer is not None:
            self._writer.transport.abort()
        self._reader = self._writer = None


def orders(count: int, each: int, **data: Any) -> list[list[Event]]:
    """Return a stream for each of *count* orders, with *each* events, numbered in order."""
    return [
        [
            Event(id=f"evt-{order}-{n}", subject=f"order-{order}", data={"number": n, **data})
            for n in range(each)
        ]
        for order in range(count)
    ]


def endless(count: int, **data: Any) -> list[Iterator[Event]]:
    """Return as many streams, each of one order, without an end."""

    def stream(order: int) -> Iterator[Event]:
        number = 0
        while True:
            yield Event(id=f"evt-{order}-{number}", subject=f"order-{order}", data={"number": number, **data})
            number += 1

    return [stream(order) for order in range(count)]


def worst(seconds: Iterable[float], share: float = 0.99) -> float:
    """Return the percentile of *seconds*, 0 where there are none."""
    found = sorted(seconds)
    return found[min(len(found) - 1, int(len(found) * share))] if found else 0.0
