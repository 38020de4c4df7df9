"""
What `orderhook doctor` says of paused runs: how many events wait, since when, and how many of them without an end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import redis

from receiver import keys
from receiver.inbox import PAGE

from .diagnoses import Check, ok, warn
from .moments import span

#: Runs that wait for longer than this, in milliseconds, have been forgotten by somebody.
LONG_MS = 7 * 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseFacts:
    """
    How the pauses stand.

    Args:
        endless: Events that no time ends; their lanes have the same score as those behind a dead letter.
        oldest_ms: For how long the first of them has waited.

    """

    events: int = 0
    endless: int = 0
    oldest_ms: int = 0


def facts(client: "redis.Redis", *, now: int) -> PauseFacts:
    """
    Return how the pauses stand now, in milliseconds by Redis' clock.
    """
    oldest = client.zrange(keys.paused(), 0, 0, withscores=True)
    since = int(oldest[0][1]) if oldest else now
    dues = [due for page in _pages(client) for due in _dues(client, page)]
    return PauseFacts(events=len(dues), endless=sum(not due for due in dues), oldest_ms=now - since)


def judged(facts: PauseFacts) -> Iterator[Check]:
    """
    Judge whether somebody looks after them.
    """
    if not facts.events:
        return
    found = f"{facts.events} events are paused, the first for {span(facts.oldest_ms)}"
    if facts.oldest_ms > LONG_MS:
        yield warn("paused", found, "resume or discard them: orderhook events list --status paused")
    else:
        yield ok("paused", found)


def _pages(client: "redis.Redis") -> Iterator[Sequence[str]]:
    start = 0
    while page := client.zrange(keys.paused(), start, start + PAGE - 1):
        yield page  # type: ignore[misc]
        start += PAGE


def _dues(client: "redis.Redis", page: Sequence[str]) -> Sequence[str | None]:
    with client.pipeline(transaction=False) as pipeline:
        for key in page:
            pipeline.hget(key, "due")
        found: Sequence[str | None] = pipeline.execute()
    return found
