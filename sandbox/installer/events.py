"""
The events that the pretended upstream sends: which change raises which, and their bodies.

The twelve names, the envelope and the seven fields of `data` are documented, the fields for order.created only.
Ours: that a change raises these events in this order, that the seven fields stand in every event,
and every field named under `EventData` as ours.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from ..config import EventRules
from ..times import whole_seconds
from .orders import Order
from .phases import Change

EVENT_TYPES = (
    "order.created",
    "order.updated",
    "order.completed",
    "order.cancelled",
    "order.deleted",
    "order.dispatched",
    "order.assigned",
    "booking.created",
    "booking.updated",
    "booking.cancelled",
    "workflow.step.completed",
    "workflow.step.activated",
)

#: Ours: a visit is booked for the next day and takes two hours.
_BOOKED_AHEAD, _VISIT = timedelta(days=1), timedelta(hours=2)


class EventData(BaseModel):
    """
    What an event says of its order. The first seven fields are documented.

    Ours, in the events where they occur: `booking`, `step`, `cancelReason`.
    """

    model_config = ConfigDict(frozen=True, extra="allow", alias_generator=to_camel, validate_by_name=True)

    id: str
    display_id: str
    name: str
    status: int
    customer_name: str
    # One line here, "123 Main St, Oslo", not the split fields of create-order.
    address: str
    created_at: str


class Envelope(BaseModel):
    """
    The documented envelope. It has no event id.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)

    event: Literal[EVENT_TYPES]  # type: ignore[valid-type]
    timestamp: str
    organization_id: str
    data: EventData


def events_for(change: Change, rules: EventRules) -> tuple[str, ...]:
    """
    Return the events that a change raises, in the order in which they are sent. The mapping is ours.
    """
    assigned = ("order.assigned",) if rules.assigned_after_dispatch else ()
    tagged = ("order.updated",) if rules.updated_on_tags else ()
    table: Mapping[Change, tuple[str, ...]] = {
        Change.CREATED: ("order.created",),
        Change.DISPATCHING: ("order.dispatched", *assigned),
        Change.SCHEDULED: ("booking.created",),
        Change.IN_PROGRESS: (rules.in_progress,),
        Change.COMPLETED: ("order.completed",),
        # No event of the documented twelve says that an order was declined.
        Change.DECLINED: ("order.updated",),
        Change.CANCELLED: ("order.cancelled",),
        Change.DELETED: ("order.deleted",),
        Change.TAGGED: tagged,
    }
    return table[change]


def event_body(event: str, order: Order, *, organization_id: str, now: datetime) -> bytes:
    """
    Write the body of one event about an order as it is now.
    """
    data = EventData(
        id=order.id,
        display_id=order.display_id,
        name=order.name,
        status=int(order.phase),
        customer_name=order.customer_name,
        address=order.address_line,
        created_at=whole_seconds(order.created_at),
        **_invented(event, order, now),
    )
    envelope = Envelope(event=event, timestamp=whole_seconds(now), organization_id=organization_id, data=data)
    return envelope.model_dump_json(by_alias=True).encode()


def sample_body(*, organization_id: str, now: datetime) -> bytes:
    """
    Write the vendor's own sample. Ours: that the test button sends it; ids and times are filled in.
    """
    data = EventData(
        id="00000000-0000-4000-8000-000000000042",
        display_id="P1-42",
        name="Solar Panel Installation",
        status=0,
        customer_name="John Doe",
        address="123 Main St, Oslo",
        created_at=whole_seconds(now),
    )
    envelope = Envelope(
        event="order.created", timestamp=whole_seconds(now), organization_id=organization_id, data=data
    )
    return envelope.model_dump_json(by_alias=True).encode()


def _invented(event: str, order: Order, now: datetime) -> dict[str, Any]:
    if event.startswith("booking."):
        starts = now + _BOOKED_AHEAD
        return {
            "booking": {"startsAt": whole_seconds(starts), "endsAt": whole_seconds(starts + _VISIT)},
        }
    if event.startswith("workflow.step."):
        # The only step type shown anywhere is "booking_create"; that this one is active now is ours.
        return {"step": {"type": "booking_create", "status": "todo"}}
    if event == "order.cancelled":
        return {"cancelReason": order.cancel_reason}
    return {}
