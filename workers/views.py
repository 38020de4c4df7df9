"""
An event as actions see it, and as conditions see it. Pure: a record and a body in, a value out.

Workers act by these views and the console explains by them, so both judge the same thing.
"""

from collections.abc import Mapping
from typing import Any

from receiver import strict_json
from receiver.record import Record, moment
from receiver.strict_json import Unusable

from .actions import EventView
from .conditions import View
from .failures import Permanent, Reason
from .workflows import EntityType, scope_of


def event_view(record: Record, body: bytes | None, *, trusts_payload: bool) -> EventView:
    """
    Return the event as actions see it; of a source that is trusted as a hint only, without what the sender wrote.

    Raises:
        Permanent: The body was erased, or is not usable.
    """
    if body is None:
        raise Permanent("the body was erased; nothing can be done with the event", reason=Reason.BODY_MISSING)
    try:
        payload = strict_json.parse(body)
    except Unusable as error:
        raise Permanent(str(error), reason=Reason.PAYLOAD_INVALID) from error
    return EventView(
        source=record.source,
        id=record.id,
        type=record.type,
        subject=record.subject or None,
        occurred_at=moment(record.occurred).isoformat() if record.occurred else None,
        accepted_at=moment(record.accepted).isoformat(),
        stale=record.stale,
        payload=payload if trusts_payload else {},
        body=body if trusts_payload else b"",
        echo=record.echo is not None,
    )


def condition_view(
    event: EventView,
    *,
    trusts_payload: bool,
    fetched: Mapping[str, Any] | None,
    about: EntityType = "Order",
) -> View:
    """
    Return the event as conditions see it; of a source that is trusted as a hint only, without its data.

    Args:
        fetched: What the event is about as the API has it, None where that was not asked.
        about: What the workflow is about.
    """
    data = event.payload.get("data") if trusts_payload else None
    facts = {
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "source": event.source,
        "occurredAt": event.occurred_at,
        "acceptedAt": event.accepted_at,
        "stale": event.stale,
        "echo": event.echo,
    }
    return View(
        event=facts, data=data if isinstance(data, dict) else {}, fetched=fetched, about=scope_of(about)
    )
