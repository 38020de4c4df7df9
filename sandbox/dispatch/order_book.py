"""
How orders come to be, move on and go, whoever asks for it: a call of the API, or the sandbox's own door. All ours.
"""

import random
from collections.abc import Mapping

from .bodies import NewOrder
from .customers import Customers, NewCustomer
from .lives import ORDER
from .seeds import sample_order
from .world import Entity, World, known


class OrderBook:
    """
    Every way to change an order; each is told to the listener, and none is an effect by itself.
    """

    def __init__(self, world: World, customers: Customers) -> None:
        self._world = world
        self._customers = customers

    def add(self, wish: NewOrder, samples: random.Random) -> Entity:
        """
        Make an order as it is wished.

        Raises:
            Refusal: 400, it names somebody who is not there, or a status that is none.

        """
        order = self._world.add(self._world.orders, **self._fields(wish, samples))
        self._world.tell("order.created", order, {})
        return order

    def _fields(self, wish: NewOrder, samples: random.Random) -> Entity:
        """
        Return the fields of an order: a sample, and over it what was asked for.
        """
        world, asked = self._world, {name: value for name, value in wish.said().items() if value is not None}
        if not world.customers:
            self._customers.add(NewCustomer(name="Kari Nordmann"))
        if "customerId" in asked:
            known(world.customers, asked["customerId"], "customerId")
        if "carrierId" in asked:
            known(world.carriers, asked["carrierId"], "carrierId")
        ORDER.check("pending", wish.status)
        if wish.items is not None:
            asked["items"] = [
                {"guid": world.ids.uuid(), **item.whole(), "dimensions": None} for item in wish.items
            ]
        if wish.delivery_address is not None:
            asked["deliveryAddress"] = wish.delivery_address.whole()
        return sample_order(world, world.ids, samples) | asked

    def move(self, order: Entity, to: str) -> Mapping[str, bool]:
        """
        Change the status and say so; a repeated change is none, and is marked in the effect.

        Raises:
            Refusal: 409, the status is final.

        """
        before = order["status"]
        ORDER.check(before, to)
        if before == to:
            return {"repeated": True}
        self._world.change(order, status=to)
        self._world.tell("order.status_changed", order, {"previousStatus": before})
        return {}

    def change(self, order: Entity, **fields: object) -> None:
        self._world.change(order, **fields)
        self._world.tell("order.updated", order, {})

    def remove(self, order: Entity) -> None:
        """
        Delete an order; its shipments stay, without it. One that is named twice goes once.
        """
        if self._world.orders.get(order["guid"]) is None:
            return
        self._world.tell("order.deleted", order, {})
        del self._world.orders[order["guid"]]
        for shipment in self._world.shipments.values():
            if shipment["orderId"] == order["guid"]:
                shipment["orderId"] = None
