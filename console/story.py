"""
The story of an event: its record as lines in the order of time. Pure: a record in, lines out.

Every line has a key that stays, so that a follower tells each once, whatever its words turn into later.
What a line says of a step needs the name of its action; where the workflow is not known any more, its place stands in.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from receiver.lifecycle import Status
from receiver.record import (
    AttemptNote,
    Lane,
    LedgerEntry,
    PauseNote,
    Record,
    Resolution,
    Ruling,
    StepState,
)

from . import phrases
from .moments import span

#: From a pinned `name@version` to the names of its actions, in order; nothing where it is not known.
Actions = Callable[[str], Sequence[str]]


#: Said of an event whose record we cannot read.
NEWER = "a newer orderhook wrote its record, and this one cannot read it"


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

    *step* is the place of the step that it is about, `run.index`; empty where it is about none.
    """

    at: int
    rank: int
    key: str
    text: str
    tone: Tone = Tone.PLAIN
    step: str = ""


_RESOLVED, _ACCEPTED, _BEGAN, _STEP, _ENDED, _CLOSED = range(6)
_OUTCOME_TONES = {
    Status.SUCCEEDED: Tone.GOOD,
    Status.IGNORED: Tone.FAINT,
    Status.SUPERSEDED: Tone.FAINT,
    Status.RETRYING: Tone.WARN,
    Status.PAUSED: Tone.WARN,
    Status.DEAD: Tone.BAD,
    "crashed": Tone.WARN,
}
#: Said of reasons whose slug does not speak for itself.
_REASONS = {
    "no_workflow": "no workflow wants it",
    "order_gone": "the order is gone",
    "shipment_gone": "the shipment is gone",
    "customer_gone": "the customer is gone",
    "product_gone": "the product is gone",
    "order_unknown": "the order API does not know the order",
}


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
        if entry.state is StepState.FAILED and place in record.pauses:
            continue  # it has lines of its own
        yield from _step(entry, place=place, name=step_name(record, place, actions))
    for place, pause in record.pauses.items():
        yield from _pause(pause, place=place, name=step_name(record, place, actions))
    for number, resolution in enumerate(record.resolutions, 1):
        yield _resolved(resolution, number, step_name(record, resolution.step, actions))
    if record.status is Status.DISCARDED:
        text = f"discarded: {record.discarded}" if record.discarded else "discarded"
        yield Line(at=record.closed, rank=_CLOSED, key="discarded", text=text, tone=Tone.WARN)


def _arrival(record: Record) -> Iterator[Line]:
    if not record.attempts and record.reason and record.status is Status.DEAD:
        text = f"accepted, but put aside as {record.reason}: {record.error}"
        yield Line(at=record.accepted, rank=_ACCEPTED, key="accepted", text=text, tone=Tone.BAD)
    else:
        waited = f" after {span(record.accepted - record.spooled)} in the spool" if record.spooled else ""
        yield Line(at=record.accepted, rank=_ACCEPTED, key="accepted", text=f"accepted{waited}")
    if record.spooled:
        text = "acknowledged and kept in the spool, since Redis could not take it"
        yield Line(at=record.spooled, rank=_ACCEPTED, key="spooled", text=text, tone=Tone.WARN)
    if record.duplicate_at:
        yield _again(record)
    if record.replays:
        times = "" if record.replays == 1 else f", {record.replays} times by now"
        text = f"replayed{f' by {record.replay}' if record.replay else ''}{times}"
        yield Line(at=record.opened, rank=_ACCEPTED, key=f"replay:{record.replays}", text=text)


def _again(record: Record) -> Line:
    times = "" if record.deliveries <= 2 else f", {record.deliveries - 1} times by now"  # noqa: PLR2004
    body = f", {record.altered} with another body" if record.altered else ""
    text, key = f"delivered again{times}{body}", f"delivery:{record.deliveries}"
    return Line(at=record.duplicate_at, rank=_ACCEPTED, key=key, text=text, tone=Tone.WARN)


