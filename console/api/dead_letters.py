"""
`/api/v1/dead-letters`: what waits for a person, settling a step of one, and closing one for good.
"""

from typing import Any

from pydantic import Field

from receiver.inbox import Inbox
from receiver.lifecycle import Status
from receiver.record import Record, Ruling, StepState
from workers import dead_letters
from workers.dead_letters import Refused

from ..catalog import stored_actions
from ..listing import Listing
from ..listing.plan import FIELDS
from ..odata import Kind
from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import Answer, BodyModel, NoBody, NoPath, Page
from ..story import NEWER, step_name
from .events import FILTER, EventAnswer, summary
from .lookup import TIE, EventPath, EventsQuery, SourceQuery, page, the_event, wanted

_FIELDS = {**FIELDS, "diedAt": Kind.TIME}
_ABOUT = f"""\
{FILTER.format(fields=", ".join(f"`{name}`" for name in _FIELDS))}
Filters by `diedAt` are served by an index; for others, at most 10,000 dead letters are looked at for one page.
"""


class ParkedStep(Answer):
    """
    A step whose outcome nobody knows.
    """

    step: str = Field(description="Its place, `run.index`.")
    action: str = Field(description="Its action; `step run.index` where the workflow is not known any more.")


class DeadLetterAnswer(EventAnswer):
    """
    A dead letter.
    """

    code: str | None = Field(default=None, description="The versions that it died with.")
    failed_at_step: str | None = Field(default=None, description="The step that failed.")
    parked: list[ParkedStep] = Field(description="Steps that a person must settle first; see `resolveStep`.")


class Closing(BodyModel):
    """
    Why a dead letter is closed.
    """

    why: str = Field(
        min_length=1, max_length=500, description="Stands in the record, and in the trail of changes."
    )


class Settling(BodyModel):
    """
    How a step of unknown outcome ended.
    """

    step: str = Field(
        pattern=r"^[0-9]{1,4}\.[0-9]{1,4}$", description="The step's place, as `parked` tells it."
    )
    ruling: Ruling = Field(
        description="`done`: it had its effect, and is never run again. `repeat`: it had none, and is run again."
    )
    why: str = Field(min_length=1, max_length=500, description="How you know; stands in the record.")
    replay: bool = Field(
        default=True, description="Start the event again behind it; otherwise it stays dead."
    )


class Discarded(Answer):
    """
    A dead letter that was closed.
    """

    event_id: str = Field(description="The event.")
    source: str = Field(description="Whose event.")
    status: str = Field(description="`discarded`.")


class Settled(Answer):
    """
    A step that was settled.
    """

    event_id: str = Field(description="The event.")
    source: str = Field(description="Whose event.")
    step: str = Field(description="The step's place.")
    action: str = Field(description="Its action.")
    was: StepState = Field(description="Its state before.")
    ruling: Ruling = Field(description="What it counts as.")
    replayed: bool = Field(description="Whether the event was started again.")


def _list(call: Call[NoPath, EventsQuery, NoBody]) -> Page:
    asked = wanted(call.query, _FIELDS, time="diedAt", newest_first=False)
    found = Listing(call.client).dead_letters(asked)
    return page(found, [_answer(call, record) for record in Inbox(call.client).records(found.events)])


def _answer(call: Call[Any, Any, Any], record: Record) -> DeadLetterAnswer:
    actions = stored_actions(call.client)
    parked = [place for place, entry in record.ledger.items() if entry.state is StepState.UNKNOWN]
    return DeadLetterAnswer(
        **summary(record).model_dump(),
        code=record.code or None,
        failed_at_step=record.step or None,
        parked=[ParkedStep(step=place, action=step_name(record, place, actions)) for place in parked],
    )


def _discard(call: Call[EventPath, SourceQuery, Closing]) -> Discarded:
    record = the_event(call)
    call.note(source=record.source, reason=record.reason)
    why = f"{call.caller.name}: {call.body.why}"
    keep_ms = call.settings.keep_ms(record.source)
    ((_, was),) = dead_letters.discard(call.client, [record], keep_ms=keep_ms, why=why)
    if not was:
        raise _no_dead_letter(the_event(call))
    return Discarded(event_id=record.id, source=record.source, status=Status.DISCARDED.value)


def _resolve(call: Call[EventPath, SourceQuery, Settling]) -> Settled:
    record, asked = the_event(call), call.body
    call.note(source=record.source, step=asked.step, ruling=asked.ruling)
    answer = dead_letters.resolve(
        call.client,
        record,
        asked.step,
        asked.ruling,
        by=call.caller.name,
        note=asked.why,
        start=asked.replay,
    )
    if isinstance(answer, Refused):
        raise _refusal(the_event(call), asked.step, answer)
    return Settled(
        event_id=record.id,
        source=record.source,
        step=asked.step,
        action=step_name(record, asked.step, stored_actions(call.client)),
        was=answer.was,
        ruling=asked.ruling,
        replayed=answer.started,
    )


def _refusal(record: Record, step: str, refused: Refused) -> ApiError:
    if not record.readable or refused.status is not None:
        return _no_dead_letter(record)
    if not refused.state:
        return ApiError(ErrorCode.NOT_FOUND, f"step {step} was never begun")
    return ApiError(ErrorCode.CONFLICT, f"step {step} is {refused.state}: there is nothing to settle")


def _no_dead_letter(record: Record) -> ApiError:
    if not record.readable:
        return ApiError(ErrorCode.CONFLICT, f"the event is left as it is: {NEWER}")
    return ApiError(ErrorCode.CONFLICT, f"the event is no dead letter, it is {record.status}")


_TAG = "Dead letters"
_ERRORS = (ErrorCode.NOT_FOUND, ErrorCode.CONFLICT)
OPERATIONS = (
    Operation(
        name="listDeadLetters",
        method="GET",
        path="/api/v1/dead-letters",
        tag=_TAG,
        scope=Scope.READ,
        summary="Dead letters, the oldest death first",
        about=_ABOUT,
        query=EventsQuery,
        answer=DeadLetterAnswer,
        many=True,
        handler=_list,
    ),
    Operation(
        name="discardDeadLetter",
        method="POST",
        path="/api/v1/dead-letters/{eventId}/discard",
        tag=_TAG,
        scope=Scope.OPERATE,
        summary="Close a dead letter for good",
        about="It cannot be replayed afterwards; a lane that was held behind it goes on. Closes a paused event, too. "
        f"{TIE}",
        path_model=EventPath,
        query=SourceQuery,
        body=Closing,
        answer=Discarded,
        errors=_ERRORS,
        handler=_discard,
    ),
    Operation(
        name="resolveStep",
        method="POST",
        path="/api/v1/dead-letters/{eventId}/resolve",
        tag=_TAG,
        scope=Scope.OPERATE,
        summary="Say how a step of unknown outcome ended",
        about=f"orderhook cannot know whether it had its effect, and does not repeat it blindly. {TIE}",
        path_model=EventPath,
        query=SourceQuery,
        body=Settling,
        answer=Settled,
        errors=_ERRORS,
        handler=_resolve,
    ),
)
