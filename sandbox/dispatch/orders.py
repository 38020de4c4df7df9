"""
The calls about orders. Reading is documented; the bodies and answers of the writes are ours.
"""

from collections.abc import Mapping
from functools import partial
from http import HTTPStatus

from ..bodies import read
from ..errors import Refusal
from ..operations import Answer, Call, Handler
from .bodies import CarrierChoice, CollectionDay, DimensionPreset, OrderChoice, OrderShipment, StatusChange
from .envelope import DONE, created, data
from .order_book import OrderBook
from .paging import page_of
from .shipment_book import ShipmentBook
from .views import order_line, whole_order
from .world import Entity, World, found, known


class Orders:
    """
    One method for each call.
    """

    def __init__(self, world: World, book: OrderBook, shipments: ShipmentBook) -> None:
        self._world = world
        self._book = book
        self._shipments = shipments

    def table(self) -> Mapping[str, Handler]:
        """
        Return the handler of each call, by the operation's name.
        """
        return {
            "list_orders": self._list,
            "get_order": self._get,
            "update_order_status": self._update_status,
            "assign_carrier": self._assign_carrier,
            "delete_orders": self._delete,
            "add_dimension_preset": self._add_dimensions,
            "assign_collection_date": self._assign_collection_date,
            "create_order_shipment": self._create_shipment,
        }

    def _list(self, call: Call) -> Answer:
        show, total_pages = partial(order_line, self._world), self._world.config.dispatch.total_pages
        return page_of(list(self._world.orders.values()), call.query, show, total_pages=total_pages)

    def _get(self, call: Call) -> Answer:
        return data(whole_order(self._world, self._named(call)))

    def _update_status(self, call: Call) -> Answer:
        order, wanted = self._named(call), read(StatusChange, call).status
        self._admit(first=order["status"] != wanted, order=order)
        repeated = self._book.move(order, wanted)
        self._world.did(call, order_id=order["guid"], status=wanted, **repeated)
        return DONE

    def _admit(self, *, first: bool, order: Entity) -> None:
        """
        Raises:
            Refusal: 409, a change is repeated, and repeats are to be refused.

        """
        if not (first or self._world.config.repeats == "perform"):
            raise Refusal(HTTPStatus.CONFLICT, f"the order is {order['status']}")

    def _assign_carrier(self, call: Call) -> Answer:
        wish = read(CarrierChoice, call)
        orders = [found(self._world.orders, guid, "Order") for guid in wish.order_ids]
        carrier = known(self._world.carriers, wish.carrier_id, "carrierId")
        for order in orders:
            repeated = {"repeated": True} if order["carrierId"] == carrier["guid"] else {}
            self._admit(first=not repeated, order=order)
            self._book.change(order, carrierId=carrier["guid"])
            self._world.did(call, order_id=order["guid"], carrierId=carrier["guid"], **repeated)
        return DONE

    def _delete(self, call: Call) -> Answer:
        # All are looked up before the first goes: all or none.
        for order in [found(self._world.orders, guid, "Order") for guid in read(OrderChoice, call).order_ids]:
            self._book.remove(order)
            self._world.did(call, order_id=order["guid"])
        return DONE

    def _add_dimensions(self, call: Call) -> Answer:
        order, wish = self._named(call), read(DimensionPreset, call)
        size = {"length": wish.length, "width": wish.width, "height": wish.height, "weight": wish.weight}
        items = [{**item, "dimensions": size} for item in order["items"]]
        self._book.change(order, items=items)
        self._world.did(call, order_id=order["guid"], **size)
        return DONE

    def _assign_collection_date(self, call: Call) -> Answer:
        order, day = self._named(call), read(CollectionDay, call).collection_date
        self._book.change(order, collectionDate=day)
        self._world.did(call, order_id=order["guid"], collectionDate=day)
        return DONE

    def _create_shipment(self, call: Call) -> Answer:
        order, wish = self._named(call), read(OrderShipment, call)
        shipment = self._shipments.of_order(order, wish)
        self._world.did(call, order_id=order["guid"], shipmentId=shipment["guid"])
        return created({name: shipment[name] for name in ("guid", "trackingNumber", "status")})

    def _named(self, call: Call) -> Entity:
        return found(self._world.orders, call.parameters["orderId"], "Order")
