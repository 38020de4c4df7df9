"""What create order sends."""

from contextlib import suppress
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic.alias_generators import to_camel

from workers.api.orders import CustomField, NewOrder, Offer, OfferLine, from_hundredths, hundredths

SEVEN = {
    "address": "Storgata 1",
    "city": "Oslo",
    "postal_code": "0365",
    "country_code": "NO",
    "email": "kari@example.com",
    "phone_number": "+4799900111",
    "contact_person_name": "Kari Nordmann",
}


def an_order(**changes):
    return NewOrder(**{**SEVEN, **changes})


def test_the_body_has_the_vendors_names_and_leaves_out_what_is_not_set():
    """A null where the vendor expects nothing could be a validation error."""
    assert {
        "address": "Storgata 1",
        "city": "Oslo",
        "postalCode": "0365",
        "countryCode": "NO",
        "email": "kari@example.com",
        "phoneNumber": "+4799900111",
        "contactPersonName": "Kari Nordmann",
    } == an_order().body()


def test_a_full_order_is_sent_in_the_shape_of_the_vendors_sample():
    """Ids are strings, amounts strings of hundredths, and a field is named by its custom id."""
    product = UUID("11111111-2222-4333-8444-555555555555")
    line = OfferLine(product_id=product, quantity=2, vat_rate=hundredths(Decimal(25)), is_tax_inclusive=True)

    body = an_order(
        file_ids=[product],
        custom_fields=[CustomField(custom_id="roof", value=True)],
        metadata={"erp": "A-1"},
        offer=Offer(name="Panels", payer="client", lines=(line,)),
    ).body()

    assert [str(product)] == body["fileIds"]
    assert [{"customId": "roof", "value": True}] == body["customFields"]
    assert {"erp": "A-1"} == body["metadata"]
    assert {
        "name": "Panels",
        "payer": "client",
        "lines": [{"productId": str(product), "quantity": 2, "vatRate": "2500", "isTaxInclusive": True}],
    } == body["offer"]


@pytest.mark.parametrize("missing", SEVEN)
def test_each_of_the_seven_is_required(missing):
    """The API would refuse the order; here the mistake is seen before the call."""
    with pytest.raises(ValueError, match=to_camel(missing)):
        NewOrder(**{name: value for name, value in SEVEN.items() if name != missing})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        pytest.param("postal_code", 365, id="a postal code that lost its zero"),
        pytest.param("city", "   ", id="blank"),
        pytest.param("country_code", "NOR", id="alpha-3"),
        pytest.param("country_code", "ZZ", id="no country"),
        pytest.param("email", "kari", id="no address"),
        pytest.param("email", "a@b.no\r\nBcc: x@y.no", id="two header lines"),
        pytest.param("phone_number", "99900111", id="no country"),
        pytest.param("phone_number", "+4712", id="no such number"),
        pytest.param("phone_number", "+4799900111 ext. 5", id="an extension"),
        pytest.param("latitude", 91, id="beyond the pole"),
        pytest.param("longitude", float("nan"), id="not a number"),
        pytest.param("idempotencyKey", "k", id="a field that is an argument"),
        pytest.param("file_ids", ["1"], id="no uuid"),
    ],
)
def test_a_wrong_field_is_refused_without_being_shown(name, value):
    """The message ends up in logs; the value is a customer's."""
    with pytest.raises(ValueError) as caught:
        an_order(**{name: value})

    assert "input_value" not in str(caught.value)


def test_a_phone_number_is_sent_in_e164_and_a_country_in_capitals():
    """The vendor's sample is in that form; people type spaces."""
    order = an_order(phone_number=" +47 999 00 111 ", country_code="no")

    assert ("+4799900111", "NO") == (order.phone_number, order.country_code)


@pytest.mark.parametrize(
    ("amount", "sent"),
    [("1000.00", "100000"), ("25", "2500"), ("0.05", "5"), ("-0.5", "-50"), ("1E+3", "100000"), ("-0", "0")],
)
def test_money_is_sent_in_hundredths(amount, sent):
    """The samples say "100000" for 1000.00 and "2500" for 25 percent."""
    assert sent == hundredths(Decimal(amount))


@pytest.mark.parametrize(
    "amount", ["0.001", "NaN", "Infinity", "1E+13", "1.000000000000000000000000000000001"]
)
def test_money_that_would_have_to_be_rounded_is_refused(amount):
    """Which way to round an invoice is not for a client to choose."""
    with pytest.raises(ValueError, match="expected"):
        hundredths(Decimal(amount))


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=2))
def test_money_comes_back_as_it_was_sent(amount):
    """A cent lost on the way is a wrong invoice."""
    assert amount == from_hundredths(hundredths(amount))


@given(st.text(max_size=20) | st.from_regex(r"-?[0-9]{1,17}"))
def test_any_text_is_an_amount_or_a_value_error(text):
    """The API's amounts are its own to write."""
    with suppress(ValueError):
        assert from_hundredths(text) * 100 == int(text)


def test_a_decimal_is_no_amount_of_hundredths():
    """1000.00 taken for "1000" would be a hundredth of the price."""
    with pytest.raises(ValueError):
        OfferLine(payer_unit_amount=Decimal(1000))


@pytest.mark.parametrize("names", [{}, {"custom_id": "a", "id": UUID(int=1)}], ids=["none", "both"])
def test_a_custom_field_is_named_once(names):
    """With two names it would be anybody's guess which one counts."""
    with pytest.raises(ValueError, match="either custom_id or id"):
        CustomField(value="x", **names)


def test_a_body_reads_back_as_the_same_order():
    """What is kept in an event's ledger can be sent again."""
    order = an_order(offer=Offer(lines=(OfferLine(payer_unit_amount="100000"),)))

    assert order == NewOrder.model_validate(order.body())
