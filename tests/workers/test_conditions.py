"""
Conditions: what holds, when the order is needed, and what a wrong definition is told.
"""

import contextlib
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.conditions import (
    Absent,
    ConditionError,
    OrderNeeded,
    View,
    explain,
    holds,
    parse_conditions,
)
from workers.conditions.operators import OPERATORS
from workers.conditions.parse import DEPTH_LIMIT

EVENT = {
    "id": "evt-1",
    "type": "order.created",
    "subject": "order-1",
    "source": "installer",
    "occurredAt": "2025-01-15T10:30:00Z",
    "acceptedAt": "2025-01-15T10:30:02Z",
    "stale": False,
}
DATA = {
    "status": "delivered",
    "total": 1500,
    "rate": 2.5,
    "paid": True,
    "note": None,
    "empty": {},
    "customer": {"name": "Kari", "country": "NO"},
    "lines": [{"sku": "A-1", "quantity": 2}, {"sku": "B-2", "quantity": 1}],
    "labels": ["vip", "north", 7],
    "order": {"total": 99},
    "createdAt": "2025-01-15T10:30:00Z",
}
ORDER = {"status": 4, "countryCode": "NO", "tags": [{"id": "t1", "name": "vip"}], "total": 9}


def a_view(*, data=None, order=None):
    return View(event=EVENT, data=DATA if data is None else data, fetched=order)


def is_held(raw, **view):
    return holds(parse_conditions(raw), a_view(**view))


def problems_of(raw):
    with pytest.raises(ConditionError) as caught:
        parse_conditions(raw)
    return [str(problem) for problem in caught.value.problems]


def case(conditions, expected, name):
    return pytest.param(conditions, expected, id=name)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        case({}, True, "nothing-asked"),
        case({"status": "delivered"}, True, "string"),
        case({"status": "Delivered"}, False, "case-matters"),
        case({"total": 1500}, True, "number"),
        case({"total": 1500.0}, True, "int-is-float"),
        case({"total": "1500"}, False, "number-is-no-string"),
        case({"status": 1500}, False, "string-is-no-number"),
        case({"paid": True}, True, "boolean"),
        case({"paid": 1}, False, "one-is-not-true"),
        case({"paid": "true"}, False, "text-is-not-true"),
        case({"note": None}, True, "null"),
        case({"customer.name": "Kari"}, True, "dotted"),
        case({"customer": {"name": "Kari", "country": "NO"}}, True, "nested-is-dotted"),
        case({"customer": {"name": "Kari"}}, True, "nested-asks-for-its-keys-only"),
        case({"customer": {"$eq": {"name": "Kari"}}}, False, "eq-compares-the-whole"),
        case({"customer": {"$eq": {"country": "NO", "name": "Kari"}}}, True, "eq-of-mappings"),
        case({"empty": {"$eq": {}}}, True, "eq-of-empty-mappings"),
        case({"labels": ["vip", "north", 7]}, True, "list"),
        case({"labels": ["vip", "north", 7.0]}, True, "list-deep-number"),
        case({"labels": ["north", "vip", 7]}, False, "list-order-matters"),
        case({"labels": ["vip"]}, False, "list-is-compared-whole"),
        case({"status": "delivered", "total": 1500}, True, "all-keys"),
        case({"status": "delivered", "total": 1}, False, "all-keys-must-hold"),
        case({"lines.0.sku": "A-1"}, True, "list-index"),
        case({"lines.01.sku": "B-2"}, True, "list-index-leading-zero"),
    ],
)
def test_equality_is_of_one_kind_and_deep(conditions, expected):
    """{"status": "delivered"} is what nearly every workflow says; a guess at a conversion would be a wrong dispatch."""
    assert is_held(conditions, order={}) is expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        case({"status": {"$eq": "delivered"}}, True, "eq"),
        case({"status": {"$ne": "pending"}}, True, "ne"),
        case({"status": {"$ne": "delivered"}}, False, "ne-equal"),
        case({"status": {"$ne": 5}}, True, "ne-other-kind"),
        case({"total": {"$gt": 1499}}, True, "gt"),
        case({"total": {"$gt": 1500}}, False, "gt-equal"),
        case({"total": {"$gte": 1500}}, True, "gte"),
        case({"rate": {"$lt": 3}}, True, "lt-float-int"),
        case({"total": {"$lte": 1500}}, True, "lte"),
        case({"total": {"$gte": 1000, "$lt": 1500}}, False, "table-is-and"),
        case({"total": {"$gt": "1000"}}, False, "number-string"),
        case({"status": {"$gt": 1}}, False, "string-number"),
        case({"status": {"$lte": 1}}, False, "string-number-reversed"),
        case({"paid": {"$gte": 1}}, False, "boolean-is-no-number"),
        case({"note": {"$lt": 1}}, False, "null-is-no-number"),
        case({"labels": {"$gt": "a"}}, False, "list-is-not-ordered"),
        case({"createdAt": {"$gte": "2025-01-15T00:00:00Z"}}, True, "utc-times-sort-as-text"),
        case({"status": {"$in": ["pending", "delivered"]}}, True, "in"),
        case({"total": {"$in": ["1500"]}}, False, "in-other-kind"),
        case({"paid": {"$in": [1]}}, False, "in-boolean-is-no-number"),
        case({"total": {"$in": []}}, False, "in-nothing"),
        case({"status": {"$nin": ["pending"]}}, True, "nin"),
        case({"status": {"$nin": ["delivered"]}}, False, "nin-found"),
        case({"note": {"$exists": True}}, True, "null-exists"),
        case({"note": {"$exists": False}}, False, "null-is-not-absent"),
        case({"lines.1": {"$exists": True}}, True, "index-exists"),
        case({"lines.2": {"$exists": False}}, True, "index-past-the-end"),
        case({"status": {"$startsWith": "deli"}}, True, "starts-with"),
        case({"status": {"$startsWith": "Deli"}}, False, "starts-with-case"),
        case({"total": {"$startsWith": "1"}}, False, "number-starts-with-nothing"),
        case({"status": {"$contains": "liver"}}, True, "string-contains"),
        case({"status": {"$contains": 1}}, False, "string-contains-no-number"),
        case({"labels": {"$contains": "vip"}}, True, "list-contains"),
        case({"labels": {"$contains": "vi"}}, False, "list-contains-whole-elements"),
        case({"labels": {"$contains": "7"}}, False, "list-contains-one-kind"),
        case({"lines": {"$contains": {"sku": "B-2"}}}, True, "list-contains-a-mapping-like-it"),
        case({"lines": {"$contains": {"sku": "B-2", "quantity": 2}}}, False, "like-it-in-one-element"),
        case({"customer": {"$contains": "name"}}, False, "a-mapping-contains-nothing"),
        case({"total": {"$contains": 1}}, False, "a-number-contains-nothing"),
    ],
)
def test_an_operator_compares_like_with_like(conditions, expected):
    """Kinds that do not match are a plain no, never an exception in the middle of the night."""
    assert is_held(conditions, order={}) is expected


