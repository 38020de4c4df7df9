"""
Dead letters for operators: replay and discard in batches, and settling one step; each call is one atomic step.
"""

import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload

import redis

from receiver import keys, scripts
from receiver.record import RESOLVED_BY, Record, Ruling, StepState
from receiver.wake import ShiftTemplate

#: Events in one script call: far below what would make others wait.
BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Resolved:
    """A step was settled; *was* is its state before, *started* whether its event was started again."""

    was: StepState
    started: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """
    Nothing was changed, since what was to be settled is not there.

    Args:
        status: The event's, where it is no dead letter; empty for one that is gone.
        state: The step's, where its outcome is not unknown; empty for one that was never begun.
    """

    status: str | None = None
    state: str | None = None


def replay(client: "redis.Redis", records: Iterable[Record]) -> Iterator[tuple[Record, bool]]:
    """
    Start events again; yield each with whether it was.

    The ledger is kept: a step that is done is not run again. An event in flight, or gone, is not replayed.
    """
    for batch in _batches(records):
        yield from zip(batch, move(client, [record.key for record in batch]), strict=True)


@overload
def move(client: "redis.Redis", event_keys: Sequence[str]) -> list[bool]: ...


@overload
def move(
    client: "redis.Redis", event_keys: Sequence[str], *, under: tuple[str, str], died_before: int | None
) -> list[bool] | str: ...


def move(
    client: "redis.Redis",
    event_keys: Sequence[str],
    *,
    under: tuple[str, str] | None = None,
    died_before: int | None = None,
) -> list[bool] | str:
    """
    Start events again, in one atomic step; return of each whether it was.

    Args:
        under: Id and holder of a replay that is on record, and counts them. Where it is not running under that
            holder any more, nothing is moved, and what it is now is returned.
        died_before: Pass over events that are not dead, or died at this time or later, in milliseconds: since they
            were found, another replay started them. None for events that are named, in whatever state.
    """
    wake_keys, wake_arguments = ShiftTemplate().arguments()
    events = [part for key in event_keys for part in (key, keys.body(key))]
    recorded = () if under is None else (keys.replay(under[0]),)
    terms = () if under is None else (*under, "" if died_before is None else died_before)
    answers = scripts.run_sync(client, "replay", (*wake_keys, *recorded), (*wake_arguments, *terms, *events))
    if answers and isinstance(answers[0], str):
        return answers[0]
    return [bool(answer) for answer in answers]


def discard(
    client: "redis.Redis", records: Iterable[Record], *, keep_ms: int, why: str
) -> Iterator[tuple[Record, bool]]:
    """
    Close dead letters, and events that are paused, for good; yield each with whether it was one.

    Args:
        keep_ms: How long their records are kept, in milliseconds.
        why: By whom and for what reason; stands in the record.
    """
    shift = ShiftTemplate()
    for batch in _batches(records):
        events = [
            part
            for record in batch
            for part in (record.key, keys.body(record.key), keep_ms + keys.EXPIRY_MARGIN_MS, why)
        ]
        yield from _run(client, "discard", shift, batch, events)


def resolve(
    client: "redis.Redis", record: Record, place: str, ruling: Ruling, *, by: str, note: str, start: bool
) -> Resolved | Refused:
    """
    Settle a step of a dead letter, as a person says it was; refuse one whose outcome is not unknown.

    Args:
        place: The step, `run.index`.
        by: Who says so; stands in the record with *note*, the reason.
        start: Start the event again behind it, in the same atomic step.
    """
    wake_keys, wake_arguments = ShiftTemplate().arguments()
    detail = json.dumps({RESOLVED_BY: by, "note": note} if note else {RESOLVED_BY: by}, ensure_ascii=False)
    words = (place, ruling, f"{by}: {note}" if note else by, detail, int(start))
    answer = scripts.run_sync(
        client,
        "resolve",
        wake_keys,
        (*wake_arguments, record.key, keys.body(record.key), *words),
    )
    match answer:
        case "resolved", was, started:
            return Resolved(was=StepState(was), started=bool(started))
        case "status", status:
            return Refused(status=status)
        case _, state:
            return Refused(state=state)
    raise AssertionError(f"resolve.lua answered {answer}")


def _run(
    client: "redis.Redis",
    script: str,
    shift: ShiftTemplate,
    batch: Sequence[Record],
    events: Sequence[object],
) -> Iterator[tuple[Record, bool]]:
    wake_keys, wake_arguments = shift.arguments()
    answers = scripts.run_sync(client, script, (*wake_keys, keys.paused()), (*wake_arguments, *events))
    yield from zip(batch, (bool(answer) for answer in answers), strict=True)


def _batches(records: Iterable[Record]) -> Iterator[Sequence[Record]]:
    iterator = iter(records)
    while batch := list(itertools.islice(iterator, BATCH)):
        yield batch
