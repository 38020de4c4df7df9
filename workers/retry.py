"""
The retry policy: a failure, an attempt, an age and a chance go in; a wait or a reason to give up comes out.

Decides only: `decide()` returns a value that the caller carries out. Knows no clock, no dice and no Redis.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import TypeAlias

from .failures import BadResponse, Failure, Reason, Transient, Unauthorized

#: No Retry-After keeps an event longer than this: an API that says "tomorrow" is asked again in an hour.
RETRY_AFTER_CAP_S = 3_600.0
#: What is added to Retry-After at most, as a share of it, so that a crowd does not come back in one instant.
RETRY_AFTER_SPREAD = 0.1
#: An answer that is not the API's own is seldom healed by time.
BAD_RESPONSE_ATTEMPTS = 3
#: Waits of failures that use no attempt: their attempt number stands still, so a backoff would never grow.
UNAUTHORIZED_WAIT_S = 60.0
BUSY_WAIT_S = 10.0  # rate limit without Retry-After, open circuit

# From here on every doubling is over any cap; 2.0 ** 1024 would overflow.
_MAX_DOUBLINGS = 64
_SECONDS = re.compile(r"[0-9]{1,10}(?:\.[0-9]{1,6})?", re.ASCII)
_LONGEST_DATE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How long and how often: delays double from `base_s` to `cap_s`; attempts and age are bounded."""

    base_s: float = 1.0
    cap_s: float = 300.0
    max_attempts: int = 8
    max_age_s: float = 86_400.0


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """Attempt the event again after `wait_s` seconds; `counts` says whether the failed attempt is used up."""

    wait_s: float
    counts: bool = True


@dataclass(frozen=True, slots=True)
class GiveUp:
    """No further attempt: the event is dead, for this reason."""

    reason: str


Decision: TypeAlias = RetryAfter | GiveUp


def decide(failure: Failure, *, attempt: int, age_s: float, policy: RetryPolicy, chance: float) -> Decision:
    """
    Return the wait before the next attempt, or the reason to give up.

    With the default policy the waits are up to 1, 2, 4, 8, 16, 32 and 64 s.

    Args:
        failure: What went wrong; only a Transient is ever retried.
        attempt: The attempt that just failed, counted from 1.
        age_s: Seconds since the event was accepted or last replayed; from the acceptance alone, the replay of
            an old event would have a single attempt.
        policy: Delays in seconds; the cap applies before Retry-After.
        chance: A uniform random number in [0, 1).

    Source: "Exponential backoff and jitter", AWS Architecture Blog, 2015: full jitter.
    """
    reason = _reason_to_give_up(failure, attempt=attempt, age_s=age_s, policy=policy)
    if reason is not None:
        return GiveUp(reason)
    if isinstance(failure, Transient) and failure.punctual and failure.retry_after_s is not None:
        return RetryAfter(failure.retry_after_s, counts=failure.uses_attempt)
    asked_s = _asked_wait(failure, chance)
    if asked_s and not failure.uses_attempt:
        return RetryAfter(asked_s, counts=False)  # the API knows better than our guess when it is free again
    return RetryAfter(max(_own_wait(failure, attempt, policy, chance), asked_s), counts=failure.uses_attempt)


def _reason_to_give_up(failure: Failure, *, attempt: int, age_s: float, policy: RetryPolicy) -> str | None:
    if not isinstance(failure, Transient):
        return failure.reason
    if age_s >= policy.max_age_s and (failure.uses_attempt or failure.ages):
        return Reason.TOO_OLD
    if not failure.uses_attempt:
        return None  # it is the API that is in trouble: however long that takes, the event has done nothing wrong
    if isinstance(failure, BadResponse) and attempt >= BAD_RESPONSE_ATTEMPTS:
        return failure.reason
    if attempt >= policy.max_attempts:
        return Reason.ATTEMPTS_EXHAUSTED
    return None


def _own_wait(failure: Failure, attempt: int, policy: RetryPolicy, chance: float) -> float:
    if failure.uses_attempt:
        return chance * min(policy.cap_s, policy.base_s * 2.0 ** min(attempt - 1, _MAX_DOUBLINGS))
    longest = UNAUTHORIZED_WAIT_S if isinstance(failure, Unauthorized) else BUSY_WAIT_S
    # Half of it is certain: these may repeat for hours, and full jitter comes close to no wait at all.
    return min(policy.cap_s, longest) * (1 + chance) / 2


def _asked_wait(failure: Failure, chance: float) -> float:
    asked_s = failure.retry_after_s if isinstance(failure, Transient) else None
    if asked_s is None or not asked_s > 0:  # "not >" also turns away NaN
        return 0.0
    return min(asked_s, RETRY_AFTER_CAP_S) * (1 + RETRY_AFTER_SPREAD * chance)


def parse_retry_after(value: str, *, now: datetime) -> float | None:
    """
    Return the seconds that a Retry-After header asks for, from 0 to an hour; None where it cannot be read.

    Args:
        value: Seconds or an HTTP date; total, since the other side writes it.
        now: Aware; what an HTTP date is measured against.

    Source: RFC 9110, 10.2.3. A fraction of a second is not in it, but is sent and has one meaning only.
    """
    text = value.strip()
    if _SECONDS.fullmatch(text):
        return min(float(text), RETRY_AFTER_CAP_S)
    date = _http_date(text)
    return None if date is None else min(max((date - now).total_seconds(), 0.0), RETRY_AFTER_CAP_S)


def _http_date(text: str) -> datetime | None:
    if len(text) > _LONGEST_DATE:
        return None
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # a year of eleven digits is an OverflowError
        return None
    return date if date.tzinfo else date.replace(tzinfo=UTC)
