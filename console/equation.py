"""
The loss equation by counters and indexes alone: at no more cost for a million events than for ten.

What accept counted stands against the counters that each move keeps; the lengths of the time line, of the index of open
events and of that of dead letters stand against both. `workers/audit.py` walks over the records, and names events.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import redis

from receiver import keys
from receiver.inbox import Inbox
from receiver.lifecycle import IN_FLIGHT, Status


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """
    One source by its counters; *found* has those that retention removed by the status that they had.
    """

    source: str
    accepted: int
    found: Mapping[str, int]
    repaired: int
    problems: Sequence[str]

    @property
    def accounted(self) -> int:
        """
        Return the right side.
        """
        return sum(self.found.values())

    @property
    def in_flight(self) -> int:
        """
        Return how many are not at their end.
        """
        return sum(self.found.get(status.value, 0) for status in IN_FLIGHT)

    @property
    def holds(self) -> bool:
        """
        Return whether both sides are equal, and nothing contradicts them.
        """
        return self.accepted == self.accounted and not self.problems


def standings(client: "redis.Redis") -> list[Standing]:
    """
    Return how each source stands.
    """
    sources = Inbox(client).sources()
    with client.pipeline(transaction=True) as pipeline:  # one moment for all that is compared
        pipeline.hgetall(keys.counts())
        pipeline.zcard(keys.open_events())
        pipeline.zcard(keys.dead())
        for source in sources:
            pipeline.zcard(keys.timeline(source))
        counts, opened, died, *recorded = pipeline.execute()
    numbers = {name: int(text) for name, text in counts.items()}
    of_all = list(_of_all(numbers, sources, opened, died))
    return [
        _standing(source, numbers, length, of_all) for source, length in zip(sources, recorded, strict=True)
    ]


def _standing(source: str, counts: Mapping[str, int], recorded: int, of_all: Sequence[str]) -> Standing:
    found = {status.value: counts.get(f"{source}:{status}", 0) for status in Status}
    retired = sum(counts.get(f"{source}:retired.{status}", 0) for status in Status)
    expected = sum(found.values()) - retired
    problems = (
        [f"the time line has {recorded} events, the counters {expected}"] if recorded != expected else []
    )
    return Standing(
        source=source,
        accepted=counts.get(f"{source}:accepted", 0),
        found=found,
        repaired=counts.get(f"{source}:repaired", 0),
        problems=[*problems, *of_all],
    )


def _of_all(counts: Mapping[str, int], sources: Iterable[str], opened: int, died: int) -> Iterator[str]:
    """
    Yield what does not fit in the indexes that all sources share.
    """
    named = list(sources)
    in_flight = sum(counts.get(f"{source}:{status}", 0) for source in named for status in IN_FLIGHT)
    dead = sum(counts.get(f"{source}:{Status.DEAD}", 0) for source in named)
    if opened != in_flight:
        yield f"the index of open events of all sources has {opened}, their counters {in_flight}"
    if died != dead:
        yield f"the index of dead letters of all sources has {died}, their counters {dead}"
