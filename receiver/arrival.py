"""
How a request may arrive: the limits of its head, of its body's size and time, and of its kind, while it is read.

Cheap before expensive; knows nothing of sources, and refuses what it does not take.
"""

from starlette.types import Message, Receive

from .answers import ErrorCode
from .patience import within
from .verification import Headers

#: More headers, or a longer one, than any honest sender has.
MAX_HEADERS = 64
MAX_HEADER_BYTES = 8 * 1024
#: A longer Content-Length is too large whatever it says; int() refuses some thousand digits with an error of its own.
MAX_LENGTH_DIGITS = 18
#: A body's length is told by exactly one of these.
_FRAMING = (b"content-length", b"transfer-encoding")


class Refused(Exception):
    """The delivery gets an error answer; *detail* is for our log only, *body* for its trace."""

    def __init__(self, code: ErrorCode, detail: str = "") -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.body = b""


class Disconnected(Exception):
    """The sender closed the connection before its body was whole."""


def check_head(headers: Headers, *, body_limit: int) -> None:
    """
    Take a head within its limits, which tells the length of its body once.

    Raises:
        Refused: It is none.
    """
    if len(headers) > MAX_HEADERS:
        raise Refused(ErrorCode.HEADERS_TOO_LARGE, f"{len(headers)} headers")
    framed = False
    for name, value in headers:
        if len(name) + len(value) > MAX_HEADER_BYTES:
            raise Refused(ErrorCode.HEADERS_TOO_LARGE, f"a header of {len(name) + len(value)} bytes")
        if name in _FRAMING:
            if framed:  # a proxy in front of us may have believed the other one
                raise Refused(ErrorCode.REQUEST_MALFORMED, "the length of the body is told twice")
            framed = True
            if name == b"content-length":
                _check_length(value, body_limit)
            elif value.strip().lower() != b"chunked":
                raise Refused(ErrorCode.MEDIA_TYPE_UNSUPPORTED, "Transfer-Encoding")
    if not framed:
        raise Refused(ErrorCode.LENGTH_REQUIRED)


def declared_length(headers: Headers) -> int | None:
    """Return the length of the body that a head declares, None where it declares none that can be believed."""
    for name, value in headers:
        if name == b"content-length":
            return int(value) if value.isdigit() and len(value) <= MAX_LENGTH_DIGITS else None
    return None


async def whole_body(receive: Receive, *, limit: int, deadline_s: float) -> bytes:
    """
    Read a body, within its size and its time.

    Raises:
        Refused: It is larger, or comes too late.
        Disconnected: The sender went away.
    """
    try:
        return await within(deadline_s, _whole(receive, limit))
    except TimeoutError:
        raise Refused(ErrorCode.REQUEST_TIMEOUT, f"after {deadline_s} s") from None


def check_media_type(headers: Headers) -> None:
    """
    Take uncompressed JSON only: a form or a compressed body must never reach a parser.

    Raises:
        Refused: It is something else.
    """
    media = b""
    for name, value in headers:
        if name == b"content-type":
            media = value
        elif name == b"content-encoding" and value.strip().lower() != b"identity":
            raise Refused(ErrorCode.MEDIA_TYPE_UNSUPPORTED, "Content-Encoding")
    if media == b"application/json":
        return
    kind, _, rest = media.lower().partition(b";")
    charset = rest.replace(b" ", b"").replace(b'"', b"")
    if kind.strip() != b"application/json" or charset not in (b"", b"charset=utf-8"):
        raise Refused(ErrorCode.MEDIA_TYPE_UNSUPPORTED, f"Content-Type {media[:80].decode('latin-1')!r}")


def _check_length(value: bytes, limit: int) -> None:
    if not value.isdigit():
        raise Refused(ErrorCode.REQUEST_MALFORMED, "Content-Length is not a number")
    if len(value) > MAX_LENGTH_DIGITS or int(value) > limit:
        raise Refused(ErrorCode.BODY_TOO_LARGE, f"Content-Length {value[:40].decode()}")


async def _whole(receive: Receive, limit: int) -> bytes:
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        body: bytes = message.get("body", b"")
        _check_size(body, limit)
        return body
    return await _rest(message, receive, limit)


async def _rest(message: Message, receive: Receive, limit: int) -> bytes:
    body = bytearray()
    while True:
        if message["type"] == "http.disconnect":
            raise Disconnected
        body += message.get("body", b"")
        _check_size(body, limit)
        if not message.get("more_body"):
            return bytes(body)
        message = await receive()


def _check_size(body: bytes | bytearray, limit: int) -> None:
    if len(body) > limit:
        raise Refused(ErrorCode.BODY_TOO_LARGE, f"more than {limit} bytes")
