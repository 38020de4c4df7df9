"""
Triggers: which event types start a workflow.

An event type is the sender's word, so any well-formed trigger is allowed; for the well-known ones this module
can say which one a misspelt trigger may have meant.
"""

import difflib
import re

#: The event types that Installer documents, all of them (upstream's words).
INSTALLER_EVENT_TYPES = (
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

#: A code of the Dispatch API's that is no event type of Installer's.
ORDER_STATUS_CHANGED = "order_status_changed"

#: What we take for a change of an order's status; no list of them is published. A booking schedules an order
#: too, but which id its events carry is not documented, so a workflow names `booking.created` itself.
STATUS_CHANGES = frozenset({"order.dispatched", "order.assigned", "order.completed", "order.cancelled"})

#: The trigger codes that the Dispatch API's documentation shows, beside the codes of the event types.
_DISPATCH_API_CODES = (ORDER_STATUS_CHANGED, "shipment_delivered")

#: Close enough to be a slip: it takes `order.canceled` for `order.cancelled`, and leaves `order.paid` alone.
_SIMILARITY = 0.85

_FORM = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*", re.ASCII)
_LONGEST = 128

FORM_IN_WORDS = "an event type such as order.created, or its code order_created"


def is_trigger(text: str) -> bool:
    """Tell whether a text has the form of a trigger; that somebody sends it is another question."""
    return len(text) <= _LONGEST and _FORM.fullmatch(text) is not None


def code_of(event_type: str) -> str:
    """Return a type's code, as the Dispatch API spells triggers: `order_created` for `order.created`."""
    return event_type.replace(".", "_")


def admits(trigger: str, event_type: str) -> bool:
    """Tell whether a trigger admits an event type: itself, its code, or a change of status."""
    if trigger == ORDER_STATUS_CHANGED and event_type in STATUS_CHANGES:
        return True
    return trigger in (event_type, code_of(event_type))


def nearest_known(trigger: str) -> str | None:
    """Return the well-known trigger that a misspelt one may mean; None where it is known or like none."""
    known = (*INSTALLER_EVENT_TYPES, *map(code_of, INSTALLER_EVENT_TYPES), *_DISPATCH_API_CODES)
    if trigger in known:
        return None
    return next(iter(difflib.get_close_matches(trigger.lower(), known, n=1, cutoff=_SIMILARITY)), None)
