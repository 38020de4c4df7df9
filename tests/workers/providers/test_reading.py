"""What a shop's order and product say, read from the vendors' own samples."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.providers.provider import Kind
from workers.providers.reading import Incomplete, ShopProduct, order_of, product_of

SAMPLES = Path(__file__).parent / "samples"


def sample(name: str):
    return json.loads((SAMPLES / f"{name}.json").read_text())


def woocommerce(**billing):
    order = sample("woocommerce_order")
    order["billing"] |= {"phone": "(415) 555-2671", **billing}
    return order


def shopify(**address):
    order = sample("shopify_order")
    order["shipping_address"] |= {"phone": "502-561-1199", **address}
    return order


def new_order(kind, payload):
    return order_of(kind, payload).new_order(provider="guid", shop="https://shop.example.com").body()


def test_an_order_of_woocommerce_becomes_an_order_to_create():
    """The vendor's sample, but for its phone number, which no phone has."""
    assert {
        "name": "WooCommerce 727",
        "description": "2 x Woo Single #1\n1 x Ship Your Idea \N{EN DASH} Color: Black, Size: M Test",
        "address": "969 Market",
        "city": "San Francisco",
        "postalCode": "94103",
        "countryCode": "US",
        "email": "john.doe@example.com",
        "phoneNumber": "+14155552671",
        "contactPersonName": "John Doe",
        "metadata": {
            "provider": "guid",
            "shop": "https://shop.example.com",
            "shopOrderId": "727",
            "shopOrderNumber": "727",
        },
    } == new_order(Kind.WOOCOMMERCE, woocommerce())


def test_an_order_of_shopify_becomes_an_order_to_create():
    """The vendor's sample, but for its phone number."""
    body = new_order(Kind.SHOPIFY, shopify())

    assert ("Shopify #1001", "Chestnut Street 92", "Louisville", "40202", "US", "Bob Norman") == tuple(
        body[name] for name in ("name", "address", "city", "postalCode", "countryCode", "contactPersonName")
    )
    assert ("bob.norman@hostmail.com", "+15025611199") == (body["email"], body["phoneNumber"])
    assert "450789469" == body["metadata"]["shopOrderId"]


@pytest.mark.parametrize(
    ("kind", "name"), [(Kind.WOOCOMMERCE, "woocommerce_order"), (Kind.SHOPIFY, "shopify_order")], ids=str
)
def test_the_samples_as_they_are_lack_a_phone_number_that_exists(kind, name):
    """The order API takes none that libphonenumber does not know; the message names the field and shows no value."""
    with pytest.raises(Incomplete, match="phoneNumber: expected a phone number") as caught:
        new_order(kind, sample(name))

    assert "555" not in str(caught.value)


def test_goods_go_to_the_shipping_address_or_else_to_the_billing_one():
    """A shop leaves the second empty where both are the same."""
    order = woocommerce(address_1="1 Bill Street")
    order["shipping"]["address_1"] = ""

    assert "1 Bill Street" == new_order(Kind.WOOCOMMERCE, order)["address"]


def test_every_field_that_is_missing_is_named():
    """Who corrects the order in the shop should not have to do it one by one."""
    with pytest.raises(Incomplete) as caught:
        new_order(Kind.SHOPIFY, {"id": 1})

    assert {"address", "city", "postalCode", "countryCode", "email", "phoneNumber", "contactPersonName"} == {
        problem.partition(":")[0] for problem in caught.value.problems
    }


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("read", [order_of, product_of], ids=["order", "product"])
def test_what_has_no_id_is_told(kind, read):
    """There is nothing that it could be told apart by."""
    with pytest.raises(Incomplete, match="id: missing"):
        read(kind, {"name": "x"})


def test_products_are_read_from_the_samples():
    """Names and prices as the shop writes them."""
    assert ShopProduct(
        id="794",
        name="Premium Quality",
        sku="",
        price="21.99",
        weight="",
        variants=0,
        updated_at="2017-03-23T20:01:14",
    ) == product_of(Kind.WOOCOMMERCE, sample("woocommerce_product"))
    assert ShopProduct(
        id="9554194432293",
        name="T-Shirt",
        sku="TSHIRT-001",
        price="29.99",
        weight="",
        variants=1,
        updated_at="2025-04-22T14:30:00-05:00",
    ) == product_of(Kind.SHOPIFY, sample("shopify_webhook_product"))
    assert 2 == product_of(Kind.SHOPIFY, sample("shopify_product")).variants


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)
FIELDS = (
    "id",
    "billing",
    "shipping",
    "shipping_address",
    "customer",
    "line_items",
    "variants",
    "number",
    "name",
)


@given(kind=st.sampled_from(Kind), payload=st.dictionaries(st.sampled_from(FIELDS), JSON))
def test_any_payload_is_read_or_incomplete(kind, payload):
    """It comes from outside: whatever stands there, nothing else may be raised."""
    for read in (order_of, product_of):
        try:
            found = read(kind, payload)
            if read is order_of:
                found.new_order(provider="guid", shop="https://shop.example.com")
        except Incomplete:
            pass
