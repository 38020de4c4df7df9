"""
Paused runs for operators: which there are, and letting them go on.

Sync, for the command line and the console's API; `pauses.py` says what a pause is.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import redis

from receiver import keys, scripts
from receiver.inbox import PAGE, Inbox
from receiver.record import PauseNote, Record
from receiver.wake import ShiftTemplate


@dataclass(frozen=True, slots=True, kw_only=True)
class PausedRun:
    """One run that waits: its event, its step (`run.index`) and its workflow (`name@version`)."""

    record: Record
    place: str
    workflow: str
    pause: PauseNote

    @property
    def workflow_name(self) -> str:
        return self.workflow.rpartition("@")[0]


def paused(client: "redis.Redis", *, workflow: str = "") -> Iterator[PausedRun]:
    """
    Yield the runs that wait to be resumed, the longest paused event first.

    Args:
        workflow: Only those of the workflow of this name, whatever its version.
    """
    for record in _records(client):
        for run in runs(record):
            if workflow in ("", run.workflow_name):
                yield run


def runs(record: Record) -> Iterator[PausedRun]:
    """Yield the runs of an event that were paused and that nobody has resumed."""
    plan = record.plan or ()
    for place, pause in record.pauses.items():
        number = int(place.partition(".")[0])
        if not pause.resumed and number < len(plan):
            yield PausedRun(record=record, place=place, workflow=plan[number], pause=pause)


def resume(client: "redis.Redis", record: Record, *, by: str) -> bool:
    """
    Let every paused run of an event go on; return whether one did.

    Args:
        by: By whom and why; stands in the record.
    """
    return _resume(client, [(record.key, ())], by=by)[0]


def resume_runs(client: "redis.Redis", wanted: Iterable[PausedRun], *, by: str) -> list[bool]:
    """
    Let these runs go on and no others of their events; return of each whether it did.

    `paused(client, workflow=…)` gives those of a workflow.
    """
    return _resume(client, [(run.record.key, (run.place,)) for run in wanted], by=by)


def _resume(client: "redis.Redis", events: Sequence[tuple[str, Sequence[str]]], *, by: str) -> list[bool]:
    done: list[bool] = []
    for start in range(0, len(events), PAGE):
        wake_keys, wake_arguments = ShiftTemplate().arguments()
        batch = [part for key, places in events[start : start + PAGE] for part in (key, len(places), *places)]
        arguments = (*wake_arguments, " ".join(by.split()), *batch)
        answers = scripts.run_sync(client, "resume", (*wake_keys, keys.paused()), arguments)
        done += map(bool, answers)
    return done


def _records(client: "redis.Redis") -> Iterator[Record]:
    inbox = Inbox(client)
    found: Sequence[str] = client.zrange(keys.paused(), 0, -1)  # type: ignore[assignment]
    for start in range(0, len(found), PAGE):
        yield from inbox.records(found[start : start + PAGE])
