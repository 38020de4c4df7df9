"""
The calls about dispatches, the vendor's word for delivery runs.

Overview, create and get are documented; the other bodies and answers are ours.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from ..bodies import read
from ..errors import Refusal
from ..operations import Answer, Call, Handler
from .bodies import Body, Day, Guid, Text
from .envelope import DONE, created, data
from .lives import RUN, SHIPMENT
from .routes import entry, shipments_of, stops
from .views import named
from .world import Entity, World, found, known


class NewRun(Body):
    """
    The body of create_dispatch.
    """

    name: Text
    driver_id: Guid
    vehicle_id: Guid | None = None
    planned_date: Day
    shipment_ids: tuple[Guid, ...] = ()
    notes: str | None = None


class RunChange(NewRun):
    """
    The body of update_dispatch.
    """

    guid: Guid
    name: Text = ""
    driver_id: Guid = ""
    planned_date: Day = ""
    status: Text | None = None


class RunShipment(Body):
    """
    The body of remove_dispatch_shipment.
    """

    dispatch_id: Guid
    shipment_id: Guid


class Runs:
    """
    One method for each call.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> Mapping[str, Handler]:
        """
        Return the handler of each call, by the operation's name.
        """
        return {
            "dispatch_overview": self._overview,
            "create_dispatch": self._create,
            "get_dispatch": self._get,
            "update_dispatch": self._update,
            "delete_dispatch": self._delete,
            "remove_dispatch_shipment": self._remove_shipment,
            "dispatch_of_shipment": self._of_shipment,
        }

    def _named(self, call: Call) -> Entity:
        return found(self._world.runs, call.parameters["id"], "Dispatch")

    # Reading

    def _overview(self, _: Call) -> Answer:
        runs = list(self._world.runs.values())
        active = [run for run in runs if run["status"] == "in_progress"]
        waiting = [
            one
            for run in runs
            for one in shipments_of(self._world, run)
            if one["status"] not in SHIPMENT.final
        ]
        today = self._world.now()[:10]
        return data(
            {
                "totalDispatches": len(runs),
                "activeDispatches": len(active),
                "completedToday": sum((run["completedAt"] or "")[:10] == today for run in runs),
                "pendingDeliveries": len(waiting),
                "driversActive": len({run["driverId"] for run in active}),
                "onTimeRate": self._on_time_rate(),
            }
        )

    def _on_time_rate(self) -> float:
        ended = [one["status"] for one in self._world.shipments.values() if one["status"] in SHIPMENT.final]
        return round(ended.count("delivered") / len(ended), 3) if ended else 1.0

    def _get(self, call: Call) -> Answer:
        run = self._named(call)
        return data(
            {
                "guid": run["guid"],
                "name": run["name"],
                "status": run["status"],
                "driver": named(self._world.drivers, run["driverId"]),
                "vehicle": named(self._world.vehicles, run["vehicleId"]),
                "plannedDate": run["plannedDate"],
                "startedAt": run["startedAt"],
                "shipments": [_delivery(one, due) for one, due in stops(self._world, run)],
                "notes": run["notes"],
            }
        )

    def _of_shipment(self, call: Call) -> Answer:
        guid = found(self._world.shipments, call.parameters["id"], "Shipment")["guid"]
        run = self._run_of(guid)
        if run is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "Shipment is in no dispatch")
        return data({name: run[name] for name in ("guid", "name", "status")})

    def _run_of(self, shipment: str) -> Entity | None:
        return next((run for run in self._world.runs.values() if shipment in run["shipmentIds"]), None)

    # Changing

    def _create(self, call: Call) -> Answer:
        wish = read(NewRun, call)
        run = self.add(self._checked(wish.whole(), None))
        self._world.did(call, dispatchId=run["guid"])
        shown = {name: run[name] for name in ("guid", "name", "status", "plannedDate")}
        return created(shown | {"shipmentCount": len(run["shipmentIds"])})

    def add(self, fields: Mapping[str, Any]) -> Entity:
        """
        Keep a new dispatch, as a draft.
        """
        run = self._world.add(
            self._world.runs,
            **fields,
            status="draft",
            startedAt=None,
            completedAt=None,
            routeId=self._world.ids.uuid(),
            timeline=[],
        )
        run["timeline"].append(entry("created", run["createdAt"], "Dispatch created", None))
        return run

    def _checked(self, fields: Mapping[str, Any], run: Entity | None) -> Mapping[str, Any]:
        """
        Return the fields of a body whose ids are all known, and whose shipments are in no other dispatch.
        """
        if "driverId" in fields:
            known(self._world.drivers, fields["driverId"], "driverId")
        if fields.get("vehicleId") is not None:
            known(self._world.vehicles, fields["vehicleId"], "vehicleId")
        for guid in fields.get("shipmentIds", ()):
            known(self._world.shipments, guid, "shipmentIds")
            if self._run_of(guid) not in (None, run):
                raise Refusal(HTTPStatus.CONFLICT, f"Shipment {guid} is in another dispatch")
        return fields

    def _update(self, call: Call) -> Answer:
        wish = read(RunChange, call)
        run = found(self._world.runs, wish.guid, "Dispatch")
        fields = dict(self._checked(wish.said(), run))
        status = fields.pop("status", None) or run["status"]
        RUN.check(run["status"], status)
        self._world.change(run, **fields)
        self.move(run, status)
        self._world.did(call, dispatchId=run["guid"], status=status)
        return DONE

    def move(self, run: Entity, to: str) -> None:
        """
        Change the status; the one it has is no change.
        """
        if run["status"] == to:
            return
        self._world.change(run, status=to)
        times = {"in_progress": "startedAt", "completed": "completedAt"}
        if to in times:
            run[times[to]] = run["updatedAt"]
        run["timeline"].append(entry(to, run["updatedAt"], f"Dispatch is {to}", None))

    def _delete(self, call: Call) -> Answer:
        run = self._named(call)
        del self._world.runs[run["guid"]]
        self._world.did(call, dispatchId=run["guid"])
        return DONE

    def _remove_shipment(self, call: Call) -> Answer:
        wish = read(RunShipment, call)
        run = found(self._world.runs, wish.dispatch_id, "Dispatch")
        if wish.shipment_id not in run["shipmentIds"]:
            raise Refusal(HTTPStatus.NOT_FOUND, "Shipment is not in this dispatch")
        rest = [guid for guid in run["shipmentIds"] if guid != wish.shipment_id]
        self._world.change(run, shipmentIds=rest)
        self._world.did(call, dispatchId=run["guid"], shipmentId=wish.shipment_id)
        return DONE


def _delivery(shipment: Entity, due: str) -> Entity:
    shown = {name: shipment[name] for name in ("guid", "trackingNumber", "status")}
    arrived = shipment["deliveredAt"]
    return shown | ({"deliveredAt": arrived} if arrived else {"estimatedArrival": due})
