"""
What the console's `/metrics` answers, from what was found: Prometheus' text format. Pure.

All of it stands in Redis, and is told by one process for all; what a receiver alone can see, its own `/metrics` tells.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from receiver.metrics import family
from workers.budget import Standing as Budget

from .equation import Standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Lanes:
    """
    The ready lanes of a source: all that hold events, and those that are due.
    """

    ready: int
    due: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """
    What there is to tell, at *now* by Redis' clock, in milliseconds.
    """

    now: int
    standings: Sequence[Standing]
    #: Every counter, `source:what` to a number.
    counts: Mapping[str, int]
    lanes: Mapping[str, Lanes]
    #: How long the lane that waits longest has been due.
    overdue_ms: int
    #: How long the event in flight that was opened first has been so; 0 where none is.
    oldest_ms: int
    shifts: int
    budgets: Mapping[str, Budget] = field(default_factory=dict)


def text(seen: Measured) -> str:
    """
    Return everything as Prometheus reads it.
    """
    families = (*_of_sources(seen), *_of_lanes(seen), *_of_budgets(seen))
    return "".join(line + "\n" for one in families for line in one)


def _of_sources(seen: Measured) -> Iterator[Iterator[str]]:
    by_status = {
        _labels(source=one.source, status=status): _now(seen, one.source, status)
        for one in seen.standings
        for status in one.found
    }
    yield family("events", "gauge", "Events on record by where they stand.", by_status)
    for name, counter, about in (
        ("accepted", "accepted", "Events that were accepted."),
        ("duplicates", "duplicate", "Deliveries of events that were known."),
        ("repaired", "repaired", "What the sweeper had to mend; must stay 0."),
        ("echoes", "echo", "Events that were taken for the echo of a write of ours."),
        (
            "missed_webhooks",
            "missed_webhooks",
            "Events that never came, found by reconciling; should stay 0.",
        ),
    ):
        found = {
            _labels(source=one.source): seen.counts.get(f"{one.source}:{counter}", 0)
            for one in seen.standings
        }
        yield family(f"{name}_total", "counter", about, found)
    yield family("ended_total", "counter", "Events that ended with a reason.", _ended(seen))
    holds = {_labels(source=one.source): one.holds for one in seen.standings}
    about = (
        "Whether both sides of the loss equation are equal, by counters and indexes; may blink under load."
    )
    yield family("loss_equation_holds", "gauge", about, holds)


def _ended(seen: Measured) -> dict[str, int]:
    """
    Return the ends with a reason; their counters are `source:ended.status.reason`.
    """
    found = {}
    for name, number in sorted(seen.counts.items()):
        source, _, what = name.partition(":")
        kind, _, rest = what.partition(".")
        status, _, reason = rest.partition(".")
        if kind == "ended":
            found[_labels(source=source, status=status, reason=reason)] = number
    return found


def _now(seen: Measured, source: str, status: str) -> int:
    return seen.counts.get(f"{source}:{status}", 0) - seen.counts.get(f"{source}:retired.{status}", 0)


def _of_lanes(seen: Measured) -> Iterator[Iterator[str]]:
    ready = {_labels(source=source): one.ready for source, one in seen.lanes.items()}
    due = {_labels(source=source): one.due for source, one in seen.lanes.items()}
    yield family("lanes_ready", "gauge", "Lanes that hold events: due, leased, or waiting.", ready)
    yield family("lanes_due", "gauge", "Lanes that are due and that nobody works on.", due)
    about = "How long the lane that waits longest has been due."
    yield family("oldest_due_seconds", "gauge", about, {"": seen.overdue_ms / 1000})
    about = "How long the event in flight that was opened first has been so."
    yield family("oldest_in_flight_seconds", "gauge", about, {"": seen.oldest_ms / 1000})
    yield family(
        "shifts", "gauge", "Shifts that run; 0 for long means that no worker does.", {"": seen.shifts}
    )


def _of_budgets(seen: Measured) -> Iterator[Iterator[str]]:
    if not seen.budgets:
        return
    named = [(_labels(api=name), one) for name, one in seen.budgets.items()]
    about = "Whether the circuit of an API is open: calls wait."
    yield family("api_circuit_open", "gauge", about, {label: bool(one.open) for label, one in named})
    paused = {label: max(0, one.paused - seen.now) / 1000 for label, one in named}
    yield family("api_paused_seconds", "gauge", "How long calls wait still, as an answer 429 asked.", paused)
    left = {label: one.left if one.reset > seen.now else None for label, one in named}
    yield family("api_calls_left", "gauge", "Calls left in the window that the API advertises.", left)
    answered = {label: one.answered for label, one in named}
    yield family("api_answered_lately", "gauge", "Calls answered in the last half minute.", answered)
    failed = {label: one.failed for label, one in named}
    yield family("api_failed_lately", "gauge", "Calls failed in the last half minute.", failed)


def _labels(**labels: str) -> str:
    """
    Return labels as the format has them; what stands in a file may hold anything.
    """
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}"


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
