"""
Which events an operator means: filters as they are typed, read into the inbox's own.
"""

from dataclasses import dataclass

from receiver.inbox import Filter
from receiver.lifecycle import Status

from . import moments
from .errors import Misuse


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """
    Which events are wanted, as it was typed; an empty field wants all.
    """

    source: str = ""
    type: str = ""
    subject: str = ""
    status: str = ""
    since: str = ""
    until: str = ""

    def filter(self, *, now: int) -> Filter:
        """
        Return it as the inbox takes it; relative times are frozen at *now*, and what comes later is left out.

        Raises:
            Misuse: A time or a status cannot be read.

        """
        return Filter(
            source=self.source,
            type=self.type,
            subject=self.subject,
            status=_status(self.status),
            since=_time(self.since, now, default=0),
            until=_time(self.until, now, default=now + 1),
        )


def _status(text: str) -> Status | None:
    try:
        return Status(text) if text else None
    except ValueError:
        raise Misuse(f"{text!r} is no status; expected {', '.join(Status)}") from None


def _time(text: str, now: int, *, default: int) -> int:
    try:
        return moments.resolve(text, now_ms=now) if text else default
    except ValueError as error:
        raise Misuse(str(error)) from error
