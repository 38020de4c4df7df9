"""
The webhook sender: lanes in order, retries on a schedule, bounded concurrency, faults on request.

Events of one order wait behind one another, so that a retry never lets a later event overtake.
An event that is taken in is delivered, or given up after its last retry, as long as the process lives.
The vendor documents a POST of JSON and the 5 seconds; retries, order and what counts as success are ours.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence

from .config import SenderRules
from .deliveries import Deliveries, Delivery, DeliveryState, SendAttempt, SentEvent
from .fault_set import FaultSet
from .faults import BadSignature, Delay, Drop, Duplicate, Shuffle
from .post import Post

log = logging.getLogger("sandbox.sender")


class Sender:
    """
    A lane exists while it holds deliveries, and is then in `_ready`, in `_timers`, or being worked on.
    """

    def __init__(self, *, posts: Mapping[str, Post], rules: SenderRules, faults: FaultSet) -> None:
        #: By system; the events of a system without one stay unsent.
        self._posts = posts
        self._rules = rules
        self._faults = faults
        self.deliveries = Deliveries(kept=rules.kept)
        self._lanes: dict[str, deque[Delivery]] = {}
        self._ready: asyncio.Queue[str] = asyncio.Queue()
        self._timers: dict[str, asyncio.TimerHandle] = {}
        self._stopping = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """
        Send while the context is open; at its end, send what is due for as long as the grace lasts.
        """
        async with contextlib.AsyncExitStack() as stack:
            for post in self._posts.values():
                await stack.enter_async_context(post)
            workers = [asyncio.create_task(self._work()) for _ in range(self._rules.concurrency)]
            try:
                yield
            finally:
                await self._stop(workers)

    async def _stop(self, workers: Sequence[asyncio.Task[None]]) -> None:
        self._stopping = True
        for timer in self._timers.values():
            timer.cancel()
        # Whatever is due, and what becomes due at once behind it.
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._ready.join(), self._rules.stop_grace_s)
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        if self.deliveries.pending:
            log.warning("sender.stopped pending=%d", self.deliveries.pending)

    # Taking in

    def take(self, event: SentEvent) -> None:
        """
        Take an event in, to be sent in the order of its subject unless a fault says otherwise.
        """
        self._begin(Delivery(event=event))
        if event.system in self._posts and self._faults.draw(Duplicate, event.type):
            self._begin(Delivery(event=event, duplicate=True))

    def _begin(self, delivery: Delivery) -> None:
        self.deliveries.begin(delivery)
        event = delivery.event
        if event.system not in self._posts:
            self.deliveries.end(delivery, DeliveryState.UNSENT)
        elif not delivery.duplicate and self._faults.draw(Drop, event.type):
            self.deliveries.end(delivery, DeliveryState.DROPPED)
        else:
            self._queue(self._lane_of(delivery), delivery)

    def _lane_of(self, delivery: Delivery) -> str:
        """
        Return the delivery's lane: its subject's, or one of its own if it is shuffled.
        """
        event = delivery.event
        delay = self._faults.draw(Delay, event.type)
        delivery.delay_s = delay.ms / 1_000 if delay else 0.0
        shuffle = self._faults.draw(Shuffle, event.type)
        if shuffle is None:
            # Nobody waits behind what goes elsewhere.
            return f"{event.system} {event.subject}"
        delivery.delay_s += self._faults.uniform(shuffle.ms / 1_000)
        return f"shuffled {delivery.number}"

    def _queue(self, name: str, delivery: Delivery) -> None:
        lane = self._lanes.setdefault(name, deque())
        lane.append(delivery)
        if len(lane) == 1:
            self._schedule(name, delivery.delay_s)

    def _schedule(self, name: str, wait_s: float) -> None:
        if wait_s <= 0:
            self._ready.put_nowait(name)
        elif not self._stopping:
            self._timers[name] = asyncio.get_running_loop().call_later(wait_s, self._due, name)

    def _due(self, name: str) -> None:
        del self._timers[name]
        self._ready.put_nowait(name)

    # Sending

    async def _work(self) -> None:
        while True:
            name = await self._ready.get()
            lane = self._lanes.get(name)
            if lane is not None:
                await self._turn(name, lane, self._posts[lane[0].event.system])
            self._ready.task_done()

    async def _turn(self, name: str, lane: deque[Delivery], post: Post) -> None:
        """
        Make one attempt at the first delivery of a lane, and say when the lane is due again.
        """
        delivery = lane[0]
        spoil = post.signs and self._faults.draw(BadSignature, delivery.event.type) is not None
        attempt = await post.attempt(delivery.event, spoil=spoil)
        delivery.attempts.append(attempt)
        over = outcome(delivery.attempts, retries=len(self._rules.retry_delays_s))
        if self._lanes.get(name) is not lane:
            return  # Everything was forgotten meanwhile.
        if over is None:
            self._schedule(name, self._rules.retry_delays_s[len(delivery.attempts) - 1])
        else:
            self._advance(name, lane, over)

    def _advance(self, name: str, lane: deque[Delivery], over: DeliveryState) -> None:
        self.deliveries.end(lane.popleft(), over)
        if lane:
            self._schedule(name, lane[0].delay_s)
        else:
            del self._lanes[name]

    def forget(self) -> None:
        """
        Drop everything, sent or not; what is under way is not stopped.
        """
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._lanes.clear()
        self.deliveries.forget()


def outcome(attempts: Sequence[SendAttempt], *, retries: int) -> DeliveryState | None:
    """
    Say how a delivery has ended after its attempts, None if it is to be tried again.
    """
    if attempts[-1].succeeded:
        return DeliveryState.DELIVERED
    return DeliveryState.GIVEN_UP if len(attempts) > retries else None
