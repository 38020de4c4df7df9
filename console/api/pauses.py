"""
`/api/v1/paused`: runs that wait for a person, and letting them go on.
"""

from typing import Any

from pydantic import Field

from receiver import keys
from receiver.inbox import Inbox
from receiver.record import Lane, Record
from workers import pausing
from workers.pausing import PausedRun

from ..moments import iso
from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import Answer, BodyModel, Moment, NoBody, NoPath, Page, PageQuery
from ..story import NEWER
from .events import EventAnswer, summary
from .lookup import TIE, EventPath, SourceQuery, the_event


class RunAnswer(Answer):
    """
    A run that waits.
    """

    workflow: str = Field(description="Its workflow.")
    step: str = Field(description="The step that paused it, `run.index`.")
    why: str | None = Field(default=None, description="What the workflow says to who decides.")
    lane: Lane = Field(description="Whether later events of the same subject wait behind it.")
    paused_at: Moment | None = Field(default=None, description="Since when.")
    until: Moment | None = Field(default=None, description="When it goes on by itself; absent for never.")


class PausedAnswer(EventAnswer):
    """
    A paused event.
    """

    runs: list[RunAnswer] = Field(description="Those of its runs that wait; its others are done.")


class Resuming(BodyModel):
    """
    Which runs go on, and why.
    """

    workflow: str = Field(
        default="",
        max_length=120,
        description="Only the run of this workflow; every one that waits, if empty.",
    )
    why: str = Field(
        min_length=1, max_length=500, description="Stands in the record, and in the trail of changes."
    )


class ResumedAnswer(Answer):
    """
    What goes on.
    """

    event_id: str = Field(description="The event.")
    source: str = Field(description="Whose event.")
    workflows: list[str] = Field(description="The workflows whose runs go on.")


def _list(call: Call[NoPath, PageQuery, NoBody]) -> Page:
    start = call.query.offset
    found: Any = call.client.zrange(keys.paused(), start, start + call.query.page_size - 1)
    items = [_answer(record) for record in Inbox(call.client).records(found)]
    return Page(items=items, total=int(call.client.zcard(keys.paused())))


def _answer(record: Record) -> PausedAnswer:
    return PausedAnswer(**summary(record).model_dump(), runs=[_run(run) for run in pausing.runs(record)])


def _run(run: PausedRun) -> RunAnswer:
    return RunAnswer(
        workflow=run.workflow_name,
        step=run.place,
        why=run.pause.why or None,
        lane=run.pause.lane,
        paused_at=iso(run.pause.at),
        until=iso(run.pause.until),
    )


def _resume(call: Call[EventPath, SourceQuery, Resuming]) -> ResumedAnswer:
    record, asked = the_event(call), call.body
    call.note(source=record.source, workflow=asked.workflow)
    wanted = [run for run in pausing.runs(record) if asked.workflow in ("", run.workflow_name)]
    done = pausing.resume_runs(call.client, wanted, by=f"{call.caller.name}: {asked.why}")
    names = [run.workflow_name for run, was in zip(wanted, done, strict=True) if was]
    if not names:
        raise _nothing_waits(the_event(call))
    return ResumedAnswer(event_id=record.id, source=record.source, workflows=names)


def _nothing_waits(record: Record) -> ApiError:
    if not record.readable:
        return ApiError(ErrorCode.CONFLICT, f"the event is left as it is: {NEWER}")
    return ApiError(ErrorCode.CONFLICT, f"no such run of the event is paused, the event is {record.status}")


_TAG = "Paused runs"
OPERATIONS: tuple[Operation, ...] = (
    Operation(
        name="listPaused",
        method="GET",
        path="/api/v1/paused",
        tag=_TAG,
        scope=Scope.READ,
        summary="Paused events, the longest paused first",
        about="Ours. To close one for good: `discardDeadLetter`, which takes a paused event, too.",
        query=PageQuery,
        answer=PausedAnswer,
        many=True,
        handler=_list,
    ),
    Operation(
        name="resumeEvent",
        method="POST",
        path="/api/v1/paused/{eventId}/resume",
        tag=_TAG,
        scope=Scope.OPERATE,
        summary="Let the paused runs of an event go on",
        about=f"Ours. `resumeWorkflow` lets those of a workflow go on. {TIE}",
        path_model=EventPath,
        query=SourceQuery,
        body=Resuming,
        answer=ResumedAnswer,
        errors=(ErrorCode.NOT_FOUND, ErrorCode.CONFLICT),
        handler=_resume,
    ),
)
