"""
The part of the Dispatch API that is about customers, their contacts and their numbers elsewhere.
"""

from typing import Any

from ..shapes import JsonObject
from .door import Door
from .lists import ODataList
from .models import Contact, Customer, Reference, Shipment, Thing, Upload, things
from .requests import ContactDetails, NewCustomer


class Customers(ODataList[Customer]):
    """Customers."""

    def __init__(self, door: Door) -> None:
        super().__init__(door, "list_customers", Customer.model_validate)

    async def get(self, customer_id: str) -> Customer:
        return await self._door.read("get_customer", Customer.model_validate, customerId=customer_id)

    async def create(self, customer: NewCustomer, *, idempotency_key: str) -> Customer:
        return await self._door.make(
            "create_customer", Customer.model_validate, customer, key=idempotency_key
        )

    async def update(self, customer_id: str, changed: NewCustomer, *, idempotency_key: str) -> Customer:
        return await self._door.make(
            "update_customer", Customer.model_validate, changed, key=idempotency_key, customerId=customer_id
        )

    async def delete(self, customer_id: str, *, idempotency_key: str) -> None:
        await self._door.write("delete_customer", key=idempotency_key, customerId=customer_id)

    async def save_reference(
        self,
        customer_id: str,
        *,
        name: str,
        value: str,
        reference_id: str | None = None,
        idempotency_key: str,
    ) -> Reference:
        """Change the reference, or add one where none is named."""
        body = {"name": name, "value": value, **({"guid": reference_id} if reference_id else {})}
        return await self._door.make(
            "save_customer_reference",
            Reference.model_validate,
            body,
            key=idempotency_key,
            customerId=customer_id,
        )

    async def delete_reference(self, customer_id: str, reference_id: str, *, idempotency_key: str) -> None:
        await self._door.write(
            "delete_customer_reference", key=idempotency_key, customerId=customer_id, referenceId=reference_id
        )

    async def create_contact(
        self, customer_id: str, contact: ContactDetails, *, idempotency_key: str
    ) -> Contact:
        return await self._door.make(
            "create_customer_contact",
            Contact.model_validate,
            contact,
            key=idempotency_key,
            customerId=customer_id,
        )

    async def update_contact(
        self, customer_id: str, contact_id: str, changed: ContactDetails, *, idempotency_key: str
    ) -> Contact:
        return await self._door.make(
            "update_customer_contact",
            Contact.model_validate,
            changed,
            key=idempotency_key,
            customerId=customer_id,
            contactId=contact_id,
        )

    async def delete_contact(self, customer_id: str, contact_id: str, *, idempotency_key: str) -> None:
        await self._door.write(
            "delete_customer_contact", key=idempotency_key, customerId=customer_id, contactId=contact_id
        )

    async def recent_shipments(self, customer_id: str) -> tuple[Shipment, ...]:
        return await self._door.read(
            "recent_shipments", things(Shipment.model_validate), customerId=customer_id
        )

    async def sales_analytics(self, customer_id: str) -> JsonObject:
        """Return what the customer has bought, by names that are ours."""
        found = await self._door.read("sales_analytics", Thing.model_validate, customerId=customer_id)
        return found.raw

    async def upload(self, content: bytes, *, name: str = "customers.csv", idempotency_key: str) -> Upload:
        """Upload customers as CSV; nothing is created before `confirm_upload`. The columns are ours."""
        return await self._door.upload(
            "upload_customers",
            Upload.model_validate,
            content,
            file_name=name,
            media_type="text/csv",
            key=idempotency_key,
        )

    async def confirm_upload(self, upload_id: str, *, idempotency_key: str) -> int | None:
        """Create what was uploaded, and return how many; it is a GET, and never sent twice."""
        return await self._door.make(
            "confirm_customer_upload", _created, key=idempotency_key, query={"uploadId": upload_id}
        )


def _created(data: Any) -> int | None:
    created = Thing.model_validate(data).raw.get("created")
    return created if type(created) is int else None
