"""
What clients of the Dispatch API send about orders and shipments, checked, and what all bodies are made of.

The documented bodies are those of the provider, the push subscription, the workflow, the customer, the product,
the dispatch, and a shipment's up to its recipient; every other one is ours.
No page marks a field as required: what is required here is ours too. Unknown fields are let through.
"""

from datetime import date
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


def _guid(text: str) -> str:
    return str(UUID(text))


def _day(text: str) -> str:
    return date.fromisoformat(text).isoformat()


Guid = Annotated[str, AfterValidator(_guid)]
Day = Annotated[str, AfterValidator(_day)]
Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Number = Annotated[float | int, Field(ge=0, le=1_000_000_000)]


class Body(BaseModel):
    """
    The base of all bodies.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, allow_inf_nan=False)

    def said(self) -> dict[str, Any]:
        """
        Return the fields that were sent, by their names in JSON.
        """
        return self.model_dump(mode="json", by_alias=True, exclude_unset=True)

    def whole(self) -> dict[str, Any]:
        """
        Return all fields, null where they were not sent.
        """
        return self.model_dump(mode="json", by_alias=True)


class Address(Body):
    """
    A postal address.
    """

    street: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Size(Body):
    """
    The dimensions of a product.
    """

    length: Number | None = None
    width: Number | None = None
    height: Number | None = None


# Orders


class StatusChange(Body):
    """
    The body of update_order_status.
    """

    status: Text


class CarrierChoice(Body):
    """
    The body of assign_carrier.
    """

    order_ids: Annotated[tuple[Guid, ...], Field(min_length=1, max_length=1_000)]
    carrier_id: Guid


class OrderChoice(Body):
    """
    The body of delete_orders.
    """

    order_ids: Annotated[tuple[Guid, ...], Field(min_length=1, max_length=1_000)]


class DimensionPreset(Body):
    """
    The body of add_dimension_preset.
    """

    length: Number
    width: Number
    height: Number
    weight: Number
    name: str | None = None


class CollectionDay(Body):
    """
    The body of assign_collection_date.
    """

    collection_date: Day


class OrderShipment(Body):
    """
    The body of create_order_shipment.
    """

    carrier_id: Guid | None = None
    reference: str | None = None
    notes: str | None = None


class OrderItem(Body):
    """
    An item of an order that the sandbox is asked for.
    """

    description: Text
    quantity: Annotated[int, Field(ge=1)] = 1
    price: Number = 0


class NewOrder(Body):
    """
    An order that the sandbox is asked for: no call of the API makes one.
    """

    order_number: Text | None = None
    status: Text = "pending"
    customer_id: Guid | None = None
    carrier_id: Guid | None = None
    items: Annotated[tuple[OrderItem, ...], Field(min_length=1)] | None = None
    delivery_address: Address | None = None


# Shipments


class Party(Body):
    """
    A sender or recipient.
    """

    name: Text
    street: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None
    phone: str | None = None


class Package(Body):
    """
    One package of a shipment.
    """

    description: str | None = None
    quantity: Annotated[int, Field(ge=1)] = 1
    weight: Number | None = None
    length: Number | None = None
    width: Number | None = None
    height: Number | None = None


class NewShipment(Body):
    """
    The body of create_shipment; documented up to `recipient`.
    """

    customer_id: Guid
    carrier_id: Guid | None = None
    sender: Party
    recipient: Party
    order_id: Guid | None = None
    packages: tuple[Package, ...] = ()
    reference: str | None = None
    collection_date: Day | None = None
    delivery_date: Day | None = None
    notes: str | None = None


class ShipmentChange(NewShipment):
    """
    The body of update_shipment.
    """

    status: Text | None = None


class ShipmentDates(Body):
    """
    The body of update_shipment_dates.
    """

    shipment_ids: Annotated[tuple[Guid, ...], Field(min_length=1, max_length=1_000)]
    collection_date: Day | None = None
    delivery_date: Day | None = None


class ShipmentChoice(Body):
    """
    The body of delete_shipments.
    """

    shipment_ids: Annotated[tuple[Guid, ...], Field(min_length=1, max_length=1_000)]
