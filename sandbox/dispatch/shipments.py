"""
The calls about shipments. The list and the body of create up to its recipient are documented; the rest is ours.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import date
from functools import partial
from http import HTTPStatus
from typing import Any

from ..bodies import read
from ..errors import Refusal
from ..operations import Answer, Call, Handler
from .bodies import NewShipment, ShipmentChange, ShipmentChoice, ShipmentDates
from .envelope import DONE, created, data
from .lives import SHIPMENT
from .paging import shipments_page_of
from .shipment_book import ShipmentBook
from .views import shipment_line, whole_shipment
from .world import Entity, World, found, known


class Shipments:
    """
    One method for each call.
    """

    def __init__(self, world: World, book: ShipmentBook) -> None:
        self._world = world
        self._book = book

    def table(self) -> Mapping[str, Handler]:
        """
        Return the handler of each call, by the operation's name.
        """
        return {
            "list_shipments": self._list,
            "create_shipment": self._create,
            "get_shipment": self._get,
            "update_shipment": self._update,
            "delete_shipment": self._delete_one,
            "update_shipment_dates": self._update_dates,
            "shipments_overview": self._overview,
            "list_unassigned_shipments": self._unassigned,
            "delete_shipments": self._delete_many,
            "list_traces": self._traces,
        }

    # Reading

    def _list(self, call: Call) -> Answer:
        return self._page([one for one in self._world.shipments.values() if _asked(one, call.query)], call)

    def _unassigned(self, call: Call) -> Answer:
        return self._page(self._without_run(), call)

    def _page(self, shipments: Iterable[Entity], call: Call) -> Answer:
        show, total_pages = partial(shipment_line, self._world), self._world.config.dispatch.total_pages
        return shipments_page_of(list(shipments), call.query, show, total_pages=total_pages)

    def _without_run(self) -> list[Entity]:
        taken = {guid for run in self._world.runs.values() for guid in run["shipmentIds"]}
        return [one for guid, one in self._world.shipments.items() if guid not in taken]

    def _get(self, call: Call) -> Answer:
        return data(whole_shipment(self._world, self._named(call)))

    def _overview(self, _: Call) -> Answer:
        count = Counter(one["status"] for one in self._world.shipments.values())
        return data(
            {
                "totalShipments": count.total(),
                "created": count["created"],
                "inTransit": count["in_transit"],
                "outForDelivery": count["out_for_delivery"],
                "delivered": count["delivered"],
                "failed": count["failed"],
                "cancelled": count["cancelled"],
                "unassigned": len(self._without_run()),
            }
        )

    def _traces(self, call: Call) -> Answer:
        return data(self._named(call)["traces"])

    def _named(self, call: Call) -> Entity:
        return found(self._world.shipments, call.parameters["shipmentId"], "Shipment")

    # Making

    def _create(self, call: Call) -> Answer:
        shipment = self._book.add(self._checked(read(NewShipment, call)))
        self._world.did(call, order_id=shipment["orderId"], shipmentId=shipment["guid"])
        return created({name: shipment[name] for name in ("guid", "trackingNumber", "status")})

    def _checked(self, wish: NewShipment) -> dict[str, Any]:
        """
        Return the fields of a body whose ids are all known.
        """
        known(self._world.customers, wish.customer_id, "customerId")
        if wish.carrier_id is not None:
            known(self._world.carriers, wish.carrier_id, "carrierId")
        if wish.order_id is not None:
            known(self._world.orders, wish.order_id, "orderId")
        return wish.whole()

    # Changing

    def _update(self, call: Call) -> Answer:
        shipment, wish = self._named(call), read(ShipmentChange, call)
        fields = self._checked(wish)
        status = fields.pop("status") or shipment["status"]
        SHIPMENT.check(shipment["status"], status)
        self._book.change(shipment, **fields)
        self._book.move(shipment, status)
        self._world.did(call, order_id=shipment["orderId"], shipmentId=shipment["guid"], status=status)
        return DONE

    def _update_dates(self, call: Call) -> Answer:
        wish = read(ShipmentDates, call)
        dates = {name: value for name, value in wish.said().items() if name != "shipmentIds"}
        for shipment in [found(self._world.shipments, guid, "Shipment") for guid in wish.shipment_ids]:
            self._book.change(shipment, **dates)
            self._world.did(call, order_id=shipment["orderId"], shipmentId=shipment["guid"], **dates)
        return DONE

    def _delete_one(self, call: Call) -> Answer:
        return self._delete([self._named(call)], call)

    def _delete_many(self, call: Call) -> Answer:
        guids = dict.fromkeys(read(ShipmentChoice, call).shipment_ids)
        return self._delete([found(self._world.shipments, guid, "Shipment") for guid in guids], call)

    def _delete(self, shipments: Iterable[Entity], call: Call) -> Answer:
        for shipment in shipments:
            self._book.remove(shipment)
            self._world.did(call, order_id=shipment["orderId"], shipmentId=shipment["guid"])
        return DONE


def _asked(shipment: Entity, query: Mapping[str, str]) -> bool:
    created_on = shipment["createdAt"][:10]
    wanted = (
        query.get("status", shipment["status"]),
        query.get("customerGuid", shipment["customerId"]).lower(),
    )
    if wanted != (shipment["status"], shipment["customerId"]):
        return False
    return bool(_day(query, "from", created_on) <= created_on <= _day(query, "to", created_on))


def _day(query: Mapping[str, str], name: str, otherwise: str) -> str:
    try:
        return date.fromisoformat(query.get(name, otherwise)[:10]).isoformat()
    except ValueError:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"{name}: expected a date such as 2025-01-15") from None
