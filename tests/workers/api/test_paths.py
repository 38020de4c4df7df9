"""Where the operations are, and what may be configured about it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from workers.api.models import OrderPhase
from workers.api.paths import OPERATIONS, InstallerPaths, InstallerStatuses
from workers.api.routes import Standing

GET_ORDER = OPERATIONS["get_order"]


def test_only_two_request_lines_are_called_documented():
    """Whoever trusts a guess of ours for the vendor's word loses a day on a 404."""
    assert {"create_order", "list_installers"} == {
        name for name, operation in OPERATIONS.items() if operation.standing is Standing.DOCUMENTED
    }


def test_every_operation_can_be_moved():
    """The table and the settings name the same operations."""
    assert list(OPERATIONS) == list(InstallerPaths.model_fields)
    assert {name: one.route for name, one in OPERATIONS.items()} == dict(InstallerPaths())


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("/v2/orders/{orderId}", "GET /v2/orders/{orderId}", id="a path"),
        pytest.param("POST /v2/read/{orderId}", "POST /v2/read/{orderId}", id="a method too"),
        pytest.param("/v2/orders?id={orderId}", "GET /v2/orders?id={orderId}", id="a query"),
    ],
)
def test_a_configured_path_takes_the_place_of_the_guess(text, shown):
    """That is all it takes once the vendor says where an operation is."""
    assert shown == str(InstallerPaths.model_validate({"get_order": text}).get_order)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("v1/{orderId}", id="relative"),
        pytest.param("https://evil.example/{orderId}", id="another host"),
        pytest.param("//evil.example/{orderId}", id="another host without a scheme"),
        pytest.param("/v1/../{orderId}", id="climbing"),
        pytest.param("/v1/{orderId}#x", id="fragment"),
        pytest.param("/v1/order", id="no placeholder"),
        pytest.param("/v1/{orderid}", id="misspelt placeholder"),
        pytest.param("/v1/{orderId}/{tagId}", id="a placeholder that cannot be filled"),
        pytest.param("/v1/{orderId}/{", id="stray brace"),
        pytest.param("/v1/{orderId.__class__}/{orderId}", id="an attribute"),
        pytest.param("FETCH /v1/{orderId}", id="unknown method"),
        pytest.param("/v1/{orderId} x", id="a blank"),
        pytest.param("", id="empty"),
        pytest.param(5, id="a number"),
    ],
)
def test_a_path_that_cannot_be_right_stops_the_start(text):
    """Found at the start, it costs a minute; found by dead letters, a night."""
    with pytest.raises(ValidationError, match="expected a path"):
        InstallerPaths.model_validate({"get_order": text})


def test_an_unknown_operation_is_an_error():
    """A misspelt key would leave the guess in place without a word."""
    with pytest.raises(ValidationError, match="fetch_order"):
        InstallerPaths.model_validate({"fetch_order": "/x"})


def test_a_tag_may_be_assigned_by_body_or_by_path():
    """Either is likely; the body carries the id in both cases."""
    paths = InstallerPaths.model_validate({"assign_tag": "PUT /v1/order/{orderId}/tags/{tagId}"})

    assert "/v1/order/o/tags/t" == paths.assign_tag.filled({"orderId": "o", "tagId": "t"})


@pytest.mark.parametrize(
    ("order_id", "path"),
    [
        pytest.param("o-1", "/api/v1/order/o-1", id="plain"),
        pytest.param("a/b", "/api/v1/order/a%2Fb", id="slash"),
        pytest.param("a?b#c d", "/api/v1/order/a%3Fb%23c%20d", id="query"),
        pytest.param("%2e%2e", "/api/v1/order/%252e%252e", id="escaped dots"),
        pytest.param("ø", "/api/v1/order/%C3%B8", id="not ASCII"),
    ],
)
def test_an_id_stays_one_segment(order_id, path):
    """The id comes out of a payload, and must not choose another operation."""
    assert path == GET_ORDER.route.filled({"orderId": order_id})


@pytest.mark.parametrize("order_id", ["", ".", "..", "...", "a\nb", "a\x00", "\ud800", "x" * 257])
def test_an_id_that_could_leave_its_place_is_refused(order_id):
    """No escaping helps against dots: the server, or a proxy, resolves them."""
    with pytest.raises(ValueError, match="orderId"):
        GET_ORDER.route.filled({"orderId": order_id})


@given(st.text(max_size=30))
def test_no_id_adds_a_segment_a_query_or_a_line(order_id):
    """Whatever the sender writes, the request goes to get order."""
    try:
        path = GET_ORDER.route.filled({"orderId": order_id})
    except ValueError:
        return
    assert 4 == path.count("/")
    assert path.isascii()
    assert not set(path) & set("?#\r\n ")


def test_the_numbers_are_ours_but_for_zero():
    """Nought is what the one sample shows in an order.created."""
    assert dict(enumerate(OrderPhase)) == InstallerStatuses().table()


def test_a_phase_may_have_several_numbers():
    """The vendor may count finer than its own diagram."""
    table = InstallerStatuses.model_validate({"scheduled": [7, 8], "created": "0"}).table()

    assert [OrderPhase.SCHEDULED] * 2 + [OrderPhase.CREATED] == [table[7], table[8], table[0]]
    assert 2 not in table


def test_a_number_stands_for_one_phase():
    """With two meanings a dispatched order could be taken for a new one."""
    with pytest.raises(ValidationError, match="1 stands for dispatching and scheduled"):
        InstallerStatuses.model_validate({"scheduled": 1})