@pytest.mark.parametrize(
    ("operator", "expected", "held"),
    [
        ("$eq", None, False),
        ("$ne", None, True),
        ("$gt", 0, False),
        ("$gte", 0, False),
        ("$lt", 0, False),
        ("$lte", 0, False),
        ("$in", [None], False),
        ("$nin", [None], True),
        ("$exists", True, False),
        ("$exists", False, True),
        ("$startsWith", "", False),
        ("$contains", "", False),
    ],
)
def test_where_there_is_no_value_only_the_opposites_hold(operator, expected, held):
    """An absent field is not null; `$ne` and `$nin` always contradict `$eq` and `$in`."""
    assert is_held({"nowhere.at.all": {operator: expected}}, order={}) is held


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        case({"$or": [{"status": "pending"}, {"total": 1500}]}, True, "or"),
        case({"$or": [{"status": "pending"}, {"total": 1}]}, False, "or-none"),
        case({"$and": [{"status": "delivered"}, {"total": 1500}]}, True, "and"),
        case({"$and": [{"status": "delivered"}, {"total": 1}]}, False, "and-one-not"),
        case({"$not": {"status": "pending"}}, True, "not"),
        case({"$not": {"status": "delivered", "total": 1}}, True, "not-of-and"),
        case({"status": "delivered", "$or": [{"total": 1}, {"paid": True}]}, True, "beside-a-path"),
        case({"status": {"$not": {"$in": ["pending"]}}}, True, "not-of-a-table"),
        case({"status": {"$not": {"$not": {"$eq": "delivered"}}}}, True, "not-not"),
        case({"$or": [{"$and": [{"total": {"$gt": 1}}, {"$not": {"paid": False}}]}]}, True, "nested"),
    ],
)
def test_conditions_combine(conditions, expected):
    """Several keys are an and; the rest is spelt out."""
    assert is_held(conditions, order={}) is expected


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        case({"event.type": "order.created"}, True, "event"),
        case({"event": {"stale": False}}, True, "event-nested"),
        case({"order.status": 4}, True, "order"),
        case({"order": {"status": 4}}, True, "order-nested"),
        case({"data.status": "delivered"}, True, "data"),
        case({"data.order.total": 99}, True, "data-with-a-key-called-order"),
        case({"status": "delivered"}, True, "data-comes-before-the-order"),
        case({"countryCode": "NO"}, True, "order-where-the-data-has-none"),
        case({"data.countryCode": {"$exists": False}}, True, "data-alone-asks-no-order"),
        case({"note": {"$eq": None}}, True, "null-in-the-data-is-an-answer"),
        case({"order.tags": {"$contains": {"name": "vip"}}}, True, "tag-by-name"),
        case({"event.nothing": {"$exists": False}}, True, "event-has-no-more"),
    ],
)
def test_a_path_says_where_to_look(conditions, expected):
    """An event's data often lacks what the order has, such as the country."""
    assert is_held(conditions, order=ORDER) is expected


