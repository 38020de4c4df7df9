"""
What several kinds of things have in common: the parameters of a list of events, and finding one event.
"""

from collections.abc import Sequence
from typing import Any

from pydantic import Field

from receiver.inbox import Inbox
from receiver.record import Record

from ..listing import BadCursor, Cursor, Found, Wanted
from ..odata import MAX_LENGTH, BadFilter, Expression, Kind, parse
from ..rest.operation import Call
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import Answer, Page, PageQuery, PathModel, QueryModel

SOURCE = r"^[a-z][a-z0-9_-]{0,63}$"
EVENT_ID = r"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}$"
TIE = "Where several sources know an event of that id, the answer is 409 `CONFLICT`; `source` says which one is meant."


class EventPath(PathModel):
    """
    Which event.
    """

    event_id: str = Field(pattern=EVENT_ID, description="The event's id.")


class SourceQuery(QueryModel):
    """
    Whose event.
    """

    source: str | None = Field(
        default=None, pattern=SOURCE, description="The source, where several know that event id."
    )


class EventsQuery(PageQuery):
    """
    Which events.
    """

    filter: str | None = Field(
        default=None, alias="$filter", max_length=MAX_LENGTH, description="What must hold; see above."
    )
    search: str | None = Field(
        default=None,
        alias="$search",
        min_length=1,
        max_length=200,
        description="An event's id; or what its id, subject or type contains, in upper or lower case.",
    )
    cursor: str | None = Field(
        default=None,
        alias="Cursor",
        max_length=500,
        description="Go on behind this place, which an answer gave as `next`; in place of `Page`.",
    )


def wanted(query: EventsQuery, fields: dict[str, Kind], *, time: str, newest_first: bool) -> Wanted:
    """
    Return what a caller asked for.

    Raises:
        ApiError: It cannot be understood.

    """
    if query.cursor and query.page > 1:
        raise invalid("query: Page counts from the beginning and Cursor goes on; give one of them")
    return Wanted(
        time=time,
        newest_first=newest_first,
        expression=_expression(query.filter, fields),
        search=query.search or "",
        offset=query.offset,
        size=query.page_size,
        cursor=_cursor(query.cursor),
    )


def page(found: Found, items: Sequence[Answer]) -> Page:
    """
    Return a page of what was found.
    """
    more = found.more.spelled() if found.more else ""
    return Page(
        items=items, total=found.total, more=more, partial=found.partial, explanation=found.explanation
    )


def _expression(text: str | None, fields: dict[str, Kind]) -> Expression | None:
    try:
        return parse(text, fields) if text is not None else None
    except BadFilter as error:
        raise invalid(f"query: $filter: {error}") from None


def _cursor(text: str | None) -> Cursor | None:
    try:
        return Cursor.read(text) if text else None
    except BadCursor as error:
        raise invalid(f"query: Cursor: {error}") from None


def invalid(message: str) -> ApiError:
    """
    Return the refusal of what cannot be understood.
    """
    return ApiError(ErrorCode.VALIDATION_FAILED, message)


def the_event(call: Call[EventPath, Any, Any]) -> Record:
    """
    Return the record of the event that a call is about.

    Raises:
        ApiError: There is none, or several sources have one of that id.

    """
    found = list(Inbox(call.client).known_as(call.path.event_id, source=call.query.source or ""))
    if not found:
        raise ApiError(ErrorCode.NOT_FOUND, "there is no such event")
    if len(found) > 1:
        sources = ", ".join(record.source for record in found)
        raise ApiError(ErrorCode.CONFLICT, f"several sources know that event id, {sources}: give source")
    return found[0]
