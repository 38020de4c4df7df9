"""
What create order sends, checked before the call: a refused body would only come back as a dead letter.

Owns the field names and formats of the vendor's sample, and money as the strings of hundredths it is sent as.
Which fields are required is second-hand; limits are not documented, so none are set here.
Refuses to know HTTP.
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Any, Literal, TypeAlias
from uuid import UUID

import iso3166
import phonenumbers
from pydantic import AfterValidator, Field, model_validator

from .shapes import Outgoing

#: The most digits of an amount; ours, far over any price and far under a float's precision.
_DIGITS = 15
_TOO_MUCH = 10 ** (_DIGITS - 2)


def hundredths(amount: Decimal) -> str:
    """
    Return *amount* as the API wants it: "100000" for 1000.00, and "2500" for a VAT rate of 25 percent.

    Raises:
        ValueError: It has more than two decimals, which the caller must round, or it is no finite number.
    """
    if not amount.is_finite() or abs(amount) >= _TOO_MUCH:
        raise ValueError(f"expected an amount under {_TOO_MUCH}, found {amount}")
    # By integers: Decimal's own arithmetic rounds to the context's 28 digits and would hide a remainder.
    numerator, denominator = amount.as_integer_ratio()
    whole, rest = divmod(numerator * 100, denominator)
    if rest:
        raise ValueError(f"expected at most two decimals, found {amount}; round it first")
    return str(whole)


def from_hundredths(text: str) -> Decimal:
    """
    Return the amount that the API's string stands for: 1000.00 for "100000".

    Raises:
        ValueError: It is no whole number in ASCII digits.
    """
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS):
        raise ValueError(f"expected a whole number of hundredths as a string, found {text[:20]!r}")
    return Decimal(text).scaleb(-2)


def _amount(text: str) -> str:
    from_hundredths(text)
    return text


def _country(code: str) -> str:
    if code.upper() not in iso3166.countries_by_alpha2:
        raise ValueError(f"expected an ISO 3166-1 alpha-2 code such as NO, found {code[:20]!r}")
    return code.upper()


def _phone(number: str) -> str:
    """Return the number in E.164. Without a leading + its country would be a guess, so that is refused."""
    try:
        parsed = phonenumbers.parse(number, None)
    except phonenumbers.NumberParseException:
        raise ValueError("expected a phone number with its country, such as +4799900111") from None
    if parsed.extension or not phonenumbers.is_valid_number(parsed):
        raise ValueError("expected a phone number that exists, without extension, such as +4799900111")
    formatted: str = phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)
    return formatted


#: A Decimal is refused on purpose: read back from JSON it could not be told from an amount of hundredths.
Hundredths: TypeAlias = Annotated[str, AfterValidator(_amount)]
#: Strict strings: a postal code that went through an integer has lost its leading zero.
Filled: TypeAlias = Annotated[str, Field(min_length=1)]
Email: TypeAlias = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
Country: TypeAlias = Annotated[str, AfterValidator(_country)]
Phone: TypeAlias = Annotated[str, AfterValidator(_phone)]


class OfferLine(Outgoing):
    """
    One line of an offer; with a `product_id` only the quantity is needed.

    Args:
        vat_rate: Hundredths of a percent: `hundredths(Decimal(25))`.
        payer_unit_amount: Hundredths of the currency unit, like the other two amounts.
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


class Offer(Outgoing):
    """What is offered with the order, and who pays."""

    name: str | None = None
    payer: Literal["client", "operator"] | None = None
    lines: tuple[OfferLine, ...] = ()


class CustomField(Outgoing):
    """A value for a field of the order template, which is named by its custom id or by its id."""

    custom_id: str | None = None
    id: UUID | None = None
    value: str | bool

    @model_validator(mode="after")
    def _named_once(self) -> "CustomField":
        if (self.custom_id is None) == (self.id is None):
            raise ValueError("expected either custom_id or id")
        return self


class ActorAssignment(Outgoing):
    """
    Who fills a role of the workflow.

    Args:
        organization_id: The id of one of "my installers"; that `Installer.id` is it, is inferred.
    """

    actor_slug: Filled
    organization_id: UUID


class NewOrder(Outgoing):
    """
    An order to create. The seven fields without a default are required, according to a third party.

    The idempotency key is no field: it is an argument of the call, so that no order is created without one.

    Args:
        description: Plain text; the vendor's pages disagree about its rich text.
        workflow_id: The Installer's workflow, from the Routing App's URL; `workflow_custom_id` in its place.
    """

    address: Filled
    city: Filled
    postal_code: Filled
    country_code: Country
    email: Email
    phone_number: Phone
    contact_person_name: Filled
    name: str | None = None
    description: str | None = None
    workplace: str | None = None
    latitude: float | None = Field(default=None, ge=-90, le=90)
    longitude: float | None = Field(default=None, ge=-180, le=180)
    file_ids: tuple[UUID, ...] | None = None
    order_tag_ids: tuple[UUID, ...] | None = None
    metadata: Mapping[str, Any] | None = None
    workflow_id: UUID | None = None
    workflow_custom_id: str | None = None
    custom_fields: tuple[CustomField, ...] | None = None
    actor_assignments: tuple[ActorAssignment, ...] | None = None
    offer: Offer | None = None
