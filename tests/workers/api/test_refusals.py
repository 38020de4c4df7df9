"""What each refusal means: who must act, whether it may have had its effect, and how long to wait."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from workers.api.paths import OPERATIONS
from workers.api.refusals import checked, failure_of
from workers.api.replies import Call, Reply
from workers.failures import (
    BadResponse,
    Conflict,
    Failure,
    OrderGone,
    Permanent,
    RateLimited,
    Transient,
    Unauthorized,
)

NOW = datetime(2026, 6, 1, 12, 0, 0, tzinfo=UTC)
NOT_FOUND = b'{"error":"Not Found","message":"Order not found","statusCode":404}'


def a_call(name):
    return Call(operation=OPERATIONS[name], route=OPERATIONS[name].route)


def a_reply(status, body=b"", **headers):
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, headers=CIMultiDict(named), body=body)


def judged(name, status, body=b"", **headers):
    return failure_of(a_call(name), a_reply(status, body, **headers), now=NOW)


@pytest.mark.parametrize(
    ("status", "kind", "reason", "effect_of_read", "effect_of_write"),
    [
        (300, Permanent, "api_redirect", "none", "none"),
        (302, Permanent, "api_redirect", "none", "none"),
        (308, Permanent, "api_redirect", "none", "none"),
        (400, Permanent, "upstream_rejected", "none", "none"),
        (401, Unauthorized, "unauthorized", "none", "none"),
        (403, Unauthorized, "unauthorized", "none", "none"),
        (405, Permanent, "api_path_unknown", "none", "none"),
        (408, Transient, "upstream_error", "none", "unknown"),
        (409, Conflict, "upstream_conflict", "none", "none"),
        (412, Conflict, "upstream_conflict", "none", "none"),
        (415, Permanent, "upstream_rejected", "none", "none"),
        (422, Permanent, "upstream_rejected", "none", "none"),
        (425, Transient, "upstream_error", "none", "unknown"),
        (429, RateLimited, "rate_limited", "none", "none"),
        (500, Transient, "upstream_error", "none", "unknown"),
        (502, Transient, "upstream_error", "none", "unknown"),
        (503, Transient, "upstream_error", "none", "unknown"),
        (504, Transient, "upstream_error", "none", "unknown"),
        (599, Transient, "upstream_error", "none", "unknown"),
    ],
)
def test_a_status_says_who_must_act(status, kind, reason, effect_of_read, effect_of_write):
    """A write that a gateway answers 502 may well have happened; one that was turned away has not."""
    read, write = judged("get_order", status), judged("dispatch_order", status)

    assert (kind, reason, effect_of_read) == (type(read), read.reason, read.effect)
    assert (kind, reason, effect_of_write) == (type(write), write.reason, write.effect)


@pytest.mark.parametrize("status", [200, 201, 202, 204])
def test_a_success_is_no_failure(status):
    """Which success a call answers is mostly not documented, so every 2xx counts."""
    reply = a_reply(status)

    assert reply is checked(a_call("create_order"), reply, now=NOW)


def test_an_order_that_is_gone_ends_the_run():
    """A deleted order is no fault of anybody; its lane must go on."""
    assert isinstance(judged("get_order", 404, NOT_FOUND), OrderGone)
    assert isinstance(judged("dispatch_order", 410, NOT_FOUND), OrderGone)


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"<html>404</html>", id="a page"),
        pytest.param(b'{"detail":"Not Found"}', id="another shape"),
        pytest.param(b'{"message":"Cannot GET /api/v1/order/1","statusCode":404}', id="NestJS"),
        pytest.param(b'{"message":"no such path; see the list"}', id="in words"),
        pytest.param(b'{"message":"Route not found"}', id="in other words"),
    ],
)
def test_a_wrong_path_is_not_taken_for_a_missing_order(body):
    """Most paths are guesses: were their 404 an order gone, every event would end in silence as handled."""
    failure = judged("get_order", 404, body)

    assert (Permanent, "api_path_unknown") == (type(failure), failure.reason)
    assert "api.paths.get_order" in failure.message


def test_something_else_that_is_missing_is_the_steps_fault():
    """A web form is named by whoever configured the step, not by the event."""
    failure = judged("get_webform", 404, NOT_FOUND)

    assert (Permanent, "upstream_rejected") == (type(failure), failure.reason)


def test_a_400_about_the_key_says_that_the_order_may_exist():
    """The vendor answers a known key with 400 and no id; to correct the order and send it again would make two."""
    failure = judged("create_order", 400, b'{"message":"idempotencyKey matches an existing order"}')

    assert isinstance(failure, Conflict)
    assert "look for it" in failure.message


@pytest.mark.parametrize(
    ("headers", "wait_s"),
    [
        pytest.param({"Retry_After": "7"}, 7.0, id="seconds"),
        pytest.param({"retry_after": "7"}, 7.0, id="lower case"),
        pytest.param({"Retry_After": "Mon, 01 Jun 2026 12:00:30 GMT"}, 30.0, id="a date"),
        pytest.param({"Retry_After": "Mon, 01 Jun 2026 11:00:00 GMT"}, 0.0, id="a date that is past"),
        pytest.param({"Retry_After": "86400"}, 3600.0, id="a day is cut to an hour"),
        pytest.param({"Retry_After": "soon"}, None, id="garbage"),
        pytest.param({"X_RateLimit_Reset": str(int(NOW.timestamp()) + 40)}, 40.0, id="reset as a Unix time"),
        pytest.param({"X_RateLimit_Reset": str(int(NOW.timestamp()) - 40)}, 0.0, id="reset that is past"),
        pytest.param({"X_RateLimit_Reset": "15"}, 15.0, id="reset in seconds"),
        pytest.param({"X_RateLimit_Reset": "999999999999"}, 3600.0, id="reset beyond all time"),
        pytest.param({"X_RateLimit_Reset": "-1"}, None, id="reset that is garbage"),
        pytest.param({"Retry_After": "2", "X_RateLimit_Reset": "15"}, 2.0, id="Retry-After goes first"),
        pytest.param({"Retry_After": "soon", "X_RateLimit_Reset": "15"}, 15.0, id="unless it is garbage"),
        pytest.param({}, None, id="nothing"),
    ],
)
def test_a_rate_limit_says_how_long(headers, wait_s):
    """Neither header is documented for this API; both are in use, in both forms."""
    failure = judged("get_order", 429, **headers)

    assert isinstance(failure, RateLimited)
    assert wait_s == failure.retry_after_s


@pytest.mark.parametrize("status", [401, 503])
def test_other_waits_are_honoured_too(status):
    """RFC 9110 defines Retry-After for 503 first of all."""
    failure = judged("get_order", status, Retry_After="9")

    assert isinstance(failure, Transient)
    assert 9.0 == failure.retry_after_s


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b'{"error":"Unprocessable","message":"city: required","statusCode":422}', "city: required"),
        (b'{"message":["city: required","email: required"]}', "city: required; email: required"),
        (b'{"success":false,"error":{"code":"X","message":"city: required"}}', "X: city: required"),
    ],
    ids=["the documented shape", "a list", "one level down"],
)
def test_the_apis_own_words_are_passed_on(body, words):
    """They are mostly all that there is to go by."""
    assert judged("create_order", 422, body).message.endswith(f"; it says: {words}")


def test_words_are_cut_and_hide_addresses():
    """They are kept with the dead letter, and an order's e-mail address is often in them."""
    message = judged(
        "create_order", 422, b'{"message":"kari@example.com is taken' + b"x " * 5000 + b'"}'
    ).message

    assert 200 >= len(message)
    assert "kari@" not in message


