"""Reading a reply's body."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from workers.api.models import Tag
from workers.api.paths import OPERATIONS
from workers.api.replies import Call, Reply, decoded, names_existing_order, settled
from workers.failures import BadResponse

PAGE = b"<!DOCTYPE html><title>Log in</title>"


def a_call(name="get_order"):
    return Call(operation=OPERATIONS[name], route=OPERATIONS[name].route)


def a_reply(body, status=200):
    return Reply(status=status, headers=CIMultiDict({"Content-Type": "text/html; charset=utf-8"}), body=body)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(PAGE, id="a page"),
        pytest.param(b'{"id":', id="cut short"),
        pytest.param(b'{"id":NaN}', id="NaN"),
        pytest.param(b'{"id":"\xff"}', id="not UTF-8"),
        pytest.param(b"[" * 100_000, id="a tower of brackets"),
    ],
)
@pytest.mark.parametrize(("name", "effect"), [("get_order", "none"), ("create_order", "unknown")])
def test_what_is_no_json_is_a_bad_response(name, effect, body):
    """A proxy in the way is no reason to bury an order; and a write may have happened behind it."""
    with pytest.raises(BadResponse) as caught:
        decoded(a_call(name), a_reply(body), lambda answer: answer)

    assert effect == caught.value.effect


def test_a_page_is_quoted_and_data_is_not():
    """The first words of a page name the culprit; half an order is a customer's address."""
    with pytest.raises(BadResponse, match="36 bytes of text/html '<!DOCTYPE html>"):
        decoded(a_call(), a_reply(PAGE), dict)
    with pytest.raises(BadResponse) as caught:
        decoded(a_call(), a_reply(b'{"customerName":"Kari Nordmann"'), dict)

    assert "Kari" not in caught.value.message


def test_a_field_that_cannot_be_read_is_named():
    """With the field's name the vendor can be asked, or the path corrected."""
    with pytest.raises(BadResponse, match="name: Field required"):
        decoded(a_call("list_tags"), a_reply(b'{"id":"1"}'), Tag.model_validate)


@pytest.mark.parametrize("body", [b"", b" ", b"{}", b'{"id":1}', b"OK"], ids=repr)
def test_a_write_that_answers_anything_but_a_page_has_succeeded(body):
    """What dispatch and the others answer is not documented."""
    settled(a_call("dispatch_order"), a_reply(body))


def test_a_write_that_answers_a_page_has_an_unknown_outcome():
    """A log-in page with status 200 would else count as a dispatched order."""
    with pytest.raises(BadResponse) as caught:
        settled(a_call("dispatch_order"), a_reply(b"\r\n " + PAGE))

    assert "unknown" == caught.value.effect


@pytest.mark.parametrize(
    ("status", "body", "known"),
    [
        (409, b'{"orderId":"o","displayId":"P1"}', True),
        (400, b'{"orderId":"o","message":"exists"}', True),
        (409, b'{"message":"exists"}', False),
        (400, b'{"message":"bad"}', False),
        (422, b'{"orderId":"o"}', False),
        (409, PAGE, False),
        (409, b"[]", False),
    ],
)
def test_a_known_key_is_recognised_by_the_order_it_names(status, body, known):
    """The vendor's text says 400 and a third party saw 409; a bare 400 may as well be a bad request."""
    assert known == names_existing_order(a_reply(body, status))


@given(st.binary(max_size=100))
def test_any_body_is_read_or_is_a_bad_response(body):
    """It is somebody else's bytes."""
    with suppress(BadResponse):
        decoded(a_call("list_tags"), a_reply(body), Tag.model_validate)
