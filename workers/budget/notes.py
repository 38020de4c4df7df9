"""
What this process has met at one API and not yet told the budget. Pure: it counts and merges.
"""

from dataclasses import dataclass

from ..api.limits import Window


@dataclass(slots=True, kw_only=True)
class Notes:
    """Outcomes since the last telling; *window* is the last that the API advertised, its reset by the loop's clock."""

    answered: int = 0
    failed: int = 0
    words: str = ""
    limited: int = 0
    wait_s: float | None = None
    refused: int = 0
    probe: str = ""
    window: Window | None = None

    def __bool__(self) -> bool:
        return bool(self.answered or self.failed or self.limited or self.refused)

    def limit(self, wait_s: float | None) -> None:
        """Count a 429; of several waits the longest counts."""
        self.limited += 1
        if wait_s is not None:
            self.wait_s = max(wait_s, self.wait_s or 0.0)

    def advertise(self, window: Window) -> None:
        """Take a window: a later one replaces an earlier, and of one window the lowest count holds."""
        known = self.window
        if known is None or window.reset_s > known.reset_s + SAME_WINDOW_S:
            self.window = window
            return
        is_same = window.reset_s >= known.reset_s - SAME_WINDOW_S
        self.window = window if is_same and window.remaining < known.remaining else known


#: Resets that are nearer to each other than this, in seconds, are one: they are told in whole seconds.
SAME_WINDOW_S = 1.5
