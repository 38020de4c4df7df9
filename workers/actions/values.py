"""
What a template of a step sees: the event, its data, and the order, read where the template asks for it.
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeVar

from ..failures import Permanent, Reason
from ..templating import Unrenderable
from .base import Step
from .subjects import entity_now

T = TypeVar("T")

#: The reason of a dead letter whose template cannot be filled.
REASON = "template_failed"


async def values_for(step: Step, names: Collection[str]) -> dict[str, Any]:
    """
    Return `event`, `data` and, where *names* has it, `order`; in a workflow about shipments `shipment`, and so on.

    Of a source that is trusted as a hint only, `data` is empty.

    Raises:
        Failure: The order is needed and cannot be had.
    """
    event = step.event
    facts = {
        "id": event.id,
        "type": event.type,
        "subject": event.subject,
        "source": event.source,
        "occurredAt": event.occurred_at,
        "acceptedAt": event.accepted_at,
        "stale": event.stale,
    }
    subject = step.about.lower()
    entity = {subject: await entity_of(step)} if subject in names else {}
    return {"event": facts, "data": _data(step), **entity}


async def entity_of(step: Step) -> Mapping[str, Any]:
    """
    Return what the workflow is about as it was read for the conditions, or as it is now.

    Raises:
        Failure: It cannot be had.
    """
    return step.order if step.order is not None else await entity_now(step)


async def filled(render: Callable[[], T]) -> T:
    """
    Render in a thread, since a template may take its time.

    Raises:
        Permanent: The template, or what it asks for, is wrong.
    """
    try:
        return await asyncio.to_thread(render)
    except Unrenderable as error:
        message = f"a template cannot be filled: {error}; correct it, then replay"
        raise Permanent(message, reason=REASON) from None


def _data(step: Step) -> Mapping[str, Any]:
    """Return the event's own data; a sender that has no envelope sends nothing but data."""
    if not step.trusts_payload:
        return {}
    found = step.event.payload.get("data")
    return found if isinstance(found, Mapping) else step.event.payload


def customer_email(order: Mapping[str, Any]) -> str:
    """
    Return the customer's address in an order, a shipment or a customer; empty where there is none.

    The Dispatch API documents `customer.email` of an order and `email` of a customer. That the Installer API shows the
    `email` it was created with is ours, as its whole answer is.
    """
    customer = order.get("customer")
    places = (order.get("email"), customer.get("email") if isinstance(customer, Mapping) else None)
    return next((place for place in places if isinstance(place, str) and place), "")


def wrong_recipient(problem: str) -> Permanent:
    """Return the failure of a letter that has nobody to go to."""
    return Permanent(f"the recipient cannot be used: {problem}", reason=Reason.RECIPIENT_INVALID)
