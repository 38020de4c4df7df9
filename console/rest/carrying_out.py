"""
From a call that was read to its answer: the handler, what its errors mean, and the trail of changes. Blocking.
"""

from collections.abc import Callable
from http import HTTPStatus
from typing import Any

import redis
import structlog

from receiver.config import ConfigError

from ..errors import ConsoleError, Failed, Misuse, NotFound
from ..trail import Outcome, Trail
from .operation import Call, Operation
from .refusals import STATUSES, ApiError, ErrorCode

log = structlog.get_logger()

#: The errors of commands, whose code handlers share with the command line, as a caller is told of them.
_CODES: dict[type[ConsoleError], ErrorCode] = {
    NotFound: ErrorCode.NOT_FOUND,
    Misuse: ErrorCode.VALIDATION_FAILED,
    Failed: ErrorCode.CONFLICT,
}
#: What Redis answers, beside being gone, where it is no fault of ours.
_REFUSALS_OF_REDIS = (
    redis.ConnectionError,
    redis.TimeoutError,
    redis.BusyLoadingError,
    redis.ReadOnlyError,
    redis.OutOfMemoryError,
)


def carry_out(operation: Operation, call: Call[Any, Any, Any]) -> object:
    """
    Return what the handler returns, and note a change before and after.

    Raises:
        ApiError: The call is refused, or failed.

    """
    if not operation.changing:
        return translated(lambda: operation.handler(call))
    trail = Trail(call.client)
    entry = translated(lambda: _begin(trail, operation, call))
    try:
        found = translated(lambda: operation.handler(call))
    except ApiError as error:
        status = int(STATUSES[error.code])
        outcome = Outcome.FAILED if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Outcome.REFUSED
        _end(trail, entry, outcome, status, call)
        raise
    _end(trail, entry, Outcome.DONE, operation.status, call)
    return found


def translated(work: Callable[[], Any]) -> Any:
    """
    Do the work; whatever goes wrong becomes what a caller is told of it.

    Raises:
        ApiError: It went wrong.

    """
    try:
        return work()
    except ApiError:
        raise
    except ConsoleError as error:
        raise ApiError(_CODES.get(type(error), ErrorCode.STORE_UNAVAILABLE), str(error)) from error
    except _REFUSALS_OF_REDIS as error:
        log.error("console.redis_unavailable", error=str(error) or type(error).__name__)
        raise ApiError(ErrorCode.STORE_UNAVAILABLE, "Redis does not answer, or takes no writes") from error
    except ConfigError as error:
        log.error("console.configuration_broken", error=str(error))
        message = "the configuration of the console cannot be used; its log says why"
        raise ApiError(ErrorCode.CONFIGURATION_ERROR, message) from error
    except Exception as error:  # the edge of every handler: a bug must not end in a broken connection
        log.error("console.bug", exc_info=error)
        raise ApiError(ErrorCode.INTERNAL, "a fault of ours; the log has it under the request id") from error


def _begin(trail: Trail, operation: Operation, call: Call[Any, Any, Any]) -> str:
    path = operation.path.format(**call.path.model_dump(by_alias=True, mode="json"))
    return trail.begin(
        at=call.now(),
        by=call.caller.name,
        what=operation.name,
        path=path,
        why=call.why,
        request=call.request_id,
    )


def _end(trail: Trail, entry: str, outcome: Outcome, status: int, call: Call[Any, Any, Any]) -> None:
    try:
        trail.end(entry, outcome, status=status, facts=call.facts)
    except redis.RedisError as error:
        # The change was made: to refuse it now would be a lie. The entry says `begun`.
        log.error("console.trail_broken", entry=entry, outcome=outcome, error=str(error))
