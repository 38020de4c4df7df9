"""
The two calls about the route of a dispatch, and when it is where. Only their paths are documented.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta

from ..operations import Answer, Call, Handler
from ..times import whole_seconds
from .envelope import data
from .views import one_line
from .world import Entity, World, found

#: Ours: a run begins at eight, takes half an hour for each stop, and 7.5 km.
_BEGINS, _STOP, _STOP_KM = "T08:00:00+00:00", timedelta(minutes=30), 7.5


class Routes:
    """
    One method for each call.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> Mapping[str, Handler]:
        """
        Return the handler of each call, by the operation's name.
        """
        return {"get_route": self._route, "get_route_timeline": self._timeline}

    def _named(self, call: Call) -> Entity:
        return found(self._world.runs, call.parameters["id"], "Dispatch")

    def _route(self, call: Call) -> Answer:
        run = self._named(call)
        found_stops = [_stop(number, *each) for number, each in enumerate(stops(self._world, run), 1)]
        route = {"guid": run["routeId"], "dispatchId": run["guid"], "status": run["status"]}
        return data(route | {"distanceKm": _STOP_KM * len(found_stops), "stops": found_stops})

    def _timeline(self, call: Call) -> Answer:
        run = self._named(call)
        arrived = [
            entry("delivered", one["deliveredAt"], f"{one['trackingNumber']} delivered", one["guid"])
            for one in shipments_of(self._world, run)
            if one["deliveredAt"]
        ]
        return data(sorted([*run["timeline"], *arrived], key=lambda entry: str(entry["at"])))


def shipments_of(world: World, run: Entity) -> list[Entity]:
    """
    Return the shipments of a dispatch, in the order of its stops.
    """
    return [world.shipments[guid] for guid in run["shipmentIds"]]


def stops(world: World, run: Entity) -> Iterator[tuple[Entity, str]]:
    """
    Yield each shipment of a dispatch with when it is due.
    """
    begins = datetime.fromisoformat(run["plannedDate"] + _BEGINS)
    for number, shipment in enumerate(shipments_of(world, run), 1):
        yield shipment, whole_seconds(begins + number * _STOP)


def entry(kind: str, at: str, description: str, shipment: str | None) -> Entity:
    """
    Return an entry of a timeline.
    """
    return {"type": kind, "at": at, "description": description, "shipmentId": shipment}


def _stop(number: int, shipment: Entity, due: str) -> Entity:
    return {
        "sequence": number,
        "shipmentId": shipment["guid"],
        "trackingNumber": shipment["trackingNumber"],
        "address": one_line(shipment["recipient"]),
        "status": shipment["status"],
        "estimatedArrival": None if shipment["deliveredAt"] else due,
        "arrivedAt": shipment["deliveredAt"],
    }
