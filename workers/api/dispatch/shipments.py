"""
The part of the Dispatch API that is about shipments; its lists spell their pages in their own way and take no OData.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from datetime import date

from ..shapes import JsonObject
from .door import Door, Listing
from .models import Shipment, Thing, Trace, things
from .pages import LARGEST_PAGE, PER_PAGE, Page, Tell
from .requests import NewShipment, ShipmentChanges


def _query(
    since: date | None, until: date | None, customer_id: str | None, status: str | None
) -> Mapping[str, str]:
    given = {
        "from": since.isoformat() if since else None,
        "to": until.isoformat() if until else None,
        "customerGuid": customer_id,
        "status": status,
    }
    return {name: text for name, text in given.items() if text}


class Shipments:
    """Shipments. That *since* and *until* are days of their creation, both included, is ours."""

    def __init__(self, door: Door) -> None:
        self._door = door

    async def page(
        self,
        number: int = 1,
        *,
        since: date | None = None,
        until: date | None = None,
        customer_id: str | None = None,
        status: str | None = None,
        size: int = LARGEST_PAGE,
    ) -> Page[Shipment]:
        wanted = Listing(query=_query(since, until, customer_id, status), size=size)
        return await self._door.page("list_shipments", Shipment.model_validate, PER_PAGE, wanted, number)

    def every(
        self,
        *,
        since: date | None = None,
        until: date | None = None,
        customer_id: str | None = None,
        status: str | None = None,
        size: int = LARGEST_PAGE,
        first_page: int = 1,
        tell: Tell | None = None,
    ) -> AsyncIterator[Shipment]:
        """Iterate over all of them, page by page; *tell* hears of each page."""
        query = _query(since, until, customer_id, status)
        wanted = Listing(query=query, size=size, first_page=first_page, tell=tell)
        return self._door.every("list_shipments", Shipment.model_validate, PER_PAGE, wanted)

    def every_unassigned(
        self, *, size: int = LARGEST_PAGE, first_page: int = 1, tell: Tell | None = None
    ) -> AsyncIterator[Shipment]:
        """Iterate over those that are on no delivery run; that this list has pages is ours."""
        wanted = Listing(query={}, size=size, first_page=first_page, tell=tell)
        return self._door.every("list_unassigned_shipments", Shipment.model_validate, PER_PAGE, wanted)

    async def get(self, shipment_id: str) -> Shipment:
        return await self._door.read("get_shipment", Shipment.model_validate, shipmentId=shipment_id)

    async def create(self, shipment: NewShipment, *, idempotency_key: str) -> Shipment:
        return await self._door.make(
            "create_shipment", Shipment.model_validate, shipment, key=idempotency_key
        )

    async def update(self, shipment_id: str, changed: ShipmentChanges, *, idempotency_key: str) -> None:
        await self._door.write("update_shipment", changed, key=idempotency_key, shipmentId=shipment_id)

    async def delete(self, shipment_id: str, *, idempotency_key: str) -> None:
        await self._door.write("delete_shipment", key=idempotency_key, shipmentId=shipment_id)

    async def delete_all(self, shipment_ids: Sequence[str], *, idempotency_key: str) -> None:
        """Delete these shipments, all or none."""
        await self._door.write("delete_shipments", {"shipmentIds": list(shipment_ids)}, key=idempotency_key)

    async def update_dates(
        self,
        shipment_ids: Sequence[str],
        *,
        collection: date | None = None,
        delivery: date | None = None,
        idempotency_key: str,
    ) -> None:
        body: dict[str, object] = {"shipmentIds": list(shipment_ids)}
        if collection:
            body["collectionDate"] = collection.isoformat()
        if delivery:
            body["deliveryDate"] = delivery.isoformat()
        await self._door.write("update_shipment_dates", body, key=idempotency_key)

    async def overview(self) -> JsonObject:
        """Return how many shipments stand where, by names that are ours."""
        return (await self._door.read("shipments_overview", Thing.model_validate)).raw

    async def traces(self, shipment_id: str) -> tuple[Trace, ...]:
        return await self._door.read("list_traces", things(Trace.model_validate), shipmentId=shipment_id)
