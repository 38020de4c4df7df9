"""
Orders and shipments that move on by themselves, one step each so many seconds, up to their end.
"""

import asyncio
from collections.abc import Callable

#: Moves an order one step; says whether another step follows.
Step = Callable[[str], bool]


class AutoAdvance:
    """
    The timers of orders that move on by themselves.
    """

    def __init__(self, *, wait_s: float | None, step: Step) -> None:
        self._wait_s = wait_s
        self._step = step
        self._timers: dict[str, asyncio.TimerHandle] = {}

    def begin(self, order_id: str) -> None:
        """
        Let an order move on; one that does so already is left alone.
        """
        if self._wait_s is None or order_id in self._timers:
            return
        loop = asyncio.get_running_loop()
        self._timers[order_id] = loop.call_later(self._wait_s, self._fire, order_id)

    def _fire(self, order_id: str) -> None:
        del self._timers[order_id]
        if self._step(order_id):
            self.begin(order_id)

    def forget(self) -> None:
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