@pytest.mark.parametrize(
    "conditions",
    [
        pytest.param({"order.status": 4}, id="asks-the-order"),
        pytest.param({"countryCode": "NO"}, id="absent-in-the-data"),
        pytest.param({"countryCode": {"$exists": False}}, id="absence-is-not-known"),
        pytest.param({"status": "delivered", "order.status": 4}, id="rest-holds"),
        pytest.param({"$or": [{"status": "pending"}, {"order.status": 4}]}, id="rest-of-or-does-not"),
        pytest.param({"$not": {"order.status": 4}}, id="not"),
    ],
)
def test_the_order_is_asked_for_where_the_answer_depends_on_it(conditions):
    """Guessing would match or skip a workflow by what the sender happened to include."""
    with pytest.raises(OrderNeeded):
        is_held(conditions, order=None)


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        case({"order.status": 4, "status": "pending"}, False, "and-is-lost-already"),
        case({"status": "pending", "order.status": 4}, False, "and-is-lost-first"),
        case({"$or": [{"order.status": 4}, {"paid": True}]}, True, "or-is-won-already"),
        case({"$not": {"order.status": 4, "paid": False}}, True, "not-of-a-lost-and"),
        case({"data.nothing": {"$exists": False}}, True, "payload-only"),
    ],
)
def test_the_order_is_not_asked_for_where_it_changes_nothing(conditions, expected):
    """Each fetch is a call against a rate limit, for every event of every source."""
    assert is_held(conditions, order=None) is expected


@pytest.mark.parametrize(
    "path",
    ["status.__class__", "__class__.__name__", "customer.keys", "lines.append", "lines.-1", "lines.1_0", "lines.\uff11",
     "labels.0.upper", "lines." + "9" * 5_000, "event.__dict__", "status.0"],
)  # fmt: skip
def test_a_path_follows_keys_and_indexes_only(path):
    """
    Attributes would open the interpreter to whoever writes a condition.

    Source: attack B14.
    """
    assert is_held({path: {"$exists": False}}, order={}) is True


