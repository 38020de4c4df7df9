"""
What an answer says of limits: how long to wait, and how much of the API's window is left.

Pure: headers and the time go in. None of these headers is documented for the Installer API; the Dispatch API documents
the names X-RateLimit-Limit, -Remaining and -Reset. So what cannot be read counts as not sent.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from ..retry import RETRY_AFTER_CAP_S, parse_retry_after

#: A reset at or past this is a Unix time, below it a number of seconds. Its unit is documented nowhere; ours.
_EPOCH_FROM = 1_000_000_000
_NUMBER = re.compile(r"\s*([0-9]{1,12})(?:\.[0-9]{1,9})?\s*(?:[,;].*)?", re.ASCII)
#: `Date` has whole seconds, so clocks that are nearer to each other than this may be one.
_SAME_CLOCK_S = 2.0
_LONGEST_DATE = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """So many calls until the reset, of which so many are left; *reset_s* counts from now."""

    limit: int
    remaining: int
    reset_s: float


def window_of(headers: Mapping[str, str], *, now: datetime) -> Window | None:
    """Return what X-RateLimit-* say, if they say how much is left and until when."""
    remaining = _number(headers, "X-RateLimit-Remaining")
    reset_s = _reset_s(headers, now)
    if remaining is None or reset_s is None:
        return None
    limit = _number(headers, "X-RateLimit-Limit")
    return Window(limit=max(limit or 0, remaining), remaining=remaining, reset_s=reset_s)


def retry_after(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds that Retry-After asks for, None where it says nothing that can be read."""
    value = headers.get("Retry-After")
    return None if value is None else parse_retry_after(value, now=_their_time(headers, now))


def asked_wait(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the wait that a 429 asks for: Retry-After where it can be read, else X-RateLimit-Reset."""
    wait_s = retry_after(headers, now=now)
    return _reset_s(headers, now) if wait_s is None else wait_s


def _reset_s(headers: Mapping[str, str], now: datetime) -> float | None:
    reset = _number(headers, "X-RateLimit-Reset")
    if reset is None:
        return None
    seconds = reset - (_their_time(headers, now).timestamp() if reset >= _EPOCH_FROM else 0.0)
    return min(max(seconds, 0.0), RETRY_AFTER_CAP_S)


def _number(headers: Mapping[str, str], name: str) -> int | None:
    found = _NUMBER.fullmatch(headers.get(name, "")[:_LONGEST_DATE])
    return int(found[1]) if found else None


def _their_time(headers: Mapping[str, str], now: datetime) -> datetime:
    """
    Return the time that the API's absolute times are to be measured against.

    That is ours, which is finer than `Date`, unless the two clocks plainly differ: then a time that the API names is
    far from what it means by ours, and its own says how far.
    """
    text = headers.get("Date", "")[:_LONGEST_DATE]
    try:
        theirs = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return now
    theirs = theirs if theirs.tzinfo else theirs.replace(tzinfo=UTC)
    return now if abs((theirs - now).total_seconds()) < _SAME_CLOCK_S else theirs
