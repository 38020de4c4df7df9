"""
Entity types: what an event is about, and so what a workflow may ask and act on.

The four names are the Dispatch API's; which event types belong to which is ours, by the first part of their name.
"""

from collections.abc import Mapping
from typing import Literal, TypeAlias

#: The entity types of the Dispatch API (upstream's words).
EntityType: TypeAlias = Literal["Order", "Shipment", "Customer", "Product"]
ENTITY_TYPES: tuple[EntityType, ...] = ("Order", "Shipment", "Customer", "Product")

_FAMILIES: Mapping[str, EntityType] = {
    "order": "Order",
    "booking": "Order",
    "shipment": "Shipment",
    "customer": "Customer",
    "product": "Product",
}


def entity_of(event_type: str) -> EntityType | None:
    """
    Return what events of this type, or of this trigger's code, are about; None where only the workflow can say.

    `workflow.step.*` is such a type: which id its events carry is not documented.
    """
    return _FAMILIES.get(event_type.partition("." if "." in event_type else "_")[0])


def concerns(event_type: str, entity_type: EntityType) -> bool:
    """Tell whether a workflow about *entity_type* may be started by an event of this type."""
    return entity_of(event_type) in (entity_type, None)


def scope_of(entity_type: EntityType) -> str:
    """Return the first word of a condition's path into the fetched entity: `order` in `order.total`."""
    return entity_type.lower()
