"""
The story of an event: its record as lines in the order of time. Pure: a record in, lines out.

A line that was told once is told the same way ever after, so that a follower can tell what is new by comparing.
What a line says of a step needs the name of its action; where the workflow is not known any more, its place stands in.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from receiver.lifecycle import CLOSED, Status
from receiver.record import AttemptNote, LedgerEntry, Record, StepState

from . import phrases
from .moments import span

#: From a pinned `name@version` to the names of its actions, in order; nothing where it is not known.
Actions = Callable[[str], Sequence[str]]


class Tone(StrEnum):
    """
    How a line is to be taken; the renderer has a colour for each.
    """

    PLAIN = "plain"
    FAINT = "faint"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Line:
    """
    One thing that happened, at a time in milliseconds; *rank* orders what happened at the same time.
    """

    at: int
    rank: int
    text: str
    tone: Tone = Tone.PLAIN


_ACCEPTED, _BEGAN, _STEP, _ENDED, _CLOSED = range(5)
_OUTCOME_TONES = {
    Status.SUCCEEDED: Tone.GOOD,
    Status.IGNORED: Tone.FAINT,
    Status.RETRYING: Tone.WARN,
    Status.DEAD: Tone.BAD,
    "crashed": Tone.WARN,
}
#: Said of reasons whose slug does not speak for itself.
_REASONS = {"no_workflow": "no workflow wants it", "order_gone": "the order is gone"}


def no_actions(_: str) -> Sequence[str]:
    """
    Know no workflow: for stories without a configuration.
    """
    return ()


def tell(record: Record, actions: Actions = no_actions) -> tuple[Line, ...]:
    """
    Return everything the record knows to have happened, the first first.
    """
    return tuple(sorted(_lines(record, actions)))


def _lines(record: Record, actions: Actions) -> Iterator[Line]:
    yield from _arrival(record)
    for note in record.attempts:
        yield from _attempt(record, note)
    for place, entry in record.ledger.items():
        yield from _step(entry, name=step_name(record, place, actions))
    if record.status is Status.DISCARDED:
        text = f"discarded: {record.discarded}" if record.discarded else "discarded"
        yield Line(at=record.closed, rank=_CLOSED, text=text, tone=Tone.WARN)


def _arrival(record: Record) -> Iterator[Line]:
    if not record.attempts and record.reason and record.status is Status.DEAD:
        text = f"accepted, but put aside as {record.reason}: {record.error}"
        yield Line(at=record.accepted, rank=_ACCEPTED, text=text, tone=Tone.BAD)
        return
    yield Line(at=record.accepted, rank=_ACCEPTED, text="accepted")
    if record.duplicate_at:
        times = f"{record.deliveries - 1} times, now" if record.deliveries > 2 else "once more"  # noqa: PLR2004
        body = f", {record.altered} with another body" if record.altered else ""
        yield Line(at=record.duplicate_at, rank=_ACCEPTED, text=f"delivered again {times}{body}", tone=Tone.WARN)
    if record.replays and record.status not in CLOSED:
        yield Line(at=record.opened, rank=_ACCEPTED, text=f"replayed, for the {_nth(record.replays)} time")


def _attempt(record: Record, note: AttemptNote) -> Iterator[Line]:
    if note.number > 1:
        yield Line(at=note.started, rank=_BEGAN, text=f"attempt {note.number} began", tone=Tone.FAINT)
    if note.ended:
        tone = _OUTCOME_TONES.get(note.outcome, Tone.PLAIN)
        yield Line(at=note.ended, rank=_ENDED, text=_ended(record, note), tone=tone)


def _ended(record: Record, note: AttemptNote) -> str:
    """
    Return how an attempt ended; the record holds the words of the last one's error only.
    """
    last = record.attempts[-1].number == note.number
    why = _REASONS.get(note.detail, note.detail)
    if last and record.error and record.status.value == note.outcome:
        why = f"{why}: {record.error}"
    return f"{note.outcome}{f': {why}' if why else ''} (attempt {note.number}, {span(note.ended - note.started)})"


def _step(entry: LedgerEntry, *, name: str) -> Iterator[Line]:
    match entry.state:
        case StepState.DONE:
            yield Line(at=entry.at, rank=_STEP, text=phrases.done(name, entry.detail))
        case StepState.FAILED:
            text = f"{name} failed without effect: {phrases.said(entry.detail)}"
            yield Line(at=entry.at, rank=_STEP, text=text, tone=Tone.WARN)
        case StepState.UNKNOWN:
            text = f"{name} may have had its effect; a person must look {phrases.said(entry.detail)}".rstrip()
            yield Line(at=entry.at, rank=_STEP, text=text, tone=Tone.BAD)
        case StepState.INTENT:
            # Not told while it is under way: most of them are done a moment later.
            return


def step_name(record: Record, place: str, actions: Actions) -> str:
    """
    Return the name of the action at *place* (`run.index`), or `step run.index` where it is not known.
    """
    run, _, index = place.partition(".")
    plan = record.plan or ()
    names = actions(plan[int(run)]) if int(run) < len(plan) else ()
    return names[int(index)] if int(index) < len(names) else f"step {place}"


def _nth(number: int) -> str:
    return {1: "1st", 2: "2nd", 3: "3rd"}.get(number, f"{number}th")
