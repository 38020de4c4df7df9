"""
Which call of an API reads what an event is about: an order, a shipment, a customer, a product.
"""

from collections.abc import Mapping
from typing import Any

from .failures import Permanent, Reason

#: By entity type; an API need not have them all.
CALLS: Mapping[str, str] = {
    "Order": "get_order",
    "Shipment": "get_shipment",
    "Customer": "get_customer",
    "Product": "get_product",
}


async def fetched(api: object, about: str, entity_id: str) -> Mapping[str, Any]:
    """
    Return an entity as the API has it now.

    Raises:
        Failure: It cannot be had; `operation_missing` where the API has no such entities.
    """
    call = getattr(api, CALLS[about], None)
    if call is None:
        message = f"the order API of this source has no {about.lower()}s to read"
        raise Permanent(message, reason=Reason.OPERATION_MISSING)
    raw: Mapping[str, Any] = (await call(entity_id)).raw
    return raw
