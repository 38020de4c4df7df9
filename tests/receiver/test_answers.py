"""The answers of architecture section 7: status, code, body and headers of each."""

import json

import pytest

from receiver import answers
from receiver.answers import RETRY_AFTER_S, RETRY_SPREAD_S, Answer, ErrorCode
from receiver.verification import RejectionCode

#: What the public contract says. A sender's behaviour hangs on these numbers.
CONTRACT = {
    400: {"PAYLOAD_INVALID", "REQUEST_MALFORMED"},
    401: {
        "SIGNATURE_MISSING",
        "SIGNATURE_MALFORMED",
        "SIGNATURE_INVALID",
        "TIMESTAMP_MALFORMED",
        "TIMESTAMP_STALE",
    },
    404: {"SOURCE_NOT_FOUND", "NOT_FOUND"},
    405: {"METHOD_NOT_ALLOWED"},
    408: {"REQUEST_TIMEOUT"},
    411: {"LENGTH_REQUIRED"},
    413: {"BODY_TOO_LARGE"},
    415: {"MEDIA_TYPE_UNSUPPORTED"},
    429: {"RATE_LIMITED"},
    431: {"HEADERS_TOO_LARGE"},
    503: {"STORE_UNAVAILABLE", "OVERLOADED", "INTERNAL"},
}


def header(answer: Answer, name: str) -> str | None:
    found = [value.decode() for key, value in answer.headers if key == name.encode()]
    assert len(found) <= 1
    return found[0] if found else None


def test_each_code_has_the_status_of_the_contract():
    """Never 3xx, never 410, never 4xx for our own fault: what is not in the table is not answered."""
    given = {}
    for code in ErrorCode:
        given.setdefault(answers.error(code).status, set()).add(code.value)

    assert CONTRACT == given


@pytest.mark.parametrize("code", ErrorCode)
def test_an_error_has_the_one_shape(code):
    """A client that reads one error reads all."""
    answer = answers.error(code)

    body = json.loads(answer.body)
    assert {"success": False, "error": {"code": code.value, "message": body["error"]["message"]}} == body
    assert str(len(answer.body)) == header(answer, "content-length")
    assert "application/json" == header(answer, "content-type")
    assert "no-store" == header(answer, "cache-control")
    assert "nosniff" == header(answer, "x-content-type-options")


def test_what_is_not_authentic_is_told_nothing_beyond_the_code():
    """One message for all five: it must not say whether a secret is set, or which part was wrong."""
    messages = {json.loads(answers.error(ErrorCode(code)).body)["error"]["message"] for code in CONTRACT[401]}

    assert 1 == len(messages)


def test_every_rejection_of_a_verifier_has_an_answer():
    """A code that verification adds and this table lacks would be a 503 for a bad signature."""
    assert set(RejectionCode) <= {code.value for code in ErrorCode}


@pytest.mark.parametrize("code", ErrorCode)
def test_retry_after_stands_where_the_sender_is_to_come_back(code):
    """429 and 503 say when; anything else must not suggest that it would help."""
    answer = answers.error(code)

    assert (answer.status in (429, 503)) == (header(answer, "retry-after") is not None)


def test_retry_after_is_spread():
    """A thousand refused senders must not come back in the same second."""
    waits = {int(header(answers.error(ErrorCode.OVERLOADED), "retry-after")) for _ in range(200)}

    assert {RETRY_AFTER_S + extra for extra in range(RETRY_SPREAD_S + 1)} == waits


def test_405_says_what_is_allowed():
    """RFC 9110 asks for Allow; it differs between the endpoint and the health checks."""
    assert "POST" == header(answers.error(ErrorCode.METHOD_NOT_ALLOWED), "allow")
    assert "GET, HEAD" == header(answers.wrong_method("GET, HEAD"), "allow")
    assert 405 == answers.wrong_method("GET, HEAD").status


@pytest.mark.parametrize(
    ("code", "closes"),
    [
        (ErrorCode.BODY_TOO_LARGE, True),
        (ErrorCode.REQUEST_TIMEOUT, True),
        (ErrorCode.SOURCE_NOT_FOUND, True),
        (ErrorCode.REQUEST_MALFORMED, True),
        (ErrorCode.SIGNATURE_INVALID, False),
        (ErrorCode.RATE_LIMITED, False),
        (ErrorCode.STORE_UNAVAILABLE, False),
    ],
)
def test_the_connection_closes_where_the_body_was_not_read(code, closes):
    """Nobody reads on through ten gigabytes; where all was read, the sender keeps its connection."""
    assert ("close" if closes else None) == header(answers.error(code), "connection")


@pytest.mark.parametrize("status", [200, 201, 202])
@pytest.mark.parametrize("outcome", ["accepted", "duplicate", "quarantined"])
def test_a_recorded_event_is_named(status, outcome):
    """The sender's log then holds the id by which our operators find the event."""
    answer = answers.recorded(status, "msg_1-a.b~c", outcome)

    assert {"data": {"eventId": "msg_1-a.b~c", "status": outcome}, "success": True} == json.loads(answer.body)
    assert (status, outcome) == (answer.status, answer.code)
    assert str(len(answer.body)) == header(answer, "content-length")


def test_204_has_neither_body_nor_length():
    """A length without a body breaks the connection for whoever waits for it."""
    answer = answers.recorded(204, "msg-1", "accepted")

    assert b"" == answer.body
    assert header(answer, "content-length") is None
    assert header(answer, "content-type") is None


@pytest.mark.parametrize(("status", "success"), [(200, True), (503, False)])
def test_health_says_success_for_200_only(status, success):
    """The envelope must not contradict the status."""
    answer = answers.health(status, {"status": "x"})

    assert {"data": {"status": "x"}, "success": success} == json.loads(answer.body)
