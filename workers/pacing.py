"""
How many events a replay may put before the workers now, so that live events hardly notice. Pure; time is an argument.

A window on what the replay has open: it grows while no lane waits, and halves while one does. So a replay takes what
live traffic leaves, however fast the workers and the API behind them are.
"""

from dataclasses import dataclass

#: Events that a replay begins with, and never falls below.
FIRST = 10
LEAST = 1
#: Most that are open at once where nothing else is asked for.
CEILING = 500
#: A lane that has been due for longer says that the workers have more than they can take.
LATE_MS = 200
#: By how much the window grows from one look to the next while it is used.
GROWTH = 1.25
#: How much of a rate may be saved up, in seconds.
SAVED_S = 0.2


@dataclass(slots=True, kw_only=True)
class Pace:
    """
    The pace of one replay.

    Args:
        ceiling: Most events that are open at once; 0 for no limit, and no look at lanes that wait either.
        rate: Most events a second; 0 for no limit.
    """

    ceiling: int = CEILING
    rate: float = 0.0
    _size: float = FIRST
    _saved: float = 1.0
    _looked_at: float | None = None
    #: What the last look allowed was taken whole, so there is more to move than the window lets through.
    _filled: bool = False
    _room: int | None = 0

    def room(self, *, opened: int, overdue_ms: int, now_s: float) -> int | None:
        """
        Return how many events may be moved now, None for any number.

        Args:
            opened: How many of those that were moved are still open.
            overdue_ms: How long the lane that waits longest has been due, in milliseconds.
            now_s: Seconds of a clock that only goes forward.
        """
        allowed = self._allowed(now_s)
        if self.ceiling:
            window = self._window(opened, overdue_ms)
            allowed = window if allowed is None else min(window, allowed)
        self._room = allowed
        return allowed

    def used(self, moved: int) -> None:
        """Note how many were moved."""
        self._saved -= moved
        self._filled = moved == self._room

    def _window(self, opened: int, overdue_ms: int) -> int:
        if overdue_ms > LATE_MS:
            self._size = max(LEAST, self._size / 2)
            return 0
        if self._filled:
            self._size = min(self.ceiling, self._size * GROWTH + 1)
        return max(0, min(self.ceiling, int(self._size)) - opened)

    def _allowed(self, now_s: float) -> int | None:
        if not self.rate:
            return None
        passed_s = 0.0 if self._looked_at is None else now_s - self._looked_at
        self._looked_at = now_s
        self._saved = min(self._saved + passed_s * self.rate, max(2.0, self.rate * SAVED_S))
        return max(0, int(self._saved))
