"""
The loss equation: accepted = succeeded + ignored + superseded + dead + discarded + in flight.

Both sides come from different places: the left from the counter that accept raised, the right from a walk over the
records. Where they differ, the ids are named.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from receiver import keys
from receiver.inbox import Filter, Inbox
from receiver.lifecycle import IN_FLIGHT, KNOWN, Status
from receiver.record import Record

#: Most ids named per finding.
MAX_NAMED = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One way in which an event's places contradict each other, and the keys of such events."""

    problem: str
    events: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """Both sides of the equation for one source, and what does not fit."""

    source: str
    accepted: int
    #: By status, as the records say; events that retention removed are counted with the status they had.
    #: May hold a status of a newer orderhook.
    found: dict[Status, int]
    repaired: int
    findings: tuple[Finding, ...]

    @property
    def in_flight(self) -> int:
        return sum(self.found[status] for status in IN_FLIGHT)

    @property
    def unknown(self) -> dict[Status, int]:
        """Return how many events stand where only a newer orderhook knows what it means."""
        return {status: number for status, number in self.found.items() if status not in KNOWN}

    @property
    def accounted(self) -> int:
        """Return the right side."""
        return sum(self.found.values())

    @property
    def holds(self) -> bool:
        return self.accepted == self.accounted and not self.findings


def audit(inbox: Inbox) -> list[Audit]:
    """Return the audit of every source; exact while nothing is being accepted or worked on."""
    counts = inbox.counts()
    open_keys = set(inbox.in_flight())
    laned = {key: lane for lane in inbox.lanes() for key in inbox.lane(lane)}
    return [_source(inbox, name, counts, open_keys, laned) for name in inbox.sources()]


def _source(
    inbox: Inbox, source: str, counts: dict[str, int], open_keys: set[str], laned: dict[str, str]
) -> Audit:
    found = Counter(dict.fromkeys(Status, 0))
    found.update(_retired(source, counts))
    problems: dict[str, list[str]] = {}
    seen = set()
    for record in inbox.events(Filter(source=source)):
        seen.add(record.key)
        found[record.status] += 1
        # Where an event belongs that a newer orderhook wrote, only that one knows.
        for problem in _problems(record, open_keys, laned) if record.readable else ():
            problems.setdefault(problem, []).append(record.key)
    prefix = keys.event(source, "")
    for key in sorted(open_keys | laned.keys()):
        if key.startswith(prefix) and key not in seen:
            problems.setdefault("queued, but has no record in the time line", []).append(key)
    for status in found:
        if counts.get(f"{source}:{status}", 0) != found[status]:
            problem = f"the counter says {counts.get(f'{source}:{status}', 0)} {status}, the records {found[status]}"
            problems.setdefault(problem, [])
    return Audit(
        source=source,
        accepted=counts.get(f"{source}:accepted", 0),
        found=dict(found),
        repaired=counts.get(f"{source}:repaired", 0),
        findings=tuple(
            Finding(problem=name, events=tuple(ids[:MAX_NAMED])) for name, ids in problems.items()
        ),
    )


def _retired(source: str, counts: dict[str, int]) -> dict[Status, int]:
    """Return how many events retention removed, by the status that they had."""
    prefix = f"{source}:retired."
    return {
        Status.named(name.removeprefix(prefix)): number
        for name, number in counts.items()
        if name.startswith(prefix)
    }


def _problems(record: Record, open_keys: set[str], laned: dict[str, str]) -> Iterator[str]:
    in_flight = record.status in IN_FLIGHT
    if in_flight and record.key not in laned:
        yield f"{record.status}, but in no lane"
    if in_flight and record.key not in open_keys:
        yield f"{record.status}, but not in the index of open events"
    if not in_flight and record.key in open_keys:
        yield f"{record.status}, but still in the index of open events"
    if not in_flight and record.key in laned and record.status is not Status.DEAD:
        yield f"{record.status}, but still in its lane"
