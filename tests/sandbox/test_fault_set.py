"""Reading a set of faults, and drawing lots."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.errors import Refusal
from sandbox.fault_set import FaultSet, read_faults
from sandbox.faults import KNOWN, ServerError

OPERATIONS, EVENTS = ("create_order", "get_order"), ("order.created",)


def read(*faults):
    return read_faults({"faults": list(faults)}, operations=OPERATIONS, event_types=EVENTS)


def status_of(body):
    try:
        read_faults(body, operations=OPERATIONS, event_types=EVENTS)
    except Refusal as refusal:
        return refusal.status
    return 200


def a_set(*faults):
    on = FaultSet(random.Random(1))
    on.replace(read(*faults))
    return on


def test_a_fault_without_a_limit_strikes_each_time():
    """The plainest set: it is broken until told otherwise."""
    on = a_set({"fault": "status_500"})

    assert all(on.draw(ServerError, "get_order") for _ in range(5))


def test_times_counts_strikes():
    """Twice and then never again: what a test of retries asks for."""
    on = a_set({"fault": "status_500", "times": 2})

    assert [True, True, False] == [on.draw(ServerError, "get_order") is not None for _ in range(3)]


def test_probability_is_met_over_many_draws():
    """One in ten is about one in ten."""
    on = a_set({"fault": "status_500", "probability": 0.1})

    assert 60 < sum(on.draw(ServerError, "get_order") is not None for _ in range(1_000)) < 140


def test_an_operation_limits_a_fault():
    """A draw for another operation neither strikes nor counts."""
    on = a_set({"fault": "status_500", "operation": "get_order", "times": 1})

    assert on.draw(ServerError, "create_order") is None
    assert on.draw(ServerError, "get_order") is not None


def test_two_faults_of_one_kind_stand_side_by_side():
    """One for each operation, with settings of their own."""
    on = a_set(
        {"fault": "status_500", "operation": "get_order", "status": 502},
        {"fault": "status_500", "status": 503},
    )

    assert [502, 503] == [on.draw(ServerError, name).status for name in OPERATIONS[::-1]]


@pytest.mark.parametrize(
    ("fault", "message"),
    [
        ({"fault": "explode"}, "faults.0.fault: 'explode' is unknown; known faults: latency_ms,"),
        ({}, "faults.0.fault: None is unknown; known faults: latency_ms,"),
        ("status_500", "faults.0.fault: None is unknown; known faults: latency_ms,"),
        ({"fault": ["status_500"]}, "faults.0.fault: ['status_500'] is unknown"),
        (
            {"fault": "latency_ms"},
            "faults.0 (latency_ms): ms: Field required; its settings: probability, times",
        ),
        ({"fault": "status_429", "retry": 1}, "retry_after_form"),
        ({"fault": "status_500", "probability": 0}, "probability: Input should be greater than 0"),
        ({"fault": "status_500", "times": 0}, "times: Input should be greater than or equal to 1"),
        (
            {"fault": "status_500", "operation": "order.created"},
            "faults.0.operation: 'order.created' is unknown to status_500; known: create_order, get_order",
        ),
        (
            {"fault": "drop", "operation": "get_order"},
            "faults.0.operation: 'get_order' is unknown to drop; known: order.created",
        ),
    ],
)
def test_a_bad_fault_is_refused_with_what_is_known(fault, message):
    """Who misspells a fault must not see a test pass because nothing struck."""
    with pytest.raises(Refusal) as caught:
        read(fault)

    assert 422 == caught.value.status
    assert message in caught.value.message


@pytest.mark.parametrize("body", [None, [], {}, {"faults": None}, {"faults": {"fault": "drop"}}, "faults"])
def test_a_body_that_is_no_set_is_refused_with_what_is_known(body):
    """The same, for the outer shape."""
    with pytest.raises(Refusal, match="known faults: latency_ms"):
        read_faults(body, operations=OPERATIONS, event_types=EVENTS)


@pytest.mark.parametrize("name", KNOWN)
def test_every_known_fault_can_be_read(name):
    """The list in the error message promises nothing that does not exist."""
    needs = {"ms": 5} if name in {"latency_ms", "delay_ms"} else {}

    (fault,) = read({"fault": name, "probability": 0.5, **needs})

    assert name == fault.fault


JSONISH = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(sorted(KNOWN)),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["fault", "ms", "times"]), inner)
    ),
    max_leaves=10,
)


@given(JSONISH)
def test_any_json_is_read_or_refused(body):
    """The reader is total."""
    assert {200, 422} >= {status_of(body), status_of({"faults": [body]})}
