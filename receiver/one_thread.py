"""
A thread for calls that wait for something else than the event loop, made one after the other in the order of asking.

Not an executor of the standard library: its threads are waited for when the process ends, and a disk may hang for ever.
"""

import asyncio
import contextlib
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import TypeVar

T = TypeVar("T")


class OneThread:
    """One thread, started with the first call; `end` it. Belongs to one event loop."""

    def __init__(self, name: str) -> None:
        self._thread = Thread(target=self._run, name=name, daemon=True)
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    async def call(self, function: Callable[..., T], *arguments: object) -> T:
        """Return what *function* returns there; whoever stops waiting for it does not stop it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def made() -> None:
            try:
                result = function(*arguments)
            except BaseException as error:  # noqa: BLE001 - whatever it is, it is for the one who waits
                _tell(loop, _fail, future, error)
            else:
                _tell(loop, _succeed, future, result)

        self._calls.put(made)
        if self._thread.ident is None:
            self._thread.start()
        return await future

    def end(self) -> None:
        """Make the calls that were asked for, and no more; nobody waits for them."""
        self._calls.put(None)

    def _run(self) -> None:
        while (call := self._calls.get()) is not None:
            call()


def _tell(loop: asyncio.AbstractEventLoop, function: Callable[..., None], *arguments: object) -> None:
    with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever waited
        loop.call_soon_threadsafe(function, *arguments)


def _succeed(future: "asyncio.Future[T]", result: T) -> None:
    if not future.done():
        future.set_result(result)


def _fail(future: "asyncio.Future[T]", error: BaseException) -> None:
    if not future.done():
        future.set_exception(error)
