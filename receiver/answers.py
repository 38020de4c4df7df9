"""
The answers of the public endpoint: one table of codes, and the bytes of each.

Never 3xx, never 410 (a sender takes 410 as *stop*), never 4xx for our own fault.
"""

import random
from enum import StrEnum
from http import HTTPStatus

import msgspec


class ErrorCode(StrEnum):
    """What an answer that is not a success says; upstream and operators search for these words."""

    PAYLOAD_INVALID = "PAYLOAD_INVALID"
    REQUEST_MALFORMED = "REQUEST_MALFORMED"
    SIGNATURE_MISSING = "SIGNATURE_MISSING"
    SIGNATURE_MALFORMED = "SIGNATURE_MALFORMED"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    TIMESTAMP_MALFORMED = "TIMESTAMP_MALFORMED"
    TIMESTAMP_STALE = "TIMESTAMP_STALE"
    SOURCE_NOT_FOUND = "SOURCE_NOT_FOUND"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    LENGTH_REQUIRED = "LENGTH_REQUIRED"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    MEDIA_TYPE_UNSUPPORTED = "MEDIA_TYPE_UNSUPPORTED"
    HEADERS_TOO_LARGE = "HEADERS_TOO_LARGE"
    RATE_LIMITED = "RATE_LIMITED"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    OVERLOADED = "OVERLOADED"
    INTERNAL = "INTERNAL"


#: Status and message of each code. A refused signature gives no hint beyond its code.
_TABLE: dict[ErrorCode, tuple[int, str]] = {
    ErrorCode.PAYLOAD_INVALID: (400, "the body is not a usable JSON event"),
    ErrorCode.REQUEST_MALFORMED: (400, "the request is malformed"),
    ErrorCode.SIGNATURE_MISSING: (401, "the delivery is not authentic"),
    ErrorCode.SIGNATURE_MALFORMED: (401, "the delivery is not authentic"),
    ErrorCode.SIGNATURE_INVALID: (401, "the delivery is not authentic"),
    ErrorCode.TIMESTAMP_MALFORMED: (401, "the delivery is not authentic"),
    ErrorCode.TIMESTAMP_STALE: (401, "the delivery is not authentic"),
    ErrorCode.SOURCE_NOT_FOUND: (404, "there is no such source"),
    ErrorCode.NOT_FOUND: (404, "there is no such resource"),
    ErrorCode.METHOD_NOT_ALLOWED: (405, "the method is not allowed here"),
    ErrorCode.REQUEST_TIMEOUT: (408, "the body did not arrive in time"),
    ErrorCode.LENGTH_REQUIRED: (411, "a Content-Length or a chunked body is required"),
    ErrorCode.BODY_TOO_LARGE: (413, "the body is larger than this receiver takes"),
    ErrorCode.MEDIA_TYPE_UNSUPPORTED: (415, "an uncompressed application/json body is required"),
    ErrorCode.HEADERS_TOO_LARGE: (431, "at most 64 headers of at most 8 KiB each are taken"),
    ErrorCode.RATE_LIMITED: (429, "this source sends faster than it may"),
    ErrorCode.STORE_UNAVAILABLE: (503, "the event could not be recorded; send it again"),
    ErrorCode.OVERLOADED: (503, "too many events wait; send it again later"),
    ErrorCode.INTERNAL: (503, "something failed on our side; send it again"),
}

#: Seconds of `Retry-After`, and how many more are added at random so that senders do not return all at once.
RETRY_AFTER_S = 5
RETRY_SPREAD_S = 5

Header = tuple[bytes, bytes]
_FIXED: tuple[Header, ...] = (
    (b"content-type", b"application/json"),
    (b"cache-control", b"no-store"),
    (b"x-content-type-options", b"nosniff"),
)


class Answer(msgspec.Struct, frozen=True):
    """A status, headers and a body as ASGI sends them; *code* is for the log."""

    status: int
    code: str
    headers: tuple[Header, ...]
    body: bytes


def recorded(status: int, event_id: str, outcome: str) -> Answer:
    """Return the answer to a delivery that stands in Redis; event ids are plain ASCII without quotes."""
    if status == HTTPStatus.NO_CONTENT:  # has no body, and must not speak of one's length: RFC 9110, 8.6
        return Answer(status, outcome, _FIXED[1:], b"")
    body = b'{"data":{"eventId":"%b","status":"%b"},"success":true}' % (event_id.encode(), outcome.encode())
    return Answer(status, outcome, _with_length(body), body)


def error(code: ErrorCode) -> Answer:
    """Return the answer for *code*, with `Retry-After` where the sender is asked to come back."""
    answer = _ERRORS[code]
    if answer.status not in (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE):
        return answer
    wait = RETRY_AFTER_S + random.randrange(RETRY_SPREAD_S + 1)  # noqa: S311 - spread, not secrecy
    return Answer(answer.status, code, (*answer.headers, (b"retry-after", b"%d" % wait)), answer.body)


def wrong_method(allow: str) -> Answer:
    """Return the answer to a method that a path does not take, where it takes others than POST."""
    return _error(ErrorCode.METHOD_NOT_ALLOWED, allow=allow.encode())


def health(status: int, data: dict[str, object]) -> Answer:
    """Return the answer of `/healthz` and `/readyz`."""
    body = msgspec.json.encode({"data": data, "success": status == HTTPStatus.OK})
    return Answer(status, "health", _with_length(body), body)


def metrics(text: str) -> Answer:
    """Return the answer of `/metrics`."""
    body = text.encode()
    kind = (b"content-type", b"text/plain; version=0.0.4; charset=utf-8")
    return Answer(HTTPStatus.OK, "metrics", (kind, *_with_length(body)[1:]), body)


def _with_length(body: bytes) -> tuple[Header, ...]:
    return (*_FIXED, (b"content-length", b"%d" % len(body)))


def _error(code: ErrorCode, *, allow: bytes = b"POST") -> Answer:
    status, message = _TABLE[code]
    body = msgspec.json.encode({"success": False, "error": {"code": code.value, "message": message}})
    extra: tuple[Header, ...] = ((b"allow", allow),) if status == HTTPStatus.METHOD_NOT_ALLOWED else ()
    # Nobody is going to read the rest of a body, however long it is.
    extra += ((b"connection", b"close"),) if code in _BODY_UNREAD else ()
    return Answer(status, code, (*_with_length(body), *extra), body)


#: Given before the body was read, or was read to its end, or where one cannot tell where it ends.
_BODY_UNREAD = frozenset(
    {
        ErrorCode.REQUEST_MALFORMED,
        ErrorCode.SOURCE_NOT_FOUND,
        ErrorCode.NOT_FOUND,
        ErrorCode.METHOD_NOT_ALLOWED,
        ErrorCode.REQUEST_TIMEOUT,
        ErrorCode.LENGTH_REQUIRED,
        ErrorCode.BODY_TOO_LARGE,
        ErrorCode.HEADERS_TOO_LARGE,
    }
)
_ERRORS = {code: _error(code) for code in ErrorCode}
