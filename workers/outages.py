"""
How rq's own commands meet a Redis that cannot be written: again until they succeed.

rq ends its worker on the first error. Its commands may be sent twice without harm: they hold nothing of an order, and a
shift that is lost or doubled between two of them is made good by the relay.
"""

import threading
from collections.abc import Callable
from typing import Any, Self, TypeVar

import redis
import structlog
from redis.backoff import EqualJitterBackoff
from redis.exceptions import OutOfMemoryError, ReadOnlyError, ResponseError
from redis.retry import Retry
from rq.exceptions import StopRequested

log = structlog.get_logger()

T = TypeVar("T")

#: How long rq waits for a Redis that does not answer or takes no writes, in seconds: at first and at most.
FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 2.0
#: What passes when Redis is back, a replica has become the primary, or memory has been freed.
OUTAGES = (redis.ConnectionError, redis.TimeoutError, ReadOnlyError, OutOfMemoryError)
#: The same where redis-py has no class for it, or where it ended a transaction, whose error names it further on.
OUTAGE_WORDS = frozenset({"READONLY", "UNBLOCKED", "NOREPLICAS", "MASTERDOWN", "LOADING", "OOM", "MISCONF"})


def is_outage(error: Exception) -> bool:
    """Return whether an error of Redis passes without anything being changed here."""
    return isinstance(error, OUTAGES) or not OUTAGE_WORDS.isdisjoint(str(error).split())


class _Waits(EqualJitterBackoff):
    """The waits of one outage; its beginning is logged."""

    def compute(self, failures: int) -> float:
        if failures == 1:
            log.warning("worker.waits_for_redis", longest_wait_s=LONGEST_WAIT_S)
        return super().compute(failures)


class Patience(Retry):
    """redis-py's Retry without an end, until `end`; one object for all connections of a worker."""

    def __init__(self) -> None:
        waits = _Waits(cap=LONGEST_WAIT_S, base=FIRST_WAIT_S)
        super().__init__(waits, retries=-1, supported_errors=(*OUTAGES, ResponseError))
        #: Called after each command that was refused because Redis is full: rq can do nothing then, our scripts can.
        self.while_full: Callable[[], None] = lambda: None
        #: Called before each wait.
        self.while_away: Callable[[], None] = lambda: None
        self._over = False

    def __deepcopy__(self, _: object) -> Self:
        return self  # redis-py copies it for each connection; all are to hear of the end

    def end(self) -> None:
        """Wait no longer: a worker that must go stops at the next refusal."""
        self._over = True

    def call_with_retry(self, do: Callable[[], T], fail: Callable[..., Any], *_: object, **options: Any) -> T:
        options["is_retryable"] = is_outage
        return super().call_with_retry(lambda: self._try(do), fail, **options)

    def _try(self, do: Callable[[], T]) -> T:
        try:
            return do()
        except (*OUTAGES, ResponseError) as error:
            if is_outage(error) and threading.current_thread() is threading.main_thread():
                self._meanwhile(error)
            raise

    def _meanwhile(self, error: Exception) -> None:
        """Stop or work, but not in the thread in which rq listens to its commands."""
        if self._over:
            raise StopRequested from error
        self.while_away()
        if isinstance(error, OutOfMemoryError) or "OOM" in str(error).split():
            self.while_full()
