"""
What clients of the Installer API send, checked.

Field names and types of create-order are the vendor's sample; which of them are required is second-hand.
Unknown fields are let through: whether the vendor minds them is unknown.
"""

from http import HTTPStatus
from typing import Annotated, Any, Literal
from uuid import UUID

import iso3166
import phonenumbers
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from ..bodies import read
from ..errors import Refusal
from ..operations import Call

#: Required by the report of a third party; the vendor's text marks nothing as required.
REQUIRED_SEVEN = (
    "address",
    "city",
    "postal_code",
    "country_code",
    "email",
    "phone_number",
    "contact_person_name",
)


def _country(code: str) -> str:
    if code not in iso3166.countries_by_alpha2:
        raise PydanticCustomError("country_code", "expected an ISO 3166-1 alpha-2 code in upper case")
    return code


def _phone(number: str) -> str:
    # The vendor validates with libphonenumber-js; this is the same library's Python twin.
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        parsed = None
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        raise PydanticCustomError("phone_number", "expected a valid number such as +4799900111")
    return number


def _integer(value: Any) -> Any:
    # The samples are quoted integers and the comments call them Integer; both are taken.
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


Text = Annotated[str, Field(min_length=1, max_length=10_000)]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$", max_length=254)]
Country = Annotated[str, AfterValidator(_country)]
Phone = Annotated[str, Field(max_length=64), AfterValidator(_phone)]
#: Hundredths of the currency unit, or of a percent.
Hundredths = Annotated[str, BeforeValidator(_integer), Field(pattern=r"^-?[0-9]{1,15}$")]


class _Request(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel)


class OfferLine(_Request):
    """
    One line of an offer.
    """

    product_id: UUID | None = None
    external_id: str | None = None
    image_url: str | None = None
    name: str | None = None
    description: str | None = None
    quantity: int | None = None
    currency_code: str | None = None
    is_tax_inclusive: bool | None = None
    is_paid: bool | None = None
    vat_rate: Hundredths | None = None
    payer_unit_amount: Hundredths | None = None
    discount_unit_amount: Hundredths | None = None
    discount_source_type: str | None = None
    installer_payout_unit_amount: Hundredths | None = None


class Offer(_Request):
    """
    What is offered to the client, and who pays.
    """

    name: str | None = None
    payer: Literal["client", "operator"] | None = None
    lines: tuple[OfferLine, ...] = ()


class CustomField(_Request):
    """
    A value for a field of the order template.
    """

    custom_id: str | None = None
    id: UUID | None = None
    value: str | bool | None = None


class ActorAssignment(_Request):
    """
    Which organisation takes which role.
    """

    actor_slug: str
    organization_id: UUID


class NewOrder(_Request):
    """
    The body of create-order, nothing required.
    """

    name: str | None = None
    # Plain text, or one of two rich-text documents that the vendor's pages disagree about.
    description: str | dict[str, Any] | None = None
    workplace: str | None = None
    address: Text | None = None
    city: Text | None = None
    postal_code: Text | None = None
    country_code: Country | None = None
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    email: Email | None = None
    phone_number: Phone | None = None
    contact_person_name: Text | None = None
    file_ids: tuple[UUID, ...] = ()
    order_tag_ids: tuple[UUID, ...] = ()
    metadata: dict[str, Any] = {}
    workflow_id: UUID | None = None
    workflow_custom_id: str | None = None
    custom_fields: tuple[CustomField, ...] = ()
    idempotency_key: Text | None = None
    actor_assignments: tuple[ActorAssignment, ...] = ()
    offer: Offer | None = None


class Cancellation(_Request):
    """
    The body of cancel-order. That it takes a reason is ours.
    """

    reason: str | None = Field(default=None, max_length=1_000)


class NewTags(_Request):
    """
    The body of create-tags, which is ours.
    """

    names: Annotated[tuple[Annotated[str, Field(min_length=1, max_length=200)], ...], Field(min_length=1)]


class TagChoice(_Request):
    """
    The body of assign-tag, which is ours.
    """

    tag_id: UUID


class FileChoice(_Request):
    """
    The body of attach-file, which is ours, as the whole operation is.
    """

    file_id: UUID


def read_order(call: Call, *, require_seven: bool) -> NewOrder:
    """
    Read create-order, with the second-hand required fields where they are asked for.
    """
    order = read(NewOrder, call)
    missing = [name for name in REQUIRED_SEVEN if require_seven and getattr(order, name) is None]
    if missing:
        raise Refusal(
            HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(f"{to_camel(name)}: required" for name in missing)
        )
    return order
