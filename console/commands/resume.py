"""
`orderhook events resume`: a person lets a paused run go on.
"""

from collections.abc import Sequence

import redis

from receiver.inbox import Inbox
from receiver.record import Record
from workers import pausing
from workers.pausing import PausedRun

from .. import render
from ..access import find, redis_of
from ..asking import confirm
from ..desk import Desk
from ..errors import Failed, Misuse
from ..story import Tone


def resume(desk: Desk, event_id: str, *, source: str, workflow: str, reason: str, yes: bool) -> None:
    """
    Let the paused runs of an event go on, or those of a workflow; of both together, its run of that event.

    Raises:
        Misuse: Neither was named.
        NotFound: There is no such event.
        Failed: Nothing waits there, or somebody else was faster.

    """
    if not event_id and not workflow:
        raise Misuse("name the event, or --workflow for all that wait in it")
    with redis_of(desk) as client:
        found = _wanted(client, event_id, source=source, workflow=workflow)
        if not event_id and found and not yes:
            confirm(f"Resume {render.counted(len(found), 'run')} of {workflow!r}?")
        by = f"{desk.operator}: {reason}" if reason else desk.operator
        done = pausing.resume_runs(client, found, by=by)
    for run, was in zip(found, done, strict=True):
        _say(run, was=was)
    if not all(done):
        raise Failed(f"{done.count(False)} of {len(done)} waited no more")


def _wanted(client: "redis.Redis", event_id: str, *, source: str, workflow: str) -> Sequence[PausedRun]:
    if not event_id:
        found = [
            run for run in pausing.paused(client, workflow=workflow) if source in ("", run.record.source)
        ]
        if not found:
            raise Failed(f"no run of {workflow!r} is paused")
        return found
    record = find(Inbox(client), event_id, source=source)
    found = [run for run in pausing.runs(record) if workflow in ("", run.workflow_name)]
    if not found:
        raise Failed(_nothing_waits(record, workflow))
    return found


def _nothing_waits(record: Record, workflow: str) -> str:
    what = f"no run of {workflow!r}" if workflow else "no run"
    return f"{what} of event {record.id!r} is paused, the event is {record.status}; nothing was changed"


def _say(run: PausedRun, *, was: bool) -> None:
    words = "resumed" if was else ("waits no more, or a worker has it", Tone.WARN)
    render.data(f"{run.record.id}  {run.workflow_name}  ", words)
