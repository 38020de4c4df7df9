"""
What the Dispatch API answers, as frozen values.

Owns the tolerant reading: of what was asked for only the guid must be there (of an order its status too), unknown
fields stand in `raw`, what is of another shape than expected is left out, a status is any text.
Which fields are documented is told per operation in `operations.py`; those said to be ours were invented.
Upstream's *dispatch* is a delivery run; its *workflow* and *trigger* are not ours, and prefixed.
"""

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Annotated, Any, TypeAlias, TypeVar

from pydantic import (
    BeforeValidator,
    Field,
    ValidationError,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from ..models import OrderPhase, Tag
from ..shapes import Answer, JsonObject, kind_of

T = TypeVar("T")

Guid: TypeAlias = Annotated[str, Field(min_length=1)]


def _or_none(given: object) -> object:
    return () if given is None else given


#: A list that may be missing or null.
Many: TypeAlias = Annotated[tuple[T, ...], BeforeValidator(_or_none)]


class Thing(Answer):
    """Something of an answer; `raw` is the whole object, which conditions look into."""

    raw: JsonObject = Field(default_factory=dict, repr=False)

    @model_validator(mode="before")
    @classmethod
    def _keep(cls, body: object) -> object:
        return {**body, "raw": body} if isinstance(body, Mapping) else body

    @field_validator("*", mode="wrap")
    @classmethod
    def _or_left_out(cls, value: Any, read: ValidatorFunctionWrapHandler, info: ValidationInfo) -> Any:
        """Leave out what is not of the shape that we know, unless it must be there: `raw` has it all the same."""
        try:
            return read(value)
        except ValidationError:
            field = cls.model_fields[str(info.field_name)]
            if field.is_required():
                raise
            return field.get_default(call_default_factory=True)


class Named(Thing):
    """A part of something else, known by its guid and mostly a name: a carrier, a driver, a contact."""

    guid: str | None = None
    name: str | None = None


class Entity(Thing):
    """What an event or a call may be about: without its guid nothing can be done with it."""

    guid: Guid
    name: str | None = None


class Address(Thing):
    """Where something is; `country` is left out in lists of orders."""

    street: str | None = None
    city: str | None = None
    state: str | None = None
    postal_code: str | None = None
    country: str | None = None


class Dimensions(Thing):
    """Of an order's item or of a product; which units is a setting of theirs, and undocumented."""

    length: Decimal | None = None
    width: Decimal | None = None
    height: Decimal | None = None
    weight: Decimal | None = None


class Buyer(Named):
    """The customer as an order shows it."""

    email: str | None = None


class OrderItem(Thing):
    """A line of an order; `guid` and `dimensions` are in the single order only."""

    guid: str | None = None
    description: str | None = None
    quantity: Decimal | None = None
    price: Decimal | None = None
    dimensions: Dimensions | None = None


class DispatchOrder(Thing):
    """
    An order. Besides its own names it has those by which actions know any API's order.

    `phase` is None: which status means what is documented for two words only.
    """

    guid: Guid
    status: str
    order_number: str | None = None
    customer: Buyer | None = None
    items: Many[OrderItem] = ()
    delivery_address: Address | None = None
    carrier: Named | None = None
    created_at: str | None = None
    updated_at: str | None = None  # ours
    collection_date: str | None = None  # ours
    shipments: Many[str] = ()  # ours

    @property
    def id(self) -> str:
        return self.guid

    @property
    def display_id(self) -> str | None:
        return self.order_number

    @property
    def phase(self) -> OrderPhase | None:
        return None

    @property
    def tags(self) -> tuple[Tag, ...]:
        """Return none: the API has no tags."""
        return ()


class Place(Thing):
    """Sender or recipient of a shipment; `address` is one text."""

    name: str | None = None
    address: str | None = None


class Shipment(Thing):
    """A shipment; from `order_id` on the fields are ours."""

    guid: Guid
    status: str | None = None
    tracking_number: str | None = None
    customer: Named | None = None
    sender: Place | None = None
    recipient: Place | None = None
    carrier: Named | None = None
    created_at: str | None = None
    order_id: str | None = None
    collection_date: str | None = None
    delivery_date: str | None = None
    delivered_at: str | None = None
    reference: str | None = None
    notes: str | None = None
    updated_at: str | None = None


class Trace(Thing):
    """Where a shipment was; the shape is ours."""

    status: str | None = None
    description: str | None = None
    location: str | None = None
    timestamp: str | None = None


class Reference(Named):
    """A customer's number elsewhere; the shape is ours."""

    value: str | None = None


class Contact(Named):
    """A person at a customer's; the shape is ours."""

    email: str | None = None
    phone: str | None = None
    role: str | None = None


class Customer(Entity):
    """A customer; the two times, references and contacts are ours."""

    email: str | None = None
    phone: str | None = None
    company: str | None = None
    address: Address | None = None
    created_at: str | None = None
    updated_at: str | None = None
    references: Many[Reference] = ()
    contacts: Many[Contact] = ()


class Variant(Named):
    """A variant of a product; the shape is ours."""

    sku: str | None = None
    price: Decimal | None = None
    attributes: JsonObject | None = None


class Product(Entity):
    """A product; from `description` on the fields are inferred from what creates one, or ours."""

    sku: str | None = None
    price: Decimal | None = None
    weight: Decimal | None = None
    dimensions: Dimensions | None = None
    variant_count: int | None = None
    description: str | None = None
    cost: Decimal | None = None
    barcode: str | None = None
    variants: Many[Variant] = ()
    created_at: str | None = None
    updated_at: str | None = None


class Upload(Thing):
    """A list of customers that waits to be confirmed; the shape is ours."""

    upload_id: str
    rows: int | None = None
    valid: int | None = None
    errors: Many[Thing] = ()


def things(read: Callable[[Any], T]) -> Callable[[Any], tuple[T, ...]]:
    """Return what reads a list of things."""

    def reads(answer: Any) -> tuple[T, ...]:
        if not isinstance(answer, list):
            raise ValueError(f"expected a list, found {kind_of(answer)}")  # noqa: TRY004 - callers catch one class
        return tuple(map(read, answer))

    return reads
