"""
`/api/v1/deliveries`: what came in the last week, duplicates and rejected ones too.
"""

from typing import Any, Literal

from pydantic import Field

from receiver.deliveries import Deliveries, Delivery, Wanted

from ..moments import EXPECTED, iso, resolve
from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import Answer, Moment, NoBody, NoPath, Page, PageQuery, PathModel, QueryBool, QueryModel
from .lookup import invalid

_OUTCOME = "accepted, quarantined, duplicate or rejected"
_ABOUT = """\
Accepted and quarantined deliveries are told from their events, the others from the traces that receivers keep: of a \
flood one in ten seconds, whose `more` says how many others like it there were. Pages have no numbers, since new \
deliveries come in front: `Cursor` with an answer's `next` goes on. One page looks at 2,000 deliveries at most; where \
that was not enough to fill it, `partial` is true.
"""


class DeliveryPath(PathModel):
    """
    Which delivery.
    """

    delivery_id: str = Field(
        pattern=r"^[a-z]{1,16}:[a-z0-9_-]{1,64}:[A-Za-z0-9._~-]{1,128}$",
        description="The delivery's id, as the list has it.",
    )


class DeliveriesQuery(PageQuery):
    """
    Which deliveries.
    """

    source: str | None = Field(
        default=None, max_length=64, description="Only of this source; `-` for addresses of no source."
    )
    outcome: Literal["accepted", "quarantined", "duplicate", "rejected"] | None = Field(
        default=None, description="Only of this outcome."
    )
    code: str | None = Field(
        default=None,
        max_length=64,
        description="Only those rejected with this code, such as `SIGNATURE_INVALID`.",
    )
    since: str | None = Field(default=None, max_length=40, description=f"From then on: {EXPECTED}.")
    until: str | None = Field(default=None, max_length=40, description="Before then.")
    cursor: str | None = Field(
        default=None,
        alias="Cursor",
        max_length=500,
        description="Go on behind this place, which an answer gave as `next`.",
    )


class ShowQuery(QueryModel):
    """
    Whether with its body.
    """

    body: QueryBool = Field(
        default=False,
        description="Its body too, if it was kept, which may hold personal data: needs scope `operate`.",
    )


class DeliveryAnswer(Answer):
    """
    A delivery.
    """

    delivery_id: str = Field(description="Its id.")
    at: Moment = Field(description="When it came.")
    source: str = Field(description="The last part of the address that it came to, known or not.")
    outcome: str = Field(description=f"What was made of it: {_OUTCOME}.")
    code: str = Field(description="Of a rejected one the answer's code, or `disconnected`; else the outcome.")
    status: int | None = Field(
        default=None,
        description="HTTP status of the answer; absent of an accepted one, which has its source's `ack_status`.",
    )
    event_id: str | None = Field(default=None, description="The event that it made, or is a duplicate of.")
    detail: str | None = Field(default=None, description="Why, in words that the sender was not told.")
    scheme: str | None = Field(default=None, description="How its source's deliveries are verified.")
    bytes: int | None = Field(default=None, description="The length of its body.")
    remote: str | None = Field(
        default=None, description="Who connected: the sender, or the proxy in front of the receiver."
    )
    duration_ms: float | None = Field(default=None, description="What the answer took.")
    more: int = Field(
        description="How many others like it, since the one before, are in no list; 0 unless there was a flood."
    )
    body: str | None = Field(default=None, description="Its body, if it was asked for and kept.")


def _list(call: Call[NoPath, DeliveriesQuery, NoBody]) -> Page:
    query, now = call.query, call.now()
    if query.page > 1:
        raise invalid("query: Page: deliveries are paged by Cursor; expected no Page")
    try:
        found = Deliveries(call.client, now=now).page(
            _wanted(query, now), size=query.page_size, cursor=query.cursor or ""
        )
    except ValueError as error:
        raise invalid(f"query: {error}") from None
    partial = bool(found.cursor) and len(found.deliveries) < query.page_size
    return Page(
        items=[_answer(one) for one in found.deliveries],
        total=None,
        more=found.cursor,
        partial=partial,
        explanation="deliveries are not counted",
    )


def _wanted(query: DeliveriesQuery, now: int) -> Wanted:
    return Wanted(
        source=query.source or "",
        outcome=query.outcome or "",
        code=query.code or "",
        since=resolve(query.since, now_ms=now) if query.since else 0,
        until=resolve(query.until, now_ms=now) if query.until else now + 1,
    )


def _show(call: Call[DeliveryPath, ShowQuery, NoBody]) -> DeliveryAnswer:
    if call.query.body and not call.caller.scope.covers(Scope.OPERATE):
        raise ApiError(ErrorCode.FORBIDDEN, f"the token's scope is {call.caller.scope}; a body needs operate")
    deliveries = Deliveries(call.client, now=call.now())
    found = deliveries.find(call.path.delivery_id)
    if found is None:
        raise ApiError(ErrorCode.NOT_FOUND, "there is no such delivery, or none any more")
    return _answer(found, body=deliveries.body(found) if call.query.body else None)


def _answer(found: Delivery, **more: Any) -> DeliveryAnswer:
    return DeliveryAnswer(
        delivery_id=found.id,
        at=iso(found.at) or "",
        source=found.source,
        outcome=found.outcome,
        code=found.code,
        status=found.status,
        event_id=found.event_id or None,
        detail=found.detail or None,
        scheme=found.scheme or None,
        bytes=found.bytes,
        remote=found.remote or None,
        duration_ms=found.duration_ms,
        more=found.more,
        **more,
    )


_TAG = "Deliveries"
OPERATIONS = (
    Operation(
        name="listDeliveries",
        method="GET",
        path="/api/v1/deliveries",
        tag=_TAG,
        scope=Scope.READ,
        summary="Deliveries of the last week, the newest first",
        about=_ABOUT,
        query=DeliveriesQuery,
        answer=DeliveryAnswer,
        many=True,
        handler=_list,
    ),
    Operation(
        name="showDelivery",
        method="GET",
        path="/api/v1/deliveries/{deliveryId}",
        tag=_TAG,
        scope=Scope.READ,
        summary="One delivery",
        path_model=DeliveryPath,
        query=ShowQuery,
        answer=DeliveryAnswer,
        errors=(ErrorCode.NOT_FOUND,),
        handler=_show,
    ),
)
