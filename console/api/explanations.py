"""
`/api/v1/events/{eventId}/explain`: why a workflow would or would not want an event.
"""

from typing import Any

from pydantic import Field

from receiver.inbox import Inbox

from ..access import find
from ..cases import case_of
from ..catalog import Catalog
from ..explaining import Explanation, Remark, as_json, decided, explained, needed
from ..fetching import fetch
from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ErrorCode
from ..rest.shapes import Answer, NoBody, PathModel, QueryBool, QueryModel


class EventPath(PathModel):
    """
    Which event.
    """

    event_id: str = Field(max_length=512, description="The event's id.")


class ExplainQuery(QueryModel):
    """
    How to explain it.
    """

    source: str = Field(
        default="", max_length=64, description="The source, where several know that event id."
    )
    fetch: QueryBool = Field(
        default=False,
        description="Whether to read the order where the answer depends on it; the console needs its API's token then.",
    )


class RemarkAnswer(Answer):
    """
    Something that decides beside the conditions.
    """

    code: str = Field(
        description="A slug: disabled, trigger, entity_type, stale, broken, shadow, pinned_version …"
    )
    text: str = Field(description="The same for a person.")


class FindingAnswer(Answer):
    """
    What one condition found.
    """

    where: str = Field(description="Its place in the definition.")
    path: str = Field(description="Where it looked.")
    operator: str = Field(description="How it compares.")
    expected: Any = Field(default=None, description="What it expects; absent for null.")
    actual: Any = Field(
        default=None,
        description="What was found: a value, `missing`, or `order needed` where it was not fetched; absent for null.",
    )
    held: bool | None = Field(
        default=None, description="Whether it holds; absent where what it needs was not fetched."
    )


class ExplanationAnswer(Answer):
    """
    What one workflow makes of the event.
    """

    workflow: str = Field(description="Its name.")
    guid: str = Field(description="Its guid.")
    origin: str = Field(alias="from", description="Where it comes from: file, provider or api.")
    version: str | None = Field(
        default=None, description="Its version of today; absent where it cannot be used."
    )
    starts: bool = Field(description="Whether the event starts it, whatever the conditions say.")
    wanted: bool | None = Field(
        default=None,
        description="Whether it starts and its conditions hold; absent where that depends on what was not fetched.",
    )
    hindrances: list[RemarkAnswer] = Field(description="Why it does not start.")
    conditions: list[FindingAnswer] = Field(description="What each condition found.")
    remarks: list[RemarkAnswer] = Field(description="What else there is to know of it and this event.")


class ExplainedEvent(Answer):
    """
    An event, and what every workflow makes of it.
    """

    event_id: str = Field(description="The event's id.")
    source: str = Field(description="Its source.")
    type: str = Field(description="Its type.")
    status: str = Field(description="Where it stands.")
    reason: str = Field(description="Why it stands there; may be empty.")
    decided: list[RemarkAnswer] = Field(description="What holds whatever the workflows say.")
    workflows: list[ExplanationAnswer] = Field(description="What each workflow makes of it.")


def _explain(call: Call[EventPath, ExplainQuery, NoBody]) -> ExplainedEvent:
    record = find(Inbox(call.client), call.path.event_id, source=call.query.source)
    case = case_of(call.client, record, call.settings)
    entries = Catalog.load(call.services.raw, call.client).entries
    fetched = fetch(call.services.raw, record, needed(case, entries)) if call.query.fetch else {}
    return ExplainedEvent(
        event_id=record.id,
        source=record.source,
        type=record.type,
        status=record.status.value,
        reason=record.reason,
        decided=[_remark(one) for one in decided(case, entries)],
        workflows=[_explanation(one) for one in explained(case, entries, fetched)],
    )


def _explanation(one: Explanation) -> ExplanationAnswer:
    return ExplanationAnswer.model_validate(as_json(one))


def _remark(one: Remark) -> RemarkAnswer:
    return RemarkAnswer(code=one.code, text=one.text)


OPERATIONS = (
    Operation(
        name="explainEvent",
        method="GET",
        path="/api/v1/events/{eventId}/explain",
        tag="Events",
        scope=Scope.READ,
        summary="Why each workflow would or would not want an event",
        about="What looks like a secret is hidden; personal data is shown only where a condition asked for it.",
        path_model=EventPath,
        query=ExplainQuery,
        answer=ExplainedEvent,
        errors=(ErrorCode.NOT_FOUND, ErrorCode.CONFLICT),
        handler=_explain,
    ),
)
