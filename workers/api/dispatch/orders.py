"""
The part of the Dispatch API that is about orders. None of its writes is documented beyond its path.
"""

from collections.abc import Sequence
from datetime import date

from .door import Door
from .lists import ODataList
from .models import DispatchOrder, Shipment
from .requests import DimensionPreset


class Orders(ODataList[DispatchOrder]):
    """Orders."""

    def __init__(self, door: Door) -> None:
        super().__init__(door, "list_orders", DispatchOrder.model_validate)

    async def get(self, order_id: str) -> DispatchOrder:
        return await self._door.read("get_order", DispatchOrder.model_validate, orderId=order_id)

    async def update_status(self, order_id: str, status: str, *, idempotency_key: str) -> None:
        await self._door.write(
            "update_order_status", {"status": status}, key=idempotency_key, orderId=order_id
        )

    async def assign_carrier(
        self, order_ids: Sequence[str], carrier_id: str, *, idempotency_key: str
    ) -> None:
        body = {"orderIds": list(order_ids), "carrierId": carrier_id}
        await self._door.write("assign_carrier", body, key=idempotency_key)

    async def delete(self, order_ids: Sequence[str], *, idempotency_key: str) -> None:
        """Delete these orders, all or none."""
        await self._door.write("delete_orders", {"orderIds": list(order_ids)}, key=idempotency_key)

    async def add_dimension_preset(
        self, order_id: str, preset: DimensionPreset, *, idempotency_key: str
    ) -> None:
        await self._door.write("add_dimension_preset", preset, key=idempotency_key, orderId=order_id)

    async def assign_collection_date(self, order_id: str, day: date, *, idempotency_key: str) -> None:
        body = {"collectionDate": day.isoformat()}
        await self._door.write("assign_collection_date", body, key=idempotency_key, orderId=order_id)

    async def create_shipment(
        self,
        order_id: str,
        *,
        carrier_id: str | None = None,
        reference: str | None = None,
        notes: str | None = None,
        idempotency_key: str,
    ) -> Shipment:
        """Create a shipment of the order, by its own carrier where none is named."""
        given = {"carrierId": carrier_id, "reference": reference, "notes": notes}
        body = {name: value for name, value in given.items() if value is not None}
        return await self._door.make(
            "create_order_shipment", Shipment.model_validate, body, key=idempotency_key, orderId=order_id
        )
