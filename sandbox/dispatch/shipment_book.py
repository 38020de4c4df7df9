"""
How shipments come to be, move on and go, whoever asks for it: a call of the API, or the sandbox's own door. All ours.
"""

from collections.abc import Mapping
from typing import Any

from .bodies import OrderShipment
from .lives import SHIPMENT
from .world import Entity, World, known

#: What a trace says of each status.
_SAID = {
    "created": "The shipment has been announced",
    "in_transit": "The shipment is on its way",
    "out_for_delivery": "The shipment is out for delivery",
    "delivered": "The shipment has been delivered",
    "failed": "The delivery has failed",
    "cancelled": "The shipment has been cancelled",
}


class ShipmentBook:
    """
    Every way to change a shipment; each is told to the listener, and none is an effect by itself.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def of_order(self, order: Entity, wish: OrderShipment) -> Entity:
        """
        Make a shipment of an order, from the business to its customer.
        """
        carrier = wish.carrier_id or order["carrierId"]
        if carrier is not None:
            known(self._world.carriers, carrier, "carrierId")
        customer, sender = self._world.customers[order["customerId"]], self._sender()
        recipient = {"name": customer["name"], **order["deliveryAddress"], "phone": customer["phone"]}
        packages = [
            {"description": one["description"], "quantity": one["quantity"]} for one in order["items"]
        ]
        return self.add(
            {
                "customerId": customer["guid"],
                "carrierId": carrier,
                "sender": sender,
                "recipient": recipient,
                "orderId": order["guid"],
                "packages": packages,
                "reference": wish.reference or order["orderNumber"],
                "collectionDate": order["collectionDate"],
                "deliveryDate": None,
                "notes": wish.notes,
            }
        )

    def _sender(self) -> Entity:
        business = next(iter(self._world.businesses.values()))
        return {"name": business["name"], **business["address"], "phone": business["phone"]}

    def add(self, fields: Mapping[str, Any]) -> Entity:
        self._world.numbers += 1
        shipment = self._world.add(
            self._world.shipments,
            trackingNumber=f"TRK{100_000_000 + self._world.numbers}",
            status="created",
            **fields,
            deliveredAt=None,
            traces=[],
        )
        self._trace(shipment)
        self._world.tell("shipment.created", shipment, {})
        return shipment

    def _trace(self, shipment: Entity) -> None:
        status = shipment["status"]
        city = shipment["recipient" if status == "delivered" else "sender"].get("city")
        shipment["traces"].append(
            {
                "status": status,
                "description": _SAID[status],
                "location": city,
                "timestamp": shipment["updatedAt"],
            }
        )

    def move(self, shipment: Entity, to: str) -> None:
        """
        Change the status, leave a trace and say so; the status it has is no change.

        Raises:
            Refusal: 409, the status is final.

        """
        before = shipment["status"]
        SHIPMENT.check(before, to)
        if before == to:
            return
        self._world.change(shipment, status=to)
        if to == "delivered":
            shipment["deliveredAt"] = shipment["updatedAt"]
        self._trace(shipment)
        event = "shipment.delivered" if to == "delivered" else "shipment.status_changed"
        self._world.tell(event, shipment, {"previousStatus": before})

    def change(self, shipment: Entity, **fields: Any) -> None:
        self._world.change(shipment, **fields)
        self._world.tell("shipment.updated", shipment, {})

    def remove(self, shipment: Entity) -> None:
        """
        Delete a shipment, also out of its dispatch.
        """
        self._world.tell("shipment.deleted", shipment, {})
        del self._world.shipments[shipment["guid"]]
        for run in self._world.runs.values():
            run["shipmentIds"] = [guid for guid in run["shipmentIds"] if guid != shipment["guid"]]
