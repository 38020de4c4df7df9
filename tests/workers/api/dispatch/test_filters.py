"""Filters as they are written, and as a parser of OData reads them."""

import string
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from urllib.parse import parse_qs
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from odata_query import ast
from odata_query.grammar import ODataLexer, ODataParser

from workers.api.dispatch.filters import ascending, descending, field, literal, search_for
from workers.api.dispatch.operations import OPERATIONS
from workers.api.replies import Call
from workers.api.sending import path_of

DAY = datetime(2025, 1, 15, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("made", "written"),
    [
        (field("status") == "pending", "status eq 'pending'"),
        (field("status") == "o'brien", "status eq 'o''brien'"),
        (field("status") != "' or 1 eq 1", "status ne ''' or 1 eq 1'"),
        (field("totalCount") > 3, "totalCount gt 3"),
        (field("price") >= Decimal("19.90"), "price ge 19.90"),
        (field("price") < Decimal("1E+3"), "price lt 1000"),
        (field("isActive") == True, "isActive eq true"),  # noqa: E712 - a filter, no comparison
        (field("carrier") == None, "carrier eq null"),  # noqa: E711 - the same
        (field("createdAt") <= DAY, "createdAt le 2025-01-15T10:30:00Z"),
        (
            field("createdAt") > DAY.astimezone(timezone(timedelta(hours=-5))),
            "createdAt gt 2025-01-15T10:30:00Z",
        ),
        (field("customer/guid") == UUID(int=7), "customer/guid eq 00000000-0000-0000-0000-000000000007"),
        (field("name").contains("O'B"), "contains(name,'O''B')"),
        (field("name").starts_with("a"), "startswith(name,'a')"),
        (field("name").ends_with("z"), "endswith(name,'z')"),
        ((field("a") == 1) & (field("b") == 2) & (field("c") == 3), "a eq 1 and b eq 2 and c eq 3"),
        ((field("a") == 1) & ((field("b") == 2) & (field("c") == 3)), "a eq 1 and (b eq 2 and c eq 3)"),
        (((field("a") == 1) | (field("b") == 2)) & (field("c") == 3), "(a eq 1 or b eq 2) and c eq 3"),
        (~(field("a") == 1), "not (a eq 1)"),
        (~field("a").contains("x") | (field("b") == 2), "not (contains(a,'x')) or b eq 2"),
    ],
    ids=str,
)
def test_a_filter_is_written_as_odata_has_it(made, written):
    """A quote that ends the text early makes another filter, and lists other people's orders."""
    assert written == str(made)


@pytest.mark.parametrize(
    "path",
    ["", "a b", "status eq 1 or name", "a'", "a/", "/a", "1a", "a.b", "æ", "null", "NOT", "a/eq", "x" * 200],
)
def test_what_is_no_field_is_refused(path):
    """A name that came from outside could be a filter of its own."""
    for made in (field, ascending, descending):
        with pytest.raises(ValueError, match="name of a field"):
            made(path)


@pytest.mark.parametrize(
    ("value", "error"),
    [
        (datetime(2025, 1, 1), ValueError),
        (Decimal("NaN"), ValueError),
        (Decimal("Infinity"), ValueError),
        (0.1, TypeError),
        (b"x", TypeError),
        (["a"], TypeError),
    ],
)
def test_a_value_that_would_be_another_one_is_refused(value, error):
    """A time without a zone is another moment on each machine, and 0.1 is not what it says."""
    with pytest.raises(error):
        literal(value)


def test_pythons_own_and_is_no_way_to_join():
    """It would drop one of the two conditions without a word."""
    with pytest.raises(TypeError, match="join filters by &"):
        (field("a") == 1) and (field("b") == 2)


def test_an_order_names_its_direction():
    """As in the vendor's one sample."""
    assert ("createdDate desc", "name asc") == (str(descending("createdDate")), str(ascending("name")))


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("john", "john"),
        ("  john   smith ", "john smith"),
        ("o'brien", "o'brien"),
        ("this OR that", 'this "OR" that'),
        ("Volt (AS)", 'Volt "(AS)"'),
        ('a"b\\', '"a\\"b\\\\"'),
    ],
)
def test_a_search_means_its_words(text, written):
    """What OData would read as an operator is a word of the customer's name."""
    assert written == search_for(text)


