"""
A crowd of senders that never stops: each sends one event after the other, again until it is acknowledged.

What was acknowledged is never sent again, so what is lost stays lost.
"""

import contextlib
import http.client
import itertools
import json
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.support.waiting import until

#: Orders that the events are about, so that lanes hold several.
ORDERS = 500
#: Seconds until a refused event is sent again; this crowd is to be there when Redis comes back.
AGAIN_S = 0.05
ANSWER_S = 10.0


@dataclass(slots=True, kw_only=True)
class Crowd:
    """Senders of an unsigned source."""

    port: int
    source: str
    senders: int = 16
    #: Seconds that each rests before its next event.
    rest_s: float = 0.0
    #: The ids that got a 2xx, in that order.
    acked: list[str] = field(default_factory=list)
    #: When, by `time.monotonic()`, each got it, in that order, too.
    moments: list[float] = field(default_factory=list)
    #: How often each status was answered; 0 stands for no answer.
    answers: Counter[int] = field(default_factory=Counter)
    _numbers: Iterator[int] = field(default_factory=itertools.count)
    _stop: threading.Event = field(default_factory=threading.Event)

    @contextlib.contextmanager
    def sending(self) -> Iterator["Crowd"]:
        """Send until the end of the block; what a sender raised is raised there."""
        self._stop.clear()
        with ThreadPoolExecutor(self.senders, "sender") as pool:
            running: list[Future[None]] = [pool.submit(self._send) for _ in range(self.senders)]
            try:
                yield self
            finally:
                self._stop.set()
        for future in running:
            future.result()

    def wait_for(self, more: int) -> None:
        """Wait until so many more are acknowledged."""
        enough = len(self.acked) + more
        until(lambda: len(self.acked) >= enough, within_s=120, what=f"{more} more acknowledged")

    def wait_for_answers(self, status: int, more: int) -> None:
        """Wait until so many more were answered that status."""
        enough = self.answers[status] + more
        until(lambda: self.answers[status] >= enough, within_s=60, what=f"{more} more answers {status}")

    def _send(self) -> None:
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=ANSWER_S)) as link:
            while not self._stop.is_set():
                number = next(self._numbers)
                event_id = f"evt-{number}"
                event = {"id": event_id, "event": "order.created", "data": {"id": f"order-{number % ORDERS}"}}
                while self._status(link, json.dumps(event).encode()) not in (200, 202):
                    if self._stop.wait(AGAIN_S):
                        return
                self.moments.append(time.monotonic())
                self.acked.append(event_id)
                self._stop.wait(self.rest_s)

    def _status(self, link: http.client.HTTPConnection, body: bytes) -> int:
        try:
            link.request("POST", f"/webhooks/{self.source}", body, {"content-type": "application/json"})
            with link.getresponse() as answer:
                answer.read()
                status = answer.status
        except (OSError, http.client.HTTPException):
            link.close()
            status = 0
        self.answers[status] += 1
        return status
