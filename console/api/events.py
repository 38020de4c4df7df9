"""
`/api/v1/events`: what was recorded, as a list and one by one.
"""

from typing import Any, Literal

from pydantic import ConfigDict, Field

from receiver.inbox import Inbox
from receiver.record import Record, as_json

from ..catalog import stored_actions
from ..listing import Listing
from ..listing.plan import FIELDS
from ..moments import iso
from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import Answer, Moment, NoBody, NoPath, Page, QueryBool
from ..story import tell
from .lookup import TIE, EventPath, EventsQuery, SourceQuery, page, the_event, wanted

FILTER = """\
`$filter` is OData: `eq`, `ne`, `in`, `and`, `or`, `not`, parentheses, `contains`, `startswith`, `endswith`; times \
also `lt`, `le`, `gt`, `ge`. Fields: {fields}. What is absent equals `null`. Texts stand in single quotes, one \
inside is doubled; times look like `2026-11-21T10:15:00Z`.
"""
_ABOUT = f"""\
{FILTER.format(fields=", ".join(f"`{name}`" for name in FIELDS))}
Filters by source and by the time of acceptance are served by an index, and so are `eventId`, the id of an event as \
`$search`, and the status of dead letters and of events in flight. For any other, events are looked at one by one, at \
most 10,000 and for 0.15 s for one page: then `partial` is true, and `Cursor` with the answer's `next` goes on. \
`totalCount` is null where counting would mean to look at every event.
"""


class EventAnswer(Answer):
    """
    An event, in a list.
    """

    event_id: str = Field(description="Its id; the same across all its deliveries.")
    source: str = Field(description="Who sent it.")
    type: str = Field(description="What happened, in the sender's word.")
    subject: str = Field(description="What it is about, normally the order's id.")
    status: str = Field(description="Where it stands.")
    reason: str | None = Field(default=None, description="Why it is dead, ignored or waiting.")
    error: str | None = Field(default=None, description="What was wrong, in words.")
    stale: bool = Field(description="Whether a newer event of its subject was applied before it.")
    echo: bool = Field(description="Whether a write of ours raised it.")
    synthetic: bool = Field(description="Whether we made it ourselves, since the sender's never came.")
    deliveries: int = Field(description="How often it was delivered.")
    attempts: int = Field(description="How often it was attempted.")
    accepted_at: Moment | None = Field(default=None, description="When it was recorded.")
    occurred_at: Moment | None = Field(default=None, description="When it happened, by the sender's clock.")
    closed_at: Moment | None = Field(default=None, description="When it came to its end, or died.")
    due_at: Moment | None = Field(default=None, description="When the next attempt is due.")


class StoryLine(Answer):
    """
    One thing that happened to an event.
    """

    at: Moment = Field(description="When.")
    text: str = Field(description="What, in words.")
    step: str | None = Field(default=None, description="The step that it is about, `run.index`.")


class EventDetail(Answer):
    """
    All that is known of an event: what `orderhook events show --json` prints, and its story.
    """

    # The record grows with the releases; what it says of itself is not said again here.
    model_config = ConfigDict(extra="allow")

    event_id: str = Field(description="Its id.")
    source: str = Field(description="Who sent it.")
    status: str = Field(description="Where it stands.")
    place_in_lane: int | None = Field(
        default=None, description="1 at the head of its lane; absent outside of one."
    )
    story: list[StoryLine] = Field(description="What happened to it, the first first.")
    body: str | None = Field(
        default=None, description="The delivered body, if it was asked for and is still there."
    )


class ListQuery(EventsQuery):
    """
    Which events, and in which order.
    """

    orderby: Literal["acceptedAt desc", "acceptedAt asc", "acceptedAt"] = Field(
        default="acceptedAt desc",
        alias="$orderby",
        description="No index serves another order.",
    )


class ShowQuery(SourceQuery):
    """
    Whose event, and whether with its body.
    """

    body: QueryBool = Field(
        default=False,
        description="The delivered body too, which may hold personal data: needs scope `operate`.",
    )


def summary(record: Record) -> EventAnswer:
    """
    Return an event as lists show it.
    """
    return EventAnswer(
        event_id=record.id,
        source=record.source,
        type=record.type,
        subject=record.subject,
        status=record.status.value,
        reason=record.reason or None,
        error=record.error or None,
        stale=record.stale,
        echo=record.echo is not None,
        synthetic=record.synthetic,
        deliveries=record.deliveries,
        attempts=record.attempt,
        accepted_at=iso(record.accepted),
        occurred_at=iso(record.occurred),
        closed_at=iso(record.closed),
        due_at=iso(record.due),
    )


def _list(call: Call[NoPath, ListQuery, NoBody]) -> Page:
    asked = wanted(call.query, FIELDS, time="acceptedAt", newest_first=call.query.orderby.endswith(" desc"))
    found = Listing(call.client).events(asked)
    return page(found, [summary(record) for record in Inbox(call.client).records(found.events)])


def _show(call: Call[EventPath, ShowQuery, NoBody]) -> EventDetail:
    if call.query.body and not call.caller.scope.covers(Scope.OPERATE):
        raise ApiError(ErrorCode.FORBIDDEN, f"the token's scope is {call.caller.scope}; a body needs operate")
    record = the_event(call)
    inbox = Inbox(call.client)
    text = inbox.body(record) if call.query.body else None
    lane = inbox.place_in_lane(record)
    known: dict[str, Any] = as_json(record)
    return EventDetail(**known, place_in_lane=lane, story=_story(call, record), body=text)


def _story(call: Call[Any, Any, Any], record: Record) -> list[StoryLine]:
    lines = tell(record, stored_actions(call.client))
    return [StoryLine(at=iso(line.at) or "", text=line.text, step=line.step or None) for line in lines]


_TAG = "Events"
OPERATIONS = (
    Operation(
        name="listEvents",
        method="GET",
        path="/api/v1/events",
        tag=_TAG,
        scope=Scope.READ,
        summary="Recorded events, the newest first",
        about=_ABOUT,
        query=ListQuery,
        answer=EventAnswer,
        many=True,
        handler=_list,
    ),
    Operation(
        name="showEvent",
        method="GET",
        path="/api/v1/events/{eventId}",
        tag=_TAG,
        scope=Scope.READ,
        summary="All that is known of one event",
        about=TIE,
        path_model=EventPath,
        query=ShowQuery,
        answer=EventDetail,
        errors=(ErrorCode.NOT_FOUND, ErrorCode.CONFLICT),
        handler=_show,
    ),
)
