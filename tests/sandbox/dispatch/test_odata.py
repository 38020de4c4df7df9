"""`$filter` over JSON objects."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.dispatch.odata import MAX_CHARACTERS, matching
from sandbox.errors import Refusal

ITEMS = [
    {
        "guid": "5d0a1c3e-6f1b-4f3e-9a57-0c5a1f0e7b01",
        "status": "pending",
        "price": 100,
        "createdAt": "2026-01-15T10:00:00Z",
        "customer": {"name": "Siobhán O'Hara"},
        "items": [{"quantity": 2}],
        "carrier": None,
    },
    {
        "guid": "5d0a1c3e-6f1b-4f3e-9a57-0c5a1f0e7b02",
        "status": "shipped",
        "price": 2.5,
        "createdAt": "2026-02-15T23:30:00Z",
        "customer": {"name": "Bo"},
        "items": [],
        "carrier": {"name": "Kystfrakt AS"},
    },
]


def found(text: str) -> list[int]:
    """Return the numbers of the objects for which a filter holds."""
    return [ITEMS.index(item) for item in matching(ITEMS, text)]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        pytest.param("status eq 'pending'", [0], id="the documented sample"),
        pytest.param("status ne 'pending'", [1], id="ne"),
        pytest.param("price gt 2.5", [0], id="gt"),
        pytest.param("price le 100 and price ge 2.5", [0, 1], id="le, ge"),
        pytest.param("status in ('pending', 'lost')", [0], id="in"),
        pytest.param("not (status eq 'pending')", [1], id="not"),
        pytest.param("price lt 3 or status eq 'pending' and price gt 200", [1], id="and before or"),
        pytest.param("(price lt 3 or status eq 'pending') and price gt 50", [0], id="parentheses"),
        pytest.param("customer/name eq 'Siobhán O''Hara'", [0], id="a quote is doubled"),
        pytest.param("carrier/name eq 'Kystfrakt AS'", [1], id="below a null"),
        pytest.param("carrier eq null", [0], id="null"),
        pytest.param("carrier/name gt 'A'", [1], id="null is not greater"),
        pytest.param("createdAt gt 2026-02-01T00:00:00Z", [1], id="a time"),
        pytest.param(
            "createdAt lt 2026-02-16T00:00:00%2B01:00".replace("%2B", "+"), [0], id="with an offset"
        ),
        pytest.param("createdAt ge 2026-02-15", [1], id="a date"),
        pytest.param("date(createdAt) eq 2026-01-15", [0], id="date of a time"),
        pytest.param("year(createdAt) eq 2026 and month(createdAt) eq 2", [1], id="parts of a time"),
        pytest.param("createdAt lt now()", [0, 1], id="now"),
        pytest.param("contains(tolower(customer/name), 'hara')", [0], id="contains, tolower"),
        pytest.param("startswith(status, 'sh') or endswith(status, 'ng')", [0, 1], id="startswith, endswith"),
        pytest.param("length(trim(concat(status, ' '))) eq 7", [0, 1], id="length, trim, concat"),
        pytest.param("substring(status, 1, 2) eq 'hi' or indexof(status, 'p') eq 0", [0, 1], id="substring"),
        pytest.param("price add 1 eq 101 or price mul 2 eq 5", [0, 1], id="add, mul"),
        pytest.param("round(price) eq 3 and floor(price) eq 2 and ceiling(price) eq 3", [1], id="rounding"),
        pytest.param("-price lt -3", [0], id="minus"),
        pytest.param("items/any(i: i/quantity gt 1)", [0], id="any"),
        pytest.param("items/all(i: i/quantity gt 9)", [1], id="all of nothing"),
        pytest.param("items/any()", [0], id="any at all"),
        pytest.param("guid eq 5D0A1C3E-6F1B-4F3E-9A57-0C5A1F0E7B02", [1], id="a guid without quotes"),
        pytest.param("contains(carrier/name, 'x')", [], id="a function of null"),
    ],
)
def test_a_filter_leaves_what_it_says(text, numbers):
    """What the client's builder writes must mean the same here."""
    assert numbers == found(text)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param("", "ends too early", id="empty"),
        pytest.param("status eq", "cannot be understood at character 7", id="half"),
        pytest.param("status eq 'x", "cannot be understood at character 11", id="an open quote"),
        pytest.param("colour eq 'red'", "'colour', which is no field; known: guid, status,", id="no field"),
        pytest.param("customer/age eq 1", "'age', which is no field; known: name", id="no field below"),
        pytest.param("status/name eq 'x'", "something that is no object", id="below a text"),
        pytest.param("status", "where a comparison is expected", id="no comparison"),
        pytest.param("price gt 'a'", "values of different kinds", id="number and text"),
        pytest.param("length(price) eq 1", "values of different kinds", id="a function of another kind"),
        pytest.param("sqrt(price) eq 1", "Unknown function: 'sqrt'", id="no function"),
        pytest.param("geo.length(price) eq 1", "geo.length, which is not supported", id="a function we lack"),
        pytest.param("createdAt eq 2026-02-31", "a value that cannot be", id="no day"),
        pytest.param("price div 0 eq 1", "a value that cannot be", id="by zero"),
        pytest.param("status/any(s: s eq 'x')", "on something that is no list", id="any of a text"),
        pytest.param("status eq 'a' or " * 200, f"over {MAX_CHARACTERS} characters", id="too long"),
    ],
)
def test_a_filter_that_cannot_be_is_refused_in_words(text, said):
    """Who wrote it must learn where it is wrong, not that the server failed."""
    with pytest.raises(Refusal) as refusal:
        found(text)

    assert 400 == refusal.value.status
    assert said in refusal.value.message


WORDS = [
    "status", "price", "carrier", "customer/name", "items", "eq", "gt", "in", "and", "or", "not", "any", "(", ")", ",",
    "'x'", "1", "-1", "1e999", "null", "true", "2026-01-15", "2026-01-15T10:00:00Z", "i:", "/", "duration'P1D'", "add",
    "length(", "contains(", "year(", "now()", "geography'x'", "10:00:00", "div", "0",
]  # fmt: skip


@given(st.one_of(st.text(), st.lists(st.sampled_from(WORDS)).map(" ".join)))
def test_any_text_is_a_filter_or_refused(text):
    """The sandbox answers what clients under test make up; a 500 of its own would be taken for the upstream's."""
    try:
        matching(ITEMS, text)
    except Refusal as refusal:
        assert 400 == refusal.status


@pytest.mark.parametrize("text", ["(" * 990 + "1 eq 1" + ")" * 990, "not " * 495 + "(1 eq 1)"])
def test_the_deepest_filter_is_answered(text):
    """The length that is allowed bounds the depth; what the stack cannot hold is refused, and nothing falls over."""
    assert len(text) <= MAX_CHARACTERS

    try:
        found(text)
    except Refusal as refusal:
        assert "$filter is nested too deeply" == refusal.message