def test_a_search_for_nothing_is_refused():
    """It would list everything, and whoever asked believes that all of it matches."""
    with pytest.raises(ValueError, match="a word to search for"):
        search_for(" ")


# What is written is what is read: by the parser of odata-query, which knows nothing of the builder.

#: Names that this parser takes for the beginning of another word; OData itself would not.
_TAKEN = ("true", "false", "null", "any", "all", "not", "duration", "geography")
names = st.text(string.ascii_letters + string.digits + "_", min_size=1, max_size=8).filter(
    lambda name: (
        not name[0].isdigit()
        and not name.lower().startswith(_TAKEN)
        and name.lower() not in "nan inf and or in eq ne gt ge lt le add sub mul div mod".split()  # noqa: SIM905 - a table
    )
)
paths = st.lists(names, min_size=1, max_size=2).map("/".join)
times = st.datetimes(min_value=datetime(1900, 1, 1), timezones=st.just(UTC))
values = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False, places=3)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.uuids()
    | times
)
OPERATORS = {"eq": ast.Eq, "ne": ast.NotEq, "lt": ast.Lt, "le": ast.LtE, "gt": ast.Gt, "ge": ast.GtE}
PYTHON = {"eq": "__eq__", "ne": "__ne__", "lt": "__lt__", "le": "__le__", "gt": "__gt__", "ge": "__ge__"}


def _name(path):
    first, *rest = path.split("/")
    node = ast.Identifier(first)
    for part in rest:
        node = ast.Attribute(node, part)
    return node


NODES = {
    type(None): lambda _: ast.Null(),
    bool: lambda value: ast.Boolean(str(value).lower()),
    int: lambda value: ast.Integer(str(value)),
    Decimal: lambda value: ast.Float(format(value, "f")),
    str: ast.String,
    UUID: lambda value: ast.GUID(str(value)),
    datetime: lambda value: ast.DateTime(value.isoformat().replace("+00:00", "Z")),
}


def _value(value):
    return NODES[type(value)](value)


compared = st.builds(
    lambda path, op, value: (
        getattr(field(path), PYTHON[op])(value),
        ast.Compare(OPERATORS[op](), _name(path), _value(value)),
    ),
    paths,
    st.sampled_from(sorted(OPERATORS)),
    values,
)
asked = st.builds(
    lambda path, method, text: (
        getattr(field(path), method)(text),
        ast.Call(ast.Identifier(method.replace("_", "")), [_name(path), ast.String(text)]),
    ),
    paths,
    st.sampled_from(["contains", "starts_with", "ends_with"]),
    st.text(st.characters(exclude_categories=["Cs"])),
)
trees = st.recursive(
    compared | asked,
    lambda inner: (
        st.builds(lambda a, b: (a[0] & b[0], ast.BoolOp(ast.And(), a[1], b[1])), inner, inner)
        | st.builds(lambda a, b: (a[0] | b[0], ast.BoolOp(ast.Or(), a[1], b[1])), inner, inner)
        | st.builds(lambda a: (~a[0], ast.UnaryOp(ast.Not(), a[1])), inner)
    ),
    max_leaves=6,
)


def _parsed(text):
    return ODataParser().parse(ODataLexer().tokenize(text))


@given(trees)
def test_what_the_builder_writes_a_parser_reads_as_the_same_tree(pair):
    """Precedence and quoting are where a filter silently becomes another one."""
    made, tree = pair

    assert tree == _parsed(str(made))


@given(trees)
def test_a_filter_survives_its_way_through_the_url(pair):
    """A plus, an ampersand or a quote of a customer's name must arrive as what it is."""
    made, _ = pair
    call = Call(operation=OPERATIONS["list_orders"], route=OPERATIONS["list_orders"].route)

    path = path_of(call, {}, {"$filter": str(made), "Page": "1"})

    assert {"$filter": [str(made)], "Page": ["1"]} == parse_qs(
        path.partition("?")[2], keep_blank_values=True, strict_parsing=True
    )
