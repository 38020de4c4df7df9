"""
From what was typed to the inbox's own filter.
"""

from receiver.inbox import Filter
from receiver.lifecycle import Status

from . import moments
from .errors import Misuse
from .wish import Wish


def filter_of(wish: Wish, *, now: int) -> Filter:
    """
    Return the filter; relative times are frozen at *now* (milliseconds), and what comes later is left out.

    Raises:
        Misuse: A time or a status cannot be read.

    """
    return Filter(
        source=wish.source,
        type=wish.type,
        subject=wish.subject,
        status=_status(wish.status),
        since=time_of(wish.since, now, default=0),
        until=time_of(wish.until, now, default=now + 1),
    )


def _status(text: str) -> Status | None:
    try:
        return Status(text) if text else None
    except ValueError:
        raise Misuse(f"{text!r} is no status; expected {', '.join(Status)}") from None


def time_of(text: str, now: int, *, default: int) -> int:
    """
    Return the time that was typed, in milliseconds, or the default where none was.

    Raises:
        Misuse: It cannot be read.

    """
    try:
        return moments.resolve(text, now_ms=now) if text else default
    except ValueError as error:
        raise Misuse(str(error)) from error
