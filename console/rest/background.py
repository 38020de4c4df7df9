"""
Work that goes on behind the answer, in threads: so many at once, and told to end when the process stops.
"""

import threading
from collections.abc import Callable

import structlog

from .refusals import ApiError, ErrorCode

log = structlog.get_logger()

#: What is to be done until it is done, or until the event is set.
Work = Callable[[threading.Event], None]


class Background:
    """
    The work of one process.
    """

    def __init__(self, *, most: int = 4) -> None:
        self._most = most
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def check_room(self) -> None:
        """
        Return if one more can be begun.

        Raises:
            ApiError: So many are under way already.

        """
        self._threads = [thread for thread in self._threads if thread.is_alive()]
        if len(self._threads) >= self._most:
            message = f"{self._most} are carried out by this process already; wait for one to end"
            raise ApiError(ErrorCode.CONFLICT, message)

    def begin(self, name: str, work: Work) -> None:
        """
        Begin it, and return at once.
        """
        thread = threading.Thread(target=self._carried_out, args=(name, work), name=name, daemon=True)
        self._threads.append(thread)
        thread.start()

    def close(self, *, within_s: float = 5.0) -> None:
        """
        Tell all to end, and wait for them.
        """
        self._stopping.set()
        for thread in self._threads:
            thread.join(within_s)

    def _carried_out(self, name: str, work: Work) -> None:
        try:
            work(self._stopping)
        except Exception as error:  # the edge of a thread: nobody else would hear of it
            log.error("console.background_failed", work=name, exc_info=error)