def test_a_redirect_shows_where_to_but_not_the_path():
    """An operator needs the host for the setting; a path can carry a token."""
    message = judged("get_order", 301, Location="https://new.example.com/x?token=abc").message

    assert "https://new.example.com" in message
    assert "abc" not in message
    assert "api.base_url" in message


@pytest.mark.parametrize(
    ("status", "who"),
    [(401, "operator"), (403, "operator"), (422, "whoever configured"), (429, "nobody"), (503, "vendor")],
)
def test_a_message_names_who_must_act(status, who):
    """At three in the morning that is the first question."""
    assert who in judged("dispatch_order", status).message


@given(
    st.sampled_from(list(OPERATIONS)),
    st.integers(100, 999),
    st.binary(max_size=50) | st.sampled_from([NOT_FOUND, b"[" * 5000, b'{"message":{}}', b'{"error":[]}']),
    st.dictionaries(
        st.sampled_from(["Retry-After", "X-RateLimit-Reset", "Location"]),
        st.text(max_size=20) | st.sampled_from(["http://[", "//x", "1e9", "٣"]),
    ),
)
def test_every_reply_has_a_meaning(name, status, body, headers):
    """The other side writes all of it; a crash here would be booked as a bug of an action."""
    failure = failure_of(a_call(name), Reply(status=status, headers=CIMultiDict(headers), body=body), now=NOW)

    assert (200 <= status < 300) == (failure is None)
    assert failure is None or (isinstance(failure, Failure) and not isinstance(failure, BadResponse))
