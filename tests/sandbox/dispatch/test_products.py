"""The calls about products, over real HTTP."""

import pytest

from .conftest import NOBODY

pytestmark = pytest.mark.anyio

PATH = "/api/v1/Products"
LAMP = {
    "name": "Lampe", "sku": "L-1", "description": "Messing", "price": 499.5, "cost": 210, "weight": 1.2,
    "dimensions": {"length": 20, "width": 20, "height": 45}, "barcode": "7012345678901",
}  # fmt: skip


@pytest.fixture(name="lamp")
async def _lamp(dispatch) -> str:
    """A product of our own."""
    return f"{PATH}/{(await dispatch.data('POST', PATH, LAMP, status=201))['guid']}"


async def test_a_product_is_created_listed_and_read(dispatch):
    """Documented: the body, `{guid, name, sku}`, and the fields of the list but for the times."""
    made = await dispatch.data("POST", PATH, LAMP, status=201)

    (listed,) = await dispatch.get(PATH, **{"$filter": "sku eq 'L-1'"})
    shown = await dispatch.get(f"{PATH}/{made['guid']}")

    assert {"guid", "name", "sku"} == made.keys()
    assert {
        "guid", "name", "sku", "price", "weight", "dimensions", "variantCount", "createdAt", "updatedAt",
    } == listed.keys()  # fmt: skip
    assert LAMP == {name: shown[name] for name in LAMP}
    assert [] == shown["variants"]


async def test_a_product_is_replaced(dispatch, lamp):
    """PUT: what is left out is empty."""
    await dispatch.answer("PUT", lamp, {"name": "Lampe II", "sku": "L-1"})

    shown = await dispatch.get(lamp)
    assert ("Lampe II", None) == (shown["name"], shown["price"])


@pytest.mark.parametrize(
    ("body", "refusal"),
    [
        ({"name": "x"}, (400, "VALIDATION_ERROR")),
        ({"name": "x", "sku": "y", "price": -1}, (400, "VALIDATION_ERROR")),
        ({"name": "x", "sku": "y", "dimensions": {"length": "a"}}, (400, "VALIDATION_ERROR")),
        ({"name": "x", "sku": "VP-6"}, (409, "CONFLICT")),
    ],
)
async def test_a_product_that_cannot_be_is_refused(dispatch, lamp, body, refusal):
    """Ours: name and sku are required, and a sku belongs to one product."""
    assert refusal == await dispatch.refusal("POST", PATH, body)
    assert refusal == await dispatch.refusal("PUT", lamp, body)


async def test_products_cannot_be_deleted(dispatch, lamp):
    """The vendor's table has no such call."""
    assert (405, "METHOD_NOT_ALLOWED") == await dispatch.refusal("DELETE", lamp)


async def test_variants_are_made_read_changed_and_deleted(dispatch, lamp):
    """And counted in the list."""
    body = {"name": "svart", "sku": "L-1-S", "attributes": {"farge": "svart"}}

    made = await dispatch.data("POST", f"{lamp}/variants", body, status=201)
    variant = f"{lamp}/variants/{made['guid']}"
    changed = await dispatch.data("PATCH", variant, {"price": 549})
    read = await dispatch.get(variant)
    counted = (await dispatch.get(PATH, **{"$search": "L-1"}))[0]["variantCount"]
    await dispatch.answer("DELETE", variant)

    assert made | {"price": 549} == changed == read
    assert 1 == counted
    assert (404, "NOT_FOUND") == await dispatch.refusal("GET", variant)
    assert (404, "NOT_FOUND") == await dispatch.refusal("POST", f"{PATH}/{NOBODY}/variants", body)


async def test_settings_change_in_part(dispatch):
    """PATCH: what is left out stays."""
    await dispatch.data("PATCH", f"{PATH}/settings", {"weightUnit": "lb"})

    settings = await dispatch.data("PATCH", f"{PATH}/settings", {"defaultCurrency": "SEK"})

    assert {"weightUnit": "lb", "dimensionUnit": "cm", "defaultCurrency": "SEK"} == settings
    assert (400, "VALIDATION_ERROR") == await dispatch.refusal(
        "PATCH", f"{PATH}/settings", {"weightUnit": "stone"}
    )
