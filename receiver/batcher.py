"""
Items that arrive while a round trip is under way go together in the next one.

The one idea behind the receiver's group commit and the workers' ledger writes; knows nothing of what an item is.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

from .ending import ended

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class Batcher(Generic[Item, Answer]):
    """Sends items in batches, a few batches in flight; build it inside a running loop and `close` it."""

    def __init__(
        self,
        send: Callable[[Sequence[Item], float], Awaitable[Sequence[Answer]]],
        *,
        max_items: int,
        weigh: Callable[[Item], int] = lambda _: 1,
        max_weight: int = 1 << 62,
        in_flight: int = 1,
    ) -> None:
        """
        Args:
            send: Takes a batch and the loop time at which its oldest item came; returns one answer per item, in order.
                What it raises is raised by the future of every item of the batch.
            max_items: Most items of one batch.
            weigh: What an item adds to the weight of a batch; a batch is closed once it reaches *max_weight*.
            in_flight: Most batches under way at once; with more than one, batches may overtake each other.
        """
        self._send = send
        self._max_items = max_items
        self._weigh = weigh
        self._max_weight = max_weight
        self._waiting: deque[tuple[Item, asyncio.Future[Answer], float]] = deque()
        self._arrived = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._senders = [self._loop.create_task(self._send_forever()) for _ in range(in_flight)]

    def __len__(self) -> int:
        """Return how many items wait for their batch."""
        return len(self._waiting)

    def put(self, item: Item) -> "asyncio.Future[Answer]":
        """Return a future of the answer to *item*."""
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._waiting.append((item, future, self._loop.time()))
        self._arrived.set()
        return future

    def fail_waiting(self, error: Exception) -> None:
        """Give up on all that waits: `send` calls this where the next batch would fail like this one."""
        waiting = list(self._waiting)
        self._waiting.clear()
        for _, future, _ in waiting:
            _fail(future, error)

    async def close(self) -> None:
        """Stop sending; what still waits is cancelled."""
        await ended(self._senders)
        for _, future, _ in self._waiting:
            future.cancel()

    async def _send_forever(self) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            while self._waiting:
                await self._send_batch(self._take())

    def _take(self) -> list[tuple[Item, "asyncio.Future[Answer]", float]]:
        batch: list[tuple[Item, asyncio.Future[Answer], float]] = []
        weight = 0
        while self._waiting and len(batch) < self._max_items and weight < self._max_weight:
            batch.append(self._waiting.popleft())
            weight += self._weigh(batch[-1][0])
        return batch

    async def _send_batch(self, batch: Sequence[tuple[Item, "asyncio.Future[Answer]", float]]) -> None:
        try:
            answers = await self._send([item for item, _, _ in batch], batch[0][2])
            pairs = list(zip(batch, answers, strict=True))
        except asyncio.CancelledError:
            for _, future, _ in batch:
                future.cancel()
            raise
        except Exception as error:  # noqa: BLE001 - whatever it is, those who wait for it are to be told
            for _, future, _ in batch:
                _fail(future, error)
        else:
            for (_, future, _), answer in pairs:
                if not future.done():  # the one who waited may have gone away
                    future.set_result(answer)


def _fail(future: "asyncio.Future[Answer]", error: Exception) -> None:
    if not future.done():
        future.set_exception(error)
        future.exception()  # marks it as seen: the one who waited may have gone away
