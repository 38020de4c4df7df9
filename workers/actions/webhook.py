"""
The built-in action `webhook`: tells a configured target what happened, signed by Standard Webhooks.

Owns the message: its id, which is the same in every attempt and every replay, and its envelope. What it takes to post
one is the target's matter.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeAlias

from ..failures import Permanent, Reason
from ..targets.answers import TargetReason
from .base import Result, Step, Target
from .marking import action
from .parameters import TargetName
from .subjects import entity_now

Data: TypeAlias = Literal["event", "order", "none"]


@action("webhook", effect="collapsible")
async def webhook(step: Step, *, target: TargetName, data: Data | None = None) -> Result:
    """
    Post the event to a target.

    Args:
        target: The name of a target, `[targets.NAME]`.
        data: What the envelope's `data` holds: the `event`'s own, the `order` as the API has it now, in a workflow
            about shipments the shipment, and so on, or `none`. Unset, it is the event's; of a source that is trusted
            as a hint only, the order.
    """
    receiver = _target(step, target)
    body = envelope(step, await _data(step, data))
    return await receiver.deliver(message_id(step), body)


def message_id(step: Step) -> str:
    """Return the `webhook-id`: the receiver knows a repeat by it."""
    return f"msg_{step.idempotency_key}"


def envelope(step: Step, data: Mapping[str, Any] | None) -> bytes:
    """
    Return the message as bytes; of the same event and data they are the same.

    Source: Standard Webhooks 1.0.0, "Payload structure": type, timestamp and data; the rest is ours.
    """
    event = step.event
    message = {
        "type": event.type,
        "timestamp": event.occurred_at or event.accepted_at,
        "id": event.id,
        "source": event.source,
        "subject": event.subject,
        **({} if data is None else {"data": data}),
    }
    return json.dumps(message, separators=(",", ":"), allow_nan=False).encode()


def _target(step: Step, name: str) -> Target:
    found = step.targets.get(name)
    if found is None:
        message = f"there is no target {name!r} any more; add [targets.{name}], then replay"
        raise Permanent(message, reason=TargetReason.MISSING)
    return found


async def _data(step: Step, wanted: Data | None) -> Mapping[str, Any] | None:
    match wanted or ("event" if step.trusts_payload else "order"):
        case "none":
            return None
        case "order":
            return await entity_now(step)
        case _:
            return _own(step)


def _own(step: Step) -> Mapping[str, Any]:
    """Return the event's own data; a sender that has no envelope sends nothing but data."""
    if not step.trusts_payload:
        # Our signature would make a claim of ours of what nobody has verified.
        message = f'source {step.event.source} has trust = "hint"; expected data = "order" or "none"'
        raise Permanent(message, reason=Reason.PAYLOAD_INVALID)
    found = step.event.payload.get("data")
    return found if isinstance(found, Mapping) else step.event.payload