@pytest.mark.parametrize(
    ("raw", "problem"),
    [
        pytest.param(
            {"total": {"$gtt": 5}},
            "conditions.total.$gtt: unknown operator $gtt here; known: $eq $ne $gt $gte $lt $lte $in $nin "
            "$exists $startsWith $contains $not; did you mean $gt?",
            id="unknown-operator",
        ),
        pytest.param(
            {"$nor": []}, "conditions.$nor: unknown operator $nor here; known: $and $or $not; did you mean $or?",
            id="unknown-combiner",
        ),
        pytest.param(
            {"$or": [{"a": 1}, {"b": {"$regex": "x"}}]},
            "conditions.$or[1].b.$regex: unknown operator $regex here; known: $eq $ne $gt $gte $lt $lte $in $nin "
            "$exists $startsWith $contains $not",
            id="place-inside-or",
        ),
        pytest.param(
            {"a": {"$or": [{"$gt": 1}]}}, "conditions.a.$or: unknown operator $or here; known: $eq $ne $gt $gte $lt "
            "$lte $in $nin $exists $startsWith $contains $not", id="combiner-below-a-path",
        ),
        pytest.param({"$gt": 5}, "conditions.$gt: unknown operator $gt here; known: $and $or $not", id="no-path"),
        pytest.param(
            {"a": {"$gt": 1, "b": 2}}, "conditions.a.$gt: operators and keys cannot stand in one mapping", id="mixed"
        ),
        pytest.param({"a": {"$in": "NO"}}, "conditions.a.$in: $in expects a list, found a string", id="in-string"),
        pytest.param(
            {"a": {"$gt": True}}, "conditions.a.$gt: $gt expects a number or a string, found a boolean", id="gt-boolean"
        ),
        pytest.param(
            {"a": {"$exists": 1}}, "conditions.a.$exists: $exists expects a boolean, found a number", id="exists-number"
        ),
        pytest.param(
            {"a": {"$startsWith": None}}, "conditions.a.$startsWith: $startsWith expects a string, found null",
            id="starts-with-null",
        ),
        pytest.param({"$or": []}, "conditions.$or: expected a list of conditions, found an empty list", id="empty-or"),
        pytest.param(
            {"$and": {"a": 1}}, "conditions.$and: expected a list of conditions, found a mapping", id="and-mapping"
        ),
        pytest.param(
            {"$or": [{}]}, "conditions.$or[0]: expected a mapping with at least one entry, found an empty mapping",
            id="empty-branch",
        ),
        pytest.param(
            {"$not": 5}, "conditions.$not: expected a mapping with at least one entry, found a number", id="not-number"
        ),
        pytest.param(
            {"a": {}}, "conditions.a: expected a mapping with at least one entry, found an empty mapping", id="empty"
        ),
        pytest.param({"a..b": 1}, "conditions.a..b: the path 'a..b' has an empty part", id="empty-part"),
        pytest.param({"": 1}, "conditions.: the path '' has an empty part", id="empty-path"),
        pytest.param(
            {"a": float("nan")}, "conditions.a: expected a finite number, found nan", id="nan"
        ),
        pytest.param({5: 1}, "conditions: expected text as keys, found a number", id="number-as-key"),
        pytest.param([1], "conditions: expected a mapping of paths, found a list", id="no-mapping"),
    ],
)  # fmt: skip
def test_a_wrong_definition_is_told_where_and_what(raw, problem):
    """The message must be enough to correct the file without the documentation."""
    assert problems_of(raw) == [problem]


def test_a_toml_date_is_refused_with_the_way_out():
    """It would parse as a datetime and never equal the text in a payload."""
    raw = {"createdAt": {"$eq": date(2025, 1, 15)}}

    assert problems_of(raw) == [
        "conditions.createdAt.$eq: expected JSON, found a date; put a date or time in quotes"
    ]


def test_all_problems_are_told_at_once():
    """One run of `orderhook workflows check` per typo would be a tedious morning."""
    raw = {"a": {"$gtt": 1, "$in": 5}, "$or": [{"b": {"$exists": "yes"}}, {}]}

    places = [problem.split(": ")[0] for problem in problems_of(raw)]

    assert places == [
        "conditions.a.$gtt",
        "conditions.a.$in",
        "conditions.$or[0].b.$exists",
        "conditions.$or[1]",
    ]


def nested(levels):
    raw = {"a": 1}
    for _ in range(levels):
        raw = {"$not": raw}
    return raw


def nested_value(levels):
    value = 1
    for _ in range(levels):
        value = [value]
    return {"a": {"$eq": value}}


@pytest.mark.parametrize(
    "build", [nested, nested_value, lambda levels: {".".join("a" * 3): nested(levels)["$not"]}]
)
@pytest.mark.parametrize("levels", [DEPTH_LIMIT + 1, 5_000])
def test_a_definition_is_at_most_so_deep(build, levels):
    """A stack overflow kills the worker, and nothing reads a condition of forty levels."""
    with pytest.raises(ConditionError):
        parse_conditions(build(levels))


def test_a_definition_of_reasonable_depth_is_parsed():
    """The limit must not be met by accident."""
    assert is_held(nested(20), data={"a": 1}) is True


def test_explain_shows_every_leaf_with_what_was_found():
    """`orderhook workflows explain` answers the most asked question: why did it not match?"""
    raw = {"status": "delivered", "$or": [{"total": {"$gt": 2000}}, {"customer.vip": {"$exists": True}}]}

    findings = explain(parse_conditions(raw), a_view(order={}))

    assert [(f.where, f.path, f.operator, f.expected, f.actual, f.held) for f in findings] == [
        ("conditions.status", "status", "$eq", "delivered", "delivered", True),
        ("conditions.$or[0].total.$gt", "total", "$gt", 2000, 1500, False),
        ("conditions.$or[1].customer.vip.$exists", "customer.vip", "$exists", True, Absent.MISSING, False),
    ]


