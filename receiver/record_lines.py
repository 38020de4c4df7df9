"""
The lines of a record: single fields that each tell one thing that happened, as text. Pure; `keys.event` is the schema.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class StepState(StrEnum):
    """What the effect ledger says of a step."""

    #: About to act, or acted and not known to have: the outcome is unknown until the action says how to go on.
    INTENT = "intent"
    #: Finished; never run again.
    DONE = "done"
    #: Failed without an effect; will be run again.
    FAILED = "failed"
    #: Parked for a person: it may have had its effect, and cannot be asked.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One step in the effect ledger; *at* in milliseconds."""

    at: int
    state: StepState
    token: int
    detail: str = ""

    @classmethod
    def parse(cls, text: str) -> "LedgerEntry":
        at, state, token, *detail = text.split(" ", 3)
        return cls(at=int(at), state=StepState(state), token=int(token), detail="".join(detail))


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptNote:
    """One attempt: when it began and ended (milliseconds; 0 for still running) and what came of it."""

    number: int
    outcome: str
    token: int
    started: int
    ended: int
    detail: str = ""

    @classmethod
    def parse(cls, number: int, text: str) -> "AttemptNote":
        outcome, token, started, *rest = text.split(" ", 4)
        ended, detail = (*rest, "", "")[:2]
        return cls(
            number=number,
            outcome=outcome,
            token=int(token),
            started=int(started),
            ended=int(ended or 0),
            detail=detail,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Echo:
    """Which write of ours an event is the echo of, and the event for which it was made."""

    write: str
    source: str
    event_id: str

    @classmethod
    def parse(cls, text: str) -> "Echo | None":
        write, _, rest = text.partition(" ")
        source, _, event_id = rest.partition(" ")
        return cls(write=write, source=source, event_id=event_id) if text else None


class Ruling(StrEnum):
    """What a person says of a step whose outcome is unknown."""

    #: It had its effect: it counts as done, and is never run again.
    DONE = "done"
    #: It had none: it is run again.
    REPEAT = "repeat"


#: In the ledger's result of a step that a person ruled done.
RESOLVED_BY = "resolvedBy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolution:
    """A step of unknown outcome that a person settled; *was* is its state before."""

    at: int
    step: str
    ruling: Ruling
    was: StepState
    #: By whom and why.
    why: str

    @classmethod
    def parse(cls, text: str) -> "Resolution":
        at, step, ruling, was, why = text.split(" ", 4)
        return cls(at=int(at), step=step, ruling=Ruling(ruling), was=StepState(was), why=why)


class Lane(StrEnum):
    """What the later events of a subject do while one of it is paused."""

    #: They wait behind it, at the head of its lane.
    WAITS = "waits"
    #: They go on without it: it goes on in a lane of its own.
    GOES_ON = "goes_on"


@dataclass(frozen=True, slots=True, kw_only=True)
class PauseNote:
    """
    A step that waits, or waited, to be resumed; times in milliseconds.

    Args:
        for_ms: After how long it goes on by itself; 0 for never.
        resumed: When it was resumed; 0 for not yet, or for by itself.
        by: By whom and why it was resumed.
    """

    at: int
    for_ms: int
    lane: Lane
    why: str
    resumed: int = 0
    by: str = ""

    @classmethod
    def parse(cls, text: str, resumed: str = "") -> "PauseNote":
        at, for_ms, lane, *why = text.split(" ", 3)
        ended, _, by = resumed.partition(" ")
        note = cls(at=int(at), for_ms=int(for_ms), lane=Lane(lane), why="".join(why))
        return replace(note, resumed=int(ended or 0), by=by)

    @property
    def until(self) -> int:
        """Return when it goes on by itself; 0 for never."""
        return self.at + self.for_ms if self.for_ms else 0

    def waits(self, now: int) -> bool:
        """Tell whether it keeps its run from going on."""
        return not self.resumed and (not self.until or now < self.until)


def attempts(fields: Mapping[str, str]) -> tuple[AttemptNote, ...]:
    """Return the attempts of a record, the first first."""
    found = (
        (int(name.partition(":")[2]), text) for name, text in fields.items() if name.startswith("attempt:")
    )
    return tuple(AttemptNote.parse(number, text) for number, text in sorted(found))


def ledger(fields: Mapping[str, str]) -> dict[str, LedgerEntry]:
    """Return the effect ledger of a record by place (`run.index`), in the order in which steps run."""
    found = ((_place(name), name, text) for name, text in fields.items() if name.startswith("step:"))
    return {name.partition(":")[2]: LedgerEntry.parse(text) for _, name, text in sorted(found)}


def resolutions(fields: Mapping[str, str]) -> tuple[Resolution, ...]:
    """Return what persons settled of a record, the first first."""
    count = int(fields.get("resolutions") or 0)
    return tuple(Resolution.parse(fields[f"resolved:{number}"]) for number in range(1, count + 1))


def pauses(fields: Mapping[str, str]) -> dict[str, PauseNote]:
    """Return the pauses of a record by place (`run.index`), in the order in which steps run."""
    found = ((_place(name), name, text) for name, text in fields.items() if name.startswith("pause:"))
    places = ((name.partition(":")[2], text) for _, name, text in sorted(found))
    return {place: PauseNote.parse(text, fields.get(f"resumed:{place}", "")) for place, text in places}


def _place(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.partition(":")[2].split("."))
