"""
The checker: what a sender saw acknowledged against what the other side saw happen. Set arithmetic, nothing else.

Takes values and returns a verdict; knows neither Redis nor our own status. The dead letters are given to it as what an
operator would be shown.
"""

import bisect
import statistics
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from .life import Stage


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """An event that was acknowledged."""

    id: str
    order: str
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """One line of the other side's log; logs are told apart, since only within one the order is sure."""

    log: str
    order: str
    #: The number of the event that it belongs to.
    number: int
    name: str
    #: Where the target honours keys by itself, or logs only what it has done, this is None.
    key: str | None
    #: Milliseconds since 1970, by the machine's clock.
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What the logs say; empty lists are what we want."""

    acked: int
    lost: list[str]
    duplicate: list[str]
    inverted: list[str]
    #: Effects that came again under the same key, which a target that honours keys would have absorbed.
    repeated: list[str]


def check(
    sent: Collection[Sent], effects: Iterable[Effect], *, life: Sequence[Stage], dead: Collection[str] = ()
) -> Verdict:
    """
    Return what is lost, what happened twice, and what overtook what.

    Args:
        dead: Ids of events that wait for a person; those are not lost.
    """
    first, repeated = _by_key(effects)
    seen = Counter((one.order, one.number, one.name) for one in first)
    return Verdict(
        acked=len(sent),
        lost=[
            f"{event.id}: no {name}"
            for event in sent
            if event.id not in dead
            for name in life[event.number].effects
            if not seen[event.order, event.number, name]
        ],
        duplicate=[f"{what}: {count} times" for what, count in seen.items() if count > 1],
        inverted=list(_inversions(first)),
        repeated=[f"{one.order} {one.number} {one.name}" for one in repeated],
    )


def _by_key(effects: Iterable[Effect]) -> tuple[list[Effect], list[Effect]]:
    """Return the effects, each idempotency key once, and those that came again under one."""
    first, again, known = [], [], set()
    for effect in effects:
        key = effect.key and (effect.log, effect.name, effect.key)
        (again if key in known else first).append(effect)
        if key:
            known.add(key)
    return first, again


def _inversions(effects: Iterable[Effect]) -> Iterator[str]:
    newest: dict[tuple[str, str], int] = defaultdict(int)
    for effect in effects:
        place = effect.log, effect.order
        if effect.number < newest[place]:
            yield f"{effect.order}: {effect.name} of event {effect.number} after one of event {newest[place]}"
        newest[place] = max(newest[place], effect.number)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """From a fault to the next effect, in seconds."""

    p50: float
    longest: float
    #: The kind of the fault that took longest.
    worst: str

    def __str__(self) -> str:
        return f"{self.p50:.2f} s / {self.longest:.1f} s ({self.worst})"


def recovery(faults: Iterable[tuple[str, int]], effects: Iterable[Effect]) -> Recovery:
    """
    Return how long after a fault the next effect was seen.

    Args:
        faults: Kind, and when it struck, in milliseconds since 1970; those behind the last effect are left out.
    """
    times = sorted(effect.at for effect in effects)
    waits = [
        ((times[place] - at) / 1000, kind)
        for kind, at in faults
        if (place := bisect.bisect_right(times, at)) < len(times)
    ] or [(0.0, "none")]
    longest, worst = max(waits)
    return Recovery(p50=statistics.median(wait for wait, _ in waits), longest=longest, worst=worst)