def _attempt(record: Record, note: AttemptNote) -> Iterator[Line]:
    # By its beginning too: an attempt that was not counted gives its number to the next.
    key = f"attempt:{note.number}:{note.started}"
    if note.number > 1:
        text = f"attempt {note.number} began"
        yield Line(at=note.started, rank=_BEGAN, key=key, text=text, tone=Tone.FAINT)
    if note.ended:
        tone = _OUTCOME_TONES.get(note.outcome, Tone.PLAIN)
        yield Line(at=note.ended, rank=_ENDED, key=f"{key}:ended", text=_ended(record, note), tone=tone)


def _ended(record: Record, note: AttemptNote) -> str:
    """
    Return how an attempt ended; the record holds the words of the last one's error only.
    """
    last = record.attempts[-1].number == note.number
    why = _REASONS.get(note.detail, note.detail if note.detail != note.outcome else "")
    if note.detail == "echo" and record.echo is not None:
        why = f"our own {record.echo.write} for {record.echo.event_id} raised it"
    if last and record.error and record.status.value == note.outcome:
        why = f"{why}: {record.error}" if why else record.error
    return f"{note.outcome}{f': {why}' if why else ''} (attempt {note.number}, {span(note.ended - note.started)})"


def _step(entry: LedgerEntry, *, place: str, name: str) -> Iterator[Line]:
    # What is under way is not told: most of it is done a moment later. What a person settled has a line of its own.
    if entry.state is not StepState.INTENT and not phrases.is_settled(entry.detail):
        text, tone = _STEP_WORDS[entry.state](name, entry.detail)
        key = f"step:{place}:{entry.state}:{entry.token}"
        yield Line(at=entry.at, rank=_STEP, key=key, text=text, tone=tone, step=place)


def _pause(pause: PauseNote, *, place: str, name: str) -> Iterator[Line]:
    others = "wait" if pause.lane is Lane.WAITS else "go on"
    until = f", {span(pause.for_ms)} at most" if pause.for_ms else ""
    text = f"{name} waits to be resumed{until}; later events of its subject {others}"
    text = f"{text}. {pause.why}" if pause.why else text
    yield Line(at=pause.at, rank=_STEP, key=f"pause:{place}", text=text, tone=Tone.WARN, step=place)
    if pause.resumed:
        text, key = f"resumed by {pause.by}", f"resumed:{place}"
        yield Line(at=pause.resumed, rank=_RESOLVED, key=key, text=text, step=place)


def _resolved(resolution: Resolution, number: int, name: str) -> Line:
    who, colon, why = resolution.why.partition(": ")
    words = "counts as done" if resolution.ruling is Ruling.DONE else "is to run again"
    text, key = f"{name} {words}, says {who}{colon}{why}", f"resolved:{number}"
    return Line(at=resolution.at, rank=_RESOLVED, key=key, text=text, step=resolution.step)


def _step_failed(name: str, detail: str) -> tuple[str, Tone]:
    return f"{name} failed without effect: {phrases.said(detail)}", Tone.WARN


def _step_unknown(name: str, detail: str) -> tuple[str, Tone]:
    return f"{name} may have had its effect; a person must look. {phrases.said(detail)}".rstrip(), Tone.BAD


_STEP_WORDS: Mapping[StepState, Callable[[str, str], tuple[str, Tone]]] = {
    StepState.DONE: lambda name, detail: (phrases.done(name, detail), Tone.PLAIN),
    StepState.FAILED: _step_failed,
    StepState.UNKNOWN: _step_unknown,
}


def step_name(record: Record, place: str, actions: Actions) -> str:
    """
    Return the name of the action at *place* (`run.index`), or `step run.index` where it is not known.
    """
    run, _, index = place.partition(".")
    plan = record.plan or ()
    names = actions(plan[int(run)]) if int(run) < len(plan) else ()
    return names[int(index)] if int(index) < len(names) else f"step {place}"