def test_explain_says_where_the_order_would_be_needed():
    """An explanation must not fetch anything by itself."""
    (finding,) = explain(parse_conditions({"$not": {"order.status": 4}}), a_view(order=None))

    assert (finding.where, finding.actual, finding.held) == (
        "conditions.$not.order.status",
        Absent.ORDER_NEEDED,
        None,
    )


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8)
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc01"), inner, max_size=3),
    max_leaves=8,
)
json_objects = st.dictionaries(st.sampled_from(["a", "b", "c", "order", "0"]), json_values, max_size=4)
finite = json_values.filter(lambda value: not re.search("nan|inf", repr(value)))  # a definition has neither
paths = st.lists(
    st.sampled_from(["a", "b", "0", "order", "event", "data", "type"]), min_size=1, max_size=3
).map(".".join)
tables = st.one_of(
    st.fixed_dictionaries({}, optional={"$eq": finite, "$ne": finite, "$contains": finite}),
    st.fixed_dictionaries(
        {}, optional=dict.fromkeys(["$gt", "$gte", "$lt", "$lte"], st.integers() | st.text())
    ),
    st.fixed_dictionaries({}, optional={"$in": st.lists(finite), "$nin": st.lists(finite)}),
    st.fixed_dictionaries({}, optional={"$exists": st.booleans(), "$startsWith": st.text()}),
).filter(bool)
finite_scalars = (
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text()
)
leaves = st.dictionaries(paths, finite_scalars | tables, min_size=1, max_size=3)
conditions = st.recursive(
    leaves,
    lambda inner: (
        st.fixed_dictionaries({"$or": st.lists(inner, min_size=1, max_size=3)})
        | st.fixed_dictionaries({"$and": st.lists(inner, min_size=1, max_size=3)})
        | st.fixed_dictionaries({"$not": inner})
    ),
    max_leaves=5,
)


@given(raw=conditions, data=json_objects, order=st.none() | json_objects)
def test_any_condition_answers_for_any_json(raw, data, order):
    """A payload is the sender's: no value in it may stop a worker."""
    condition, view = parse_conditions(raw), View(event=EVENT, data=data, fetched=order)

    try:
        answer = holds(condition, view)
    except OrderNeeded:
        assert order is None
    else:
        assert answer in (True, False)


@given(raw=conditions, data=json_objects, order=json_objects)
def test_an_answer_without_the_order_is_the_answer_with_it(raw, data, order):
    """If the order was not asked for, no order could have changed the answer."""
    condition = parse_conditions(raw)

    try:
        early = holds(condition, View(event=EVENT, data=data, fetched=None))
    except OrderNeeded:
        return

    assert early == holds(condition, View(event=EVENT, data=data, fetched=order))


@given(raw=conditions, data=json_objects, order=json_objects)
def test_not_is_the_opposite(raw, data, order):
    """Also where values are absent or of other kinds."""
    view = View(event=EVENT, data=data, fetched=order)

    assert holds(parse_conditions({"$not": raw}), view) != holds(parse_conditions(raw), view)


@given(st.recursive(scalars, lambda inner: st.lists(inner) | st.dictionaries(st.text() | st.sampled_from(
    [*OPERATORS, "$and", "$or", "$not", "a", "a.b"]), inner), max_leaves=20))  # fmt: skip
def test_any_definition_is_parsed_or_refused(raw):
    """It may come from a file, an environment variable or the API: one kind of error, whatever it is."""
    with contextlib.suppress(ConditionError):
        parse_conditions(raw)


def test_the_cost_is_linear_in_a_large_payload():
    """
    A pattern language would let a condition and a payload conspire: `(a+)+$` on 50 kB never ends.

    Source: attack A8.
    """
    text = "a" * 50_000
    data = {"text": text, "list": [text] * 1_000}
    raw = {"text": {"$contains": "(a+)+$", "$startsWith": "(a+)+$"}, "list": {"$contains": "(a+)+$"}}

    assert is_held(raw, data=data) is False


@pytest.mark.parametrize(
    ("about", "path", "value"),
    [
        pytest.param("shipment", "shipment.status", "delivered", id="its-own-name"),
        pytest.param("shipment", "carrier.name", "Bring", id="without-a-name"),
        pytest.param("shipment", "order.total", 99, id="an-order-is-a-key-of-the-data-here"),
        pytest.param("order", "customer.name", "Kari", id="a-customer-is-a-key-of-an-orders-data"),
        pytest.param("customer", "customer.status", "delivered", id="a-customer-is-the-entity-of-its-own"),
    ],
)
def test_the_fetched_entity_goes_by_the_name_of_what_the_workflow_is_about(about, path, value):
    """`customer.name` of an order is the payload's, and of a customer the customer's."""
    fetched = {"status": "delivered", "carrier": {"name": "Bring"}}
    view = View(event=EVENT, data=DATA, fetched=fetched, about=about)

    assert holds(parse_conditions({path: value}), view)
