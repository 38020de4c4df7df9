"""
The webhooks of the Dispatch side: their types and bodies.

All of it is ours: the vendor advises to use webhooks and documents no type, payload, header or signature.
The one word that comes from it is `shipment_delivered`, a trigger's code, after which an event is named.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..times import whole_seconds
from ..wire import json_bytes

EVENT_TYPES = (
    "order.created",
    "order.updated",
    "order.status_changed",
    "order.deleted",
    "shipment.created",
    "shipment.updated",
    "shipment.status_changed",
    "shipment.delivered",
    "shipment.deleted",
)


def event_body(event_type: str, event_id: str, shown: Mapping[str, Any], *, now: datetime) -> bytes:
    """
    Write the body of one event about an order or a shipment as it is now.
    """
    # The guid stands there as id too, since that is where receivers look for the subject of an event.
    data = {"id": shown["guid"], **shown}
    return json_bytes({"type": event_type, "timestamp": whole_seconds(now), "id": event_id, "data": data})
