"""Pages, search and order, over real HTTP where the names of the parameters matter."""

import pytest

from sandbox.config import DispatchRules
from sandbox.dispatch.paging import ordered, searched
from sandbox.errors import Refusal

pytestmark = pytest.mark.anyio

ITEMS = [
    {
        "guid": "a",
        "name": "Åse",
        "createdAt": "2026-01-02T00:00:00Z",
        "price": 2,
        "address": {"city": "Oslo"},
    },
    {"guid": "b", "name": "Bo", "createdAt": "2026-01-01T00:00:00Z", "price": 10, "address": {"city": None}},
    {
        "guid": "c",
        "name": "Carl",
        "createdAt": "2026-01-03T00:00:00Z",
        "price": 2,
        "address": {"city": "Bergen"},
    },
]


async def test_the_first_page_has_fifty(dispatch):
    """Both numbers are documented."""
    answer = await dispatch.answer("GET", "/api/v1/Orders")

    assert (1, 50, 7) == (answer["page"], answer["pageSize"], answer["totalCount"])
    assert "totalPages" not in answer


async def test_pages_together_are_the_list(dispatch):
    """An iterator over pages must see each thing once."""
    whole = [one["guid"] for one in await dispatch.get("/api/v1/Orders")]

    pages = [await dispatch.get("/api/v1/Orders", Page=page, PageSize=3) for page in (1, 2, 3, 4)]

    assert [3, 3, 1, 0] == [len(page) for page in pages]
    assert whole == [one["guid"] for page in pages for one in page]


async def test_shipments_have_parameters_of_their_own(dispatch):
    """Documented: `page` and `perPage` here, and the answer says `pageSize` all the same."""
    params = {"page": 2, "perPage": 3}
    answer = await dispatch.answer("GET", "/api/v1/shipments", params=params)

    assert (2, 3, 4, 1) == (answer["page"], answer["pageSize"], answer["totalCount"], len(answer["data"]))


async def test_total_pages_are_sent_where_they_are_asked_for(start):
    """One page of the vendor shows the number, four leave it out: a client must take both."""
    sandbox = await start(dispatch=DispatchRules(total_pages=True))

    assert 4 == (await sandbox.get("/api/v1/Orders", params={"PageSize": 2})).json["totalPages"]


@pytest.mark.parametrize(
    "params",
    [
        {"Page": 0},
        {"Page": "x"},
        {"Page": -1},
        {"PageSize": 0},
        {"PageSize": 101},
        {"PageSize": "²"},
        {"Page": "9" * 30},
    ],
)
async def test_a_page_that_cannot_be_is_refused(dispatch, params):
    """Ours: clamping would hide the client's mistake."""
    assert (400, "VALIDATION_ERROR") == await dispatch.refusal("GET", "/api/v1/Products", params=params)


async def test_filter_order_and_search_work_together(dispatch):
    """The documented samples: `status eq 'pending'`, `createdDate desc`, a word."""
    params = {"$filter": "status eq 'pending'", "$orderby": "createdDate desc", "$search": "ORD"}

    newest, oldest = await dispatch.get("/api/v1/Orders", **params)

    assert newest["createdAt"] > oldest["createdAt"]
    assert {"pending"} == {newest["status"], oldest["status"]}


async def test_orders_can_be_listed_by_when_they_changed(dispatch):
    """Reconciliation lists what has changed since it last looked; `updatedAt` is ours."""
    order, *_ = await dispatch.get("/api/v1/Orders")
    since = (await dispatch.order())["updatedAt"]
    await dispatch.answer(
        "PATCH", f"/api/v1/Orders/{(await dispatch.order())['guid']}/status", {"status": "cancelled"}
    )

    found = await dispatch.get(
        "/api/v1/Orders", **{"$filter": f"updatedAt ge {since}", "$orderby": "updatedAt"}
    )

    assert 2 == len(found)
    assert order["guid"] not in {one["guid"] for one in found}


@pytest.mark.parametrize(
    ("text", "guids"),
    [
        pytest.param("createdDate", "bac", id="the sample's name"),
        pytest.param("createdAt desc", "cab", id="the payload's name"),
        pytest.param("price desc, name DESC", "bac", id="several"),
        pytest.param("price,createdAt", "acb", id="numbers as numbers"),
        pytest.param("address/city", "bca", id="null first"),
        pytest.param(" name asc ", "bca", id="by code point"),
    ],
)
def test_things_are_sorted(text, guids):
    """A page means nothing without an order."""
    assert list(guids) == [item["guid"] for item in ordered(ITEMS, text)]


@pytest.mark.parametrize(
    "text", ["colour", "name sideways", "name;", "address", "address/zip", "name,", "name/x"]
)
def test_an_order_that_cannot_be_is_refused(text):
    """A misspelt field must not sort by nothing."""
    with pytest.raises(Refusal, match=r"\$orderby"):
        ordered(ITEMS, text)


@pytest.mark.parametrize(
    ("text", "guids"),
    [("bo", "b"), ("BERGEN carl", "c"), ('"åse"', "a"), ("oslo bergen", ""), ("2026", "abc")],
)
def test_every_word_is_looked_for_in_every_text(text, guids):
    """Ours: the vendor shows `$search=john` and no more."""
    assert list(guids) == [item["guid"] for item in searched(ITEMS, text)]
