"""
What is left in its lane for a newer orderhook, and how that is said: each kind once in a shift, or a log would be full.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

import structlog

from receiver.record import NEWEST

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Unreadable:
    """An event whose record this version cannot read; *version* and *status* as they stand there."""

    event_key: str
    version: str
    status: str


@dataclass(slots=True)
class Notices:
    """What a shift has said already."""

    said: set[tuple[str, str]] = field(default_factory=set)

    def say(self, left: Iterable[Unreadable]) -> None:
        """Log the first event of each version and status."""
        for one in left:
            kind = (one.version, one.status)
            if kind not in self.said:
                self.said.add(kind)
                log.warning(
                    "shift.record_unreadable",
                    key=one.event_key,
                    version=one.version,
                    status=one.status,
                    newest=NEWEST,
                    detail="a newer orderhook wrote it; its lane waits for a worker that is as new",
                )
