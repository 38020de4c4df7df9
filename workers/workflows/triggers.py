"""
Triggers: which event types start a workflow.

An event type is the sender's word, so any well-formed trigger is allowed; the well-known ones have a name and a guid,
and this module can say which one a misspelt trigger may have meant.

Two kinds of words are documented upstream: the event types of Installer.com's webhooks, and three trigger codes of the
Dispatch API. Everything else in `TRIGGERS` is ours, and says so.
"""

import difflib
import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .entities import EntityType

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

#: What we take for a change of an order's status; no list of them is published. `order.status_changed` is the one type
#: of the Dispatch API's side, whose status is a text of the sender's: its code admits it by itself. A booking schedules
#: an order too, but which id its events carry is not documented, so a workflow names `booking.created` itself.
STATUS_CHANGES = frozenset({"order.dispatched", "order.assigned", "order.completed", "order.cancelled"})

#: The same of a shipment, and ours: what is delivered has an event type of its own in our sandbox.
SHIPMENT_STATUS_CHANGED = "shipment_status_changed"
SHIPMENT_CHANGES = frozenset({"shipment.delivered"})

_CHANGES = {ORDER_STATUS_CHANGED: STATUS_CHANGES, SHIPMENT_STATUS_CHANGED: SHIPMENT_CHANGES}

#: Names the guids of what has a name of its own: a trigger, a workflow of a file. The same on every machine.
NAMESPACE = uuid.UUID("6f9d6f0e-2f0c-5d7c-9a55-0c1f7f4a4d10")

#: Close enough to be a slip: it takes `order.canceled` for `order.cancelled`, and leaves `order.paid` alone.
_SIMILARITY = 0.85

_FORM = re.compile(r"[A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*", re.ASCII)
_LONGEST = 128

FORM_IN_WORDS = "an event type such as order.created, or its code order_created"


class Standing(StrEnum):
    """Whose word a trigger is."""

    CODE = "code documented by the Dispatch API"
    TYPE = "event type documented by Installer.com, its code is ours"
    OURS = "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trigger:
    """A well-known trigger, as the Integrations API lists it."""

    code: str
    name: str
    description: str
    entity_type: EntityType
    standing: Standing

    @property
    def guid(self) -> str:
        """Return what a client names it by; ours, since upstream's guids are not published."""
        return str(uuid.uuid5(NAMESPACE, f"trigger:{self.code}"))


def _trigger(code: str, description: str, standing: Standing, entity_type: EntityType = "Order") -> Trigger:
    name = code.replace("_", " ").capitalize()
    return Trigger(code=code, name=name, description=description, entity_type=entity_type, standing=standing)


_CODE, _TYPE, _OURS = Standing

#: Every trigger that the API lists, by entity type.
TRIGGERS: Sequence[Trigger] = (
    _trigger("order_created", "A new order came in.", _CODE),
    _trigger("order_status_changed", "An order's status changed, whatever to.", _CODE),
    _trigger("order_updated", "An order's details changed.", _TYPE),
    _trigger("order_dispatched", "An order was dispatched to a contractor.", _TYPE),
    _trigger("order_assigned", "An order was assigned to an installer.", _TYPE),
    _trigger("order_completed", "An order was marked completed.", _TYPE),
    _trigger("order_cancelled", "An order was cancelled.", _TYPE),
    _trigger("order_deleted", "An order was deleted.", _TYPE),
    _trigger("booking_created", "A booking was scheduled.", _TYPE),
    _trigger("booking_updated", "A booking was moved or changed.", _TYPE),
    _trigger("booking_cancelled", "A booking was cancelled.", _TYPE),
    _trigger("workflow_step_completed", "A step of Installer.com's own workflow was completed.", _TYPE),
    _trigger("workflow_step_activated", "A step of Installer.com's own workflow became active.", _TYPE),
    _trigger("shipment_delivered", "A shipment was delivered.", _CODE, "Shipment"),
    _trigger("shipment_created", "A new shipment was made.", _OURS, "Shipment"),
    _trigger("shipment_status_changed", "A shipment's status changed, whatever to.", _OURS, "Shipment"),
    _trigger("shipment_updated", "A shipment's details changed.", _OURS, "Shipment"),
    _trigger("shipment_deleted", "A shipment was deleted.", _OURS, "Shipment"),
    _trigger("customer_created", "A new customer came in.", _OURS, "Customer"),
    _trigger("customer_updated", "A customer's details changed.", _OURS, "Customer"),
    _trigger("product_created", "A new product came in.", _OURS, "Product"),
    _trigger("product_updated", "A product's details changed.", _OURS, "Product"),
    _trigger("product_deleted", "A product was deleted.", _OURS, "Product"),
)


def is_trigger(text: str) -> bool:
    """Tell whether a text has the form of a trigger; that somebody sends it is another question."""
    return len(text) <= _LONGEST and _FORM.fullmatch(text) is not None


def code_of(event_type: str) -> str:
    """Return a type's code, as the Dispatch API spells triggers: `order_created` for `order.created`."""
    return event_type.replace(".", "_")


def admits(trigger: str, event_type: str) -> bool:
    """Tell whether a trigger admits an event type: itself, its code, or a change of status."""
    if event_type in _CHANGES.get(trigger, ()):
        return True
    return trigger in (event_type, code_of(event_type))


def nearest_known(trigger: str) -> str | None:
    """Return the well-known trigger that a misspelt one may mean; None where it is known or like none."""
    known = (*INSTALLER_EVENT_TYPES, *(one.code for one in TRIGGERS))
    if trigger in known or trigger.replace(".", "_") in known:
        return None
    return next(iter(difflib.get_close_matches(trigger.lower(), known, n=1, cutoff=_SIMILARITY)), None)
