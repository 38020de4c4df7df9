"""
The part of the Dispatch API that is about delivery runs and their routes.
"""

from .door import Door
from .models import things
from .office_models import DispatchOverview, DispatchRoute, DispatchRun, Moment
from .requests import DispatchChanges, NewDispatch


class Runs:
    """Delivery runs, which upstream calls dispatches."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def overview(self) -> DispatchOverview:
        return await self._door.read("dispatch_overview", DispatchOverview.model_validate)

    async def create(self, run: NewDispatch, *, idempotency_key: str) -> DispatchRun:
        return await self._door.make("create_dispatch", DispatchRun.model_validate, run, key=idempotency_key)

    async def get(self, run_id: str) -> DispatchRun:
        return await self._door.read("get_dispatch", DispatchRun.model_validate, id=run_id)

    async def update(self, run_id: str, changed: DispatchChanges, *, idempotency_key: str) -> None:
        body = {"guid": run_id, **changed.body()}
        await self._door.write("update_dispatch", body, key=idempotency_key)

    async def delete(self, run_id: str, *, idempotency_key: str) -> None:
        await self._door.write("delete_dispatch", key=idempotency_key, id=run_id)

    async def remove_shipment(self, run_id: str, shipment_id: str, *, idempotency_key: str) -> None:
        body = {"dispatchId": run_id, "shipmentId": shipment_id}
        await self._door.write("remove_dispatch_shipment", body, key=idempotency_key)

    async def of_shipment(self, shipment_id: str) -> DispatchRun:
        """Return the run that the shipment is on."""
        return await self._door.read("dispatch_of_shipment", DispatchRun.model_validate, id=shipment_id)

    async def route(self, run_id: str) -> DispatchRoute:
        return await self._door.read("get_route", DispatchRoute.model_validate, id=run_id)

    async def timeline(self, run_id: str) -> tuple[Moment, ...]:
        return await self._door.read("get_route_timeline", things(Moment.model_validate), id=run_id)
