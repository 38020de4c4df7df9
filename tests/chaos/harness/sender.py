"""
The sender: several threads, each with orders of its own, patient until every event is acknowledged.

What was acknowledged goes to a file, appended before the sender goes on, and the next event of an order is sent only
then. Knows the receivers' addresses and nothing else of orderhook.
"""

import contextlib
import http.client
import json
import os
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from .checker import Sent
from .life import Stage

#: Orders that one thread has under way at once; their events come by turns.
WINDOW = 20
#: Share of the acknowledged events that are delivered once more, as senders do.
AGAIN = 0.03
#: Seconds a sender waits for an answer, and between two tries at most.
ANSWER_S = 5.0
LONGEST_WAIT_S = 0.4

#: (event id, event type, body) -> headers.
Signing = Callable[[str, str, bytes], Mapping[str, str]]


@dataclass(slots=True, kw_only=True)
class Sender:
    """Sends a life of every order, spread over some seconds."""

    ports: Sequence[int]
    source: str
    sign: Signing
    life: Sequence[Stage]
    orders: Sequence[str]
    #: Acknowledged ids are appended here.
    file: Path
    chance: random.Random
    #: Events per second, of all threads; what is late is sent at once.
    rate: float
    threads: int = 6
    answers: Counter[int] = field(default_factory=Counter)
    #: Events that were delivered again and not called duplicates.
    taken_twice: list[str] = field(default_factory=list)
    _stop: threading.Event = field(default_factory=threading.Event)
    _pool: ThreadPoolExecutor = field(init=False)
    _running: list["Future[None]"] = field(default_factory=list)

    def start(self) -> None:
        """Begin to send."""
        self._pool = ThreadPoolExecutor(self.threads, "sender")
        for number in range(self.threads):
            thread = _Thread(self, self.orders[number :: self.threads], random.Random(self.chance.random()))
            self._running.append(self._pool.submit(thread.run))

    @property
    def acknowledged(self) -> int:
        """How many events were acknowledged so far."""
        return self.answers[200] + self.answers[202]

    @property
    def done(self) -> bool:
        """Whether all has been acknowledged; raises what a thread has raised."""
        for future in self._running:
            if future.done():
                future.result()
        return all(future.done() for future in self._running)

    def stop(self) -> None:
        """Send no more; what was acknowledged stays so."""
        self._stop.set()
        self._pool.shutdown()

    def acked(self) -> list[Sent]:
        """Return what the file says."""
        lines = self.file.read_text().splitlines() if self.file.exists() else []
        return [Sent(id=event, order=order, number=number) for event, order, number in map(json.loads, lines)]


class _Thread:
    """One thread of the sender, with its own connection to each receiver."""

    def __init__(self, sender: Sender, orders: Sequence[str], chance: random.Random) -> None:
        self._sender = sender
        self._waiting = list(orders)
        self._chance = chance
        self._connections: dict[int, http.client.HTTPConnection] = {}
        self._file = os.open(sender.file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)

    def run(self) -> None:
        begun, sent, pace = time.monotonic(), 0, self._sender.threads / self._sender.rate
        under_way: list[tuple[str, int]] = []
        while not self._sender._stop.is_set():
            while self._waiting and len(under_way) < WINDOW:
                under_way.append((self._waiting.pop(), 0))
            if not under_way:
                break
            self._sender._stop.wait(max(0.0, begun + sent * pace - time.monotonic()))
            order, number = under_way.pop(self._chance.randrange(len(under_way)))
            if self._deliver(order, number) and number + 1 < len(self._sender.life):
                under_way.append((order, number + 1))
            sent += 1
        os.close(self._file)
        for connection in self._connections.values():
            connection.close()

    def _deliver(self, order: str, number: int) -> bool:
        """Deliver one event until it is acknowledged, and sometimes once more."""
        event_id, body = self._event(order, number)
        wait_s = 0.02
        while self._post(event_id, number, body) not in (200, 202):
            if self._sender._stop.wait(self._chance.uniform(0, wait_s)):
                return False
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
        os.write(self._file, json.dumps([event_id, order, number]).encode() + b"\n")
        if self._chance.random() < AGAIN and self._post(event_id, number, body) == 202:
            self._sender.taken_twice.append(event_id)
        return True

    def _event(self, order: str, number: int) -> tuple[str, bytes]:
        event_id = f"evt-{order[:13]}-{number}"
        event: dict[str, Any] = {
            "event": self._sender.life[number].event_type,
            "timestamp": int(time.time() * 1000),
            "data": {"id": order, "number": number},
        }
        return event_id, json.dumps(event).encode()

    def _post(self, event_id: str, number: int, body: bytes) -> int:
        """Post to any of the receivers; return the status, 0 where no answer came."""
        port = self._chance.choice(self._sender.ports)
        signature = self._sender.sign(event_id, self._sender.life[number].event_type, body)
        headers = {"content-type": "application/json", **signature}
        connection = self._connections.pop(port, None) or http.client.HTTPConnection(
            "127.0.0.1", port, timeout=ANSWER_S
        )
        try:
            connection.request("POST", f"/webhooks/{self._sender.source}", body, headers)
            answer = connection.getresponse()
            said = answer.read()
        except (OSError, http.client.HTTPException):
            with contextlib.suppress(OSError):
                connection.close()
            self._sender.answers[0] += 1
            return 0
        self._connections[port] = connection
        self._sender.answers[answer.status] += 1
        # Nothing here is the sender's fault, and a sender that is told so would give up.
        assert not 400 <= answer.status < 500, said
        return answer.status
