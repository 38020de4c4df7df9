"""
What the Dispatch API is sent, checked before the call: a refused body would only come back as a dead letter.

The vendor marks no field as required; what has no default here is what a thing cannot be without. Which of the
fields are ours is told per operation in `operations.py`, or here where it is a matter of one field.
"""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, PlainSerializer

from ..shapes import Outgoing

Id: TypeAlias = Annotated[str, Field(min_length=1)]
#: A number goes as one: the samples' prices are not in quotes.
Number: TypeAlias = Annotated[Decimal, PlainSerializer(float, return_type=float)]


class Location(Outgoing):
    """An address."""

    street: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Party(Location):
    """Sender or recipient of a new shipment."""

    name: Id
    phone: str | None = None


class Size(Outgoing):
    """Length, width and height, in the units that the business has set."""

    length: Number
    width: Number
    height: Number


class DimensionPreset(Size):
    """The dimensions of every item of an order; the fields are ours."""

    weight: Number
    name: str | None = None


class Package(Outgoing):
    """A package of a shipment; ours."""

    description: str | None = None
    quantity: int | None = None
    weight: Number | None = None
    length: Number | None = None
    width: Number | None = None
    height: Number | None = None


class NewShipment(Outgoing):
    """A shipment to create; the four fields without a default are documented, the others ours."""

    customer_id: Id
    carrier_id: Id
    sender: Party
    recipient: Party
    order_id: str | None = None
    packages: tuple[Package, ...] | None = None
    reference: str | None = None
    collection_date: date | None = None
    delivery_date: date | None = None
    notes: str | None = None


class ShipmentChanges(NewShipment):
    """A shipment as it is to be; that `status` may be among it is ours."""

    status: str | None = None


class NewCustomer(Outgoing):
    """A customer to create, or as one is to be."""

    name: Id
    email: str | None = None
    phone: str | None = None
    company: str | None = None
    address: Location | None = None


class ContactDetails(Outgoing):
    """A contact, or those of its fields that are to change; the fields are ours."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    role: str | None = None


class NewProduct(Outgoing):
    """A product to create, or as one is to be."""

    name: Id
    sku: Id
    description: str | None = None
    price: Number | None = None
    cost: Number | None = None
    weight: Number | None = None
    dimensions: Size | None = None
    barcode: str | None = None


class VariantDetails(Outgoing):
    """A variant, or those of its fields that are to change; the fields are ours."""

    name: str | None = None
    sku: str | None = None
    price: Number | None = None
    attributes: Mapping[str, Any] | None = None


class ProductSettings(Outgoing):
    """The units and the currency of products; ours."""

    weight_unit: Literal["kg", "lb"] | None = None
    dimension_unit: Literal["cm", "in"] | None = None
    default_currency: str | None = None


class BusinessPreferences(Outgoing):
    """The settings of a business."""

    timezone: str | None = None
    currency: str | None = None


class BusinessDetails(Outgoing):
    """A business, or those of its fields that are to change; which a new one needs is ours."""

    name: str | None = None
    email: str | None = None
    phone: str | None = None
    address: Location | None = None
    settings: BusinessPreferences | None = None


class NewDispatch(Outgoing):
    """A delivery run to plan; that the last two may be left out is ours."""

    name: Id
    driver_id: Id
    planned_date: date
    shipment_ids: tuple[Id, ...]
    vehicle_id: str | None = None
    notes: str | None = None


class DispatchChanges(Outgoing):
    """Those fields of a delivery run that are to change; ours."""

    name: str | None = None
    driver_id: str | None = None
    planned_date: date | None = None
    shipment_ids: tuple[Id, ...] | None = None
    vehicle_id: str | None = None
    notes: str | None = None
    status: str | None = None


class Credentials(Outgoing):
    """How a shop's own API lets one in."""

    api_key: str = Field(repr=False)
    api_secret: str = Field(repr=False)
    store_url: str


class ProviderSettings(Outgoing):
    """What the integration does by itself."""

    auto_import_orders: bool = False
    sync_products: bool = False
    push_tracking: bool = False


class ProviderConfiguration(Outgoing):
    """A shop to connect."""

    provider_id: Id
    provider_type: Literal["ecommerce"] = "ecommerce"
    credentials: Credentials
    settings: ProviderSettings = ProviderSettings()


class PushKeys(Outgoing):
    """The keys of a browser's push subscription."""

    p256dh: str = Field(alias="p256dh", repr=False)
    auth: str = Field(repr=False)


class VapidSubscription(Outgoing):
    """A browser's push subscription."""

    endpoint: str = Field(repr=False)
    keys: PushKeys


class WorkflowAction(Outgoing):
    """What one of upstream's workflows does; the three fields of the vendor's one sample, which sends an e-mail."""

    type: Id
    recipient: str | None = None
    template: str | None = None


class WorkflowConditions(Outgoing):
    """When it does it; the sample shows a status and no grammar."""

    status: str | None = None


class WorkflowConfiguration(Outgoing):
    """One of upstream's workflows, to create or to update; that `guid` names the one to update is ours."""

    name: Id
    entity_type: Literal["Order", "Shipment", "Customer", "Product"]
    trigger_id: Id
    action: WorkflowAction
    conditions: WorkflowConditions | None = None
    guid: str | None = None
