"""
What a step is about, and the API that knows it; what is missing is a failure that says where to add it.
"""

from collections.abc import Mapping
from typing import Any

from ..failures import Permanent, Reason
from ..fetching import fetched
from .base import OrderApi, Step


def api_of(step: Step) -> OrderApi:
    """Return the order API of the event's source. Raises Permanent where the configuration names none."""
    if step.api is None:
        message = f"no order API is configured for the source; add `api` to [sources.{step.event.source}]"
        raise Permanent(message, reason=Reason.API_MISSING)
    return step.api


def order_id_of(step: Step) -> str:
    """
    Return the id of the event's order.

    Raises:
        Permanent: The workflow is about something else, or the event names none.
    """
    if step.about != "Order":
        message = f"the workflow is about a {step.about.lower()}, and this action is for orders"
        raise Permanent(message, reason=Reason.NOT_AN_ORDER)
    return subject_of(step)


async def entity_now(step: Step) -> Mapping[str, Any]:
    """
    Return what the workflow is about, an order unless it says otherwise, as the API has it now.

    Raises:
        Failure: It cannot be had.
    """
    return await fetched(api_of(step), step.about, subject_of(step))


def subject_of(step: Step) -> str:
    """Return the id of what the event is about. Raises Permanent where it names nothing."""
    if not step.event.subject:
        message = (
            f"the event {step.event.type} names no {step.about.lower()}; see `mapping.subject` of its source"
        )
        raise Permanent(message, reason=Reason.SUBJECT_MISSING)
    return step.event.subject
