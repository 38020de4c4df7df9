"""A token bucket in memory: how many deliveries a second one receiver process takes, or leaves traces of."""

from dataclasses import dataclass, field


@dataclass(slots=True)
class Bucket:
    """Lets *rate* a second through, and up to *burst* at once: two seconds' worth unless it is said."""

    rate: float
    burst: float = 0.0
    _tokens: float = field(init=False)
    _at: float = field(init=False, default=0.0)

    def __post_init__(self) -> None:
        self._tokens = self._capacity

    @property
    def _capacity(self) -> float:
        return self.burst or max(1.0, 2 * self.rate)

    def take(self, now: float) -> bool:
        """Take one token, if there is one. *now*: seconds of a clock that does not jump."""
        self._tokens = min(self._capacity, self._tokens + (now - self._at) * self.rate)
        self._at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
