"""
The nemesis: takes faults from a deck, strikes, mends, and notes each by kind and time.

The deck says which fault comes when and what it draws; the blows are spread evenly over the time of the run. A target has
one fault at a time: one whose turn finds it busy, or finds nobody to strike, waits for the next.
"""

import heapq
import json
import random
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from tests.support.waiting import until

from .deck import Card, Fault, shuffled
from .faults import END_S, Blow
from .fleet import Fleet


@dataclass(frozen=True, slots=True, kw_only=True)
class Struck:
    """A fault that struck."""

    kind: str
    #: Milliseconds since 1970.
    at: int


@dataclass(slots=True, kw_only=True)
class Nemesis:
    """Breaks a fleet until its deck is used up; `turn` is to be called again and again."""

    fleet: Fleet
    faults: Sequence[Fault]
    chance: random.Random
    #: Over how long the blows are spread.
    seconds: float
    #: Shuffle the deck again when it is used up; then `mend` is its only end.
    again: bool = False
    log: list[Struck] = field(default_factory=list)
    _deck: list[Card] = field(init=False)
    _busy: set[str] = field(default_factory=set)
    _open: list[tuple[float, int, str, Blow]] = field(default_factory=list)
    _drawn: int = 0
    _next: float = 0.0
    _pace: float = 0.0

    def __post_init__(self) -> None:
        self._deck = shuffled(self.faults, self.chance)
        self._pace = self.seconds / max(1, len(self._deck))
        self._next = time.monotonic()

    @property
    def done(self) -> bool:
        return not self._deck and not self._open

    def counts(self) -> Counter[str]:
        """Return how often each kind struck."""
        return Counter(struck.kind for struck in self.log)

    def turn(self) -> bool:
        """Mend what is due, strike what is due; to be called many times a second."""
        self._resume()
        if self.again and not self._deck:
            self._deck = shuffled(self.faults, self.chance)
        now = time.monotonic()
        if self._deck and now >= self._next:
            # From now, not from when it was due: a machine that falls behind is not to be given all at once.
            self._next = now + self._pace * self._strike()
        return True

    def mend(self) -> None:
        """Strike no more and let every fault come to its end, in its own time."""
        self.again = False
        self._deck.clear()
        until(lambda: self.turn() and self.done, within_s=END_S + 10, what="every fault is mended")

    def _strike(self) -> float:
        """Strike with the first card that finds its target; return the gap behind it, as a share of the mean."""
        for place, card in enumerate(self._deck):
            if card.fault.target not in self._busy and self._begins(card):
                del self._deck[place]
                return card.gap
        return 1.0

    def _begins(self, card: Card) -> bool:
        blow = card.fault.strike(self.fleet, random.Random(card.seed))
        at = int(time.time() * 1000)
        if not self._advance(card.fault.target, blow):
            return False
        self.log.append(Struck(kind=card.fault.kind, at=at))
        # For whoever looks into a failure.
        with (self.fleet.system.folder / "nemesis.jsonl").open("a") as file:
            print(json.dumps([at, card.fault.kind, card.fault.target]), file=file)
        return True

    def _resume(self) -> None:
        while self._open and self._open[0][0] <= time.monotonic():
            _, _, target, blow = heapq.heappop(self._open)
            self._busy.discard(target)
            self._advance(target, blow)

    def _advance(self, target: str, blow: Blow) -> bool:
        """Let a fault take its next step; return whether it has one more."""
        wait_s = next(blow, None)
        if wait_s is None:
            return False
        self._drawn += 1
        self._busy.add(target)
        heapq.heappush(self._open, (time.monotonic() + wait_s, self._drawn, target, blow))
        return True
