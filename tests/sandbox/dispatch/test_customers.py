"""The calls about customers, over real HTTP."""

import pytest

from .conftest import NOBODY

pytestmark = pytest.mark.anyio

PATH = "/api/v1/Customers"
KARI = {
    "name": "Kari Nordmann",
    "email": "kari@example.com",
    "phone": "+4799900111",
    "company": "Nordmann AS",
    "address": {"street": "Markveien 35", "city": "Oslo", "state": "", "postalCode": "0554", "country": "NO"},
}


@pytest.fixture(name="kari")
async def _kari(dispatch) -> str:
    """A customer of our own."""
    return f"{PATH}/{(await dispatch.data('POST', PATH, KARI, status=201))['guid']}"


async def test_a_customer_is_created_listed_and_read(dispatch):
    """Body and object are documented."""
    made = await dispatch.data("POST", PATH, KARI, status=201)

    listed = await dispatch.get(PATH, **{"$search": "kari@example"})
    shown = await dispatch.get(f"{PATH}/{made['guid']}")

    assert KARI == {name: made[name] for name in KARI}
    assert [made] == listed
    assert made | {"references": [], "contacts": []} == shown


async def test_a_customer_is_replaced(dispatch, kari):
    """PUT: what is left out is empty."""
    await dispatch.answer("PUT", kari, {"name": "Kari Hansen"})

    shown = await dispatch.get(kari)
    assert ("Kari Hansen", None, None) == (shown["name"], shown["email"], shown["address"]["city"])


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": "x", "email": "x"}, {"name": 1}, {"name": "x", "address": 1}]
)
async def test_a_customer_that_cannot_be_is_refused(dispatch, body):
    """Ours: a name is required, the rest may be left out."""
    assert (400, "VALIDATION_ERROR") == await dispatch.refusal("POST", PATH, body)


async def test_a_customer_goes_unless_somebody_needs_it(dispatch, kari):
    """Ours: an order without its customer could not be shown."""
    needed = (await dispatch.get("/api/v1/Orders"))[0]["customer"]["guid"]

    await dispatch.answer("DELETE", kari)

    assert (404, "NOT_FOUND") == await dispatch.refusal("GET", kari)
    assert (409, "CONFLICT") == await dispatch.refusal("DELETE", f"{PATH}/{needed}")


async def test_references_are_saved_changed_and_deleted(dispatch, kari):
    """One call saves a new one and, with its guid, an old one."""
    made = await dispatch.data("PATCH", f"{kari}/references", {"name": "erp", "value": "17"})
    changed = await dispatch.data("PATCH", f"{kari}/references", made | {"value": "18"})
    shown = (await dispatch.get(kari))["references"]
    await dispatch.answer("DELETE", f"{kari}/references/{made['guid']}")

    assert [changed] == shown
    assert ("18", made["guid"]) == (changed["value"], changed["guid"])
    assert [] == (await dispatch.get(kari))["references"]
    unknown = {"guid": NOBODY, "name": "erp", "value": "17"}
    assert (404, "NOT_FOUND") == await dispatch.refusal("PATCH", f"{kari}/references", unknown)


async def test_contacts_are_made_changed_and_deleted(dispatch, kari):
    """PATCH: what is left out stays."""
    made = await dispatch.data("POST", f"{kari}/contacts", {"name": "Ola", "role": "foreman"}, status=201)
    changed = await dispatch.data("PATCH", f"{kari}/contacts/{made['guid']}", {"phone": "+4799900112"})
    shown = (await dispatch.get(kari))["contacts"]
    await dispatch.answer("DELETE", f"{kari}/contacts/{made['guid']}")

    assert made | {"phone": "+4799900112"} == changed
    assert [changed] == shown
    assert (404, "NOT_FOUND") == await dispatch.refusal("DELETE", f"{kari}/contacts/{made['guid']}")
    assert 4 == len(await dispatch.effects())


async def test_the_newest_shipments_come_first(dispatch, kari):
    """At most ten of them."""
    guid = kari.rpartition("/")[2]
    made = [(await dispatch.shipment(customerId=guid))["guid"] for _ in range(11)]

    recent = [shipment["guid"] for shipment in await dispatch.get(f"{kari}/recent-shipments")]

    assert 10 == len(recent)
    assert made[-1] == recent[0]


async def test_sales_are_added_up(dispatch, kari):
    """Ours, all of it."""
    guid = kari.rpartition("/")[2]
    nothing = await dispatch.get(f"{kari}/sales-analytics")
    for price in (10, 20.5):
        await dispatch.order(customerId=guid, items=[{"description": "a", "quantity": 2, "price": price}])

    sales = await dispatch.get(f"{kari}/sales-analytics")

    assert {"totalOrders": 0, "totalRevenue": 0, "averageOrderValue": 0, "lastOrderAt": None} == nothing
    assert (2, 61, 30.5) == (sales["totalOrders"], sales["totalRevenue"], sales["averageOrderValue"])
    assert sales["lastOrderAt"]
