"""rq's commands wait an outage out, and while Redis is full the worker works in between."""

import copy

import pytest
import redis
from redis.exceptions import OutOfMemoryError
from rq.exceptions import StopRequested

from workers.outages import Patience


class _Command:
    """Fails in turn with each of *errors*, then answers."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)

    def __call__(self) -> str:
        if self.errors:
            raise self.errors.pop(0)
        return "answer"


def nothing(_: Exception) -> None:
    """Do what redis-py does with a connection between two tries."""


def test_a_command_is_tried_until_it_succeeds():
    """rq would end its worker on the first error."""
    command = _Command(redis.ConnectionError("gone"), redis.TimeoutError("silent"))

    assert "answer" == Patience().call_with_retry(command, nothing)


def test_an_error_that_is_no_outage_is_raised():
    """A bug must not look like a Redis that is away."""
    with pytest.raises(redis.ResponseError):
        Patience().call_with_retry(_Command(redis.ResponseError("WRONGTYPE")), nothing)


@pytest.mark.parametrize(
    "says",
    [
        "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)",
        "Transaction discarded because of: READONLY You can't write against a read only replica.",
        "NOREPLICAS Not enough good replicas to write.",
        "MISCONF Errors writing to the AOF file: No space left on device",
    ],
)
def test_what_a_failover_or_a_full_disk_says_is_an_outage(says):
    """redis-py has no class of its own for these; whoever waits for a job is told the first when its primary goes."""
    assert "answer" == Patience().call_with_retry(_Command(redis.ResponseError(says)), nothing)


def test_while_redis_is_full_the_worker_works_in_between():
    """Waiting alone would wait for ever: it is the work that frees memory."""
    patience, shifts = Patience(), []
    patience.while_full = lambda: shifts.append(1)

    patience.call_with_retry(_Command(OutOfMemoryError("full"), OutOfMemoryError("full")), nothing)

    assert [1, 1] == shifts


def test_a_redis_that_is_away_is_not_worked_with():
    """A shift would only wait, too."""
    patience, shifts = Patience(), []
    patience.while_full = lambda: shifts.append(1)

    patience.call_with_retry(_Command(redis.ConnectionError("gone")), nothing)

    assert [] == shifts


def test_each_wait_is_an_occasion_to_look_around():
    """A shift whose worker is gone leaves then."""
    patience, looks = Patience(), []
    patience.while_away = lambda: looks.append(1)

    patience.call_with_retry(_Command(redis.ConnectionError("gone"), redis.TimeoutError("late")), nothing)

    assert [1, 1] == looks


def test_who_must_stop_waits_no_longer():
    """A deploy during an outage ends in time; redis-py's copies for each connection hear of it, too."""
    patience = Patience()
    copied = copy.deepcopy(patience)
    patience.end()

    with pytest.raises(StopRequested):
        copied.call_with_retry(_Command(redis.ConnectionError("gone")), nothing)
