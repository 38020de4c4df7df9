"""
Several secrets at once: which of them is in force, and which one a delivery is credited to.

Every secret is tried on every delivery, in force or not. The time taken then tells nothing, and the log can
say that a signature is right but its secret's time is over.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from math import inf

from .verdict import invalid


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """
    When a secret is in force: from *not_before* on, and until just before *not_after*, in seconds since 1970.
    """

    not_before: float
    not_after: float

    @classmethod
    def of(cls, not_before: datetime | None, not_after: datetime | None) -> "Window":
        return cls(
            not_before=not_before.timestamp() if not_before else -inf,
            not_after=not_after.timestamp() if not_after else inf,
        )

    def holds(self, now: float) -> bool:
        return self.not_before <= now < self.not_after


def credited(matched: Sequence[int], windows: Sequence[Window], *, now: float) -> int:
    """
    Return the first of the *matched* secrets that is in force; refuse the delivery if there is none.
    """
    for index in matched:
        window = windows[index]
        if window.not_before <= now < window.not_after:
            return index
    raise invalid(_why(matched, windows, now=now))


def _why(matched: Sequence[int], windows: Sequence[Window], *, now: float) -> str:
    if not matched:
        return f"none of the {len(windows)} secrets made it"
    index = matched[0]
    window = windows[index]
    verb, limit = ("begins", window.not_before) if now < window.not_before else ("ended", window.not_after)
    return f"secrets[{index}] made it, but {verb} at {datetime.fromtimestamp(limit, UTC):%Y-%m-%dT%H:%M:%SZ}"
