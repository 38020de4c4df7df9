"""
Bytes on the wire: what is not exactly one HTTP request is refused, and can never be taken for another one.
"""

import contextlib

import pytest

from receiver import keys
from receiver.protocol import MAX_HEAD_BYTES
from tests.support.events import written
from tests.support.receiving import a_delivery, answer

MEGABYTE = 1024 * 1024


def request(*headers, body=None, line="POST /webhooks/shop HTTP/1.1", length=True) -> bytes:
    """Return a signed request with more headers, its parts open to be spoiled."""
    delivery = a_delivery()
    body = delivery.body if body is None else body
    own = [f"{name}: {value}" for name, value in delivery.headers]
    own += [f"Content-Length: {len(body)}"] if length else []
    return "\r\n".join([line, "Host: x", *own, *headers, "", ""]).encode("latin-1") + body


def chunked(*headers, body) -> bytes:
    return request("Transfer-Encoding: chunked", *headers, body=body, length=False)


def whole() -> bytes:
    """Return the signed body as one chunk."""
    body = a_delivery().body
    return b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body)


def signed_length() -> int:
    return len(a_delivery().body)


#: Made when the test runs: a signature is good for five minutes.
MALFORMED = {
    "length and chunks": lambda: request("Transfer-Encoding: chunked", body=whole()),
    "chunks and length": lambda: chunked(f"Content-Length: {signed_length()}", body=whole()),
    "the same length twice": lambda: request(f"Content-Length: {signed_length()}"),
    "two lengths": lambda: request("Content-Length: 1"),
    "a list of lengths": lambda: request("Content-Length: 5, 5", length=False),
    "a length with a sign": lambda: request(f"Content-Length: +{signed_length()}", length=False),
    "a negative length": lambda: request("Content-Length: -1", length=False),
    "a length in hex": lambda: request("Content-Length: 0x31", length=False),
    "an empty length": lambda: request("Content-Length: ", length=False),
    "a length without end": lambda: request("Content-Length: " + "9" * 30, length=False),
    "a folded header": lambda: request("X-A: 1\r\n 2"),
    "a space before the colon": lambda: request("X-A : 1"),
    "a header without a colon": lambda: request("nonsense"),
    "a NUL in a header": lambda: request("X-A: a\x00b"),
    "a bare CR in a header": lambda: request("X-A: a\rb"),
    "a control character in a name": lambda: request("X\x01A: b"),
    "bare line feeds": lambda: request().replace(b"\r\n", b"\n"),
    "an unknown transfer coding": lambda: request("Transfer-Encoding: xchunked", body=whole(), length=False),
    "chunks not at the end": lambda: request("Transfer-Encoding: chunked, gzip", body=whole(), length=False),
    "chunked twice": lambda: chunked("Transfer-Encoding: chunked", body=whole()),
    "a negative chunk": lambda: chunked(body=b"-5\r\nabcde\r\n0\r\n\r\n"),
    "a chunk of no size": lambda: chunked(body=b"zz\r\nabcde\r\n0\r\n\r\n"),
    "a chunk larger than a number": lambda: chunked(body=b"fffffffffffffffff\r\nabcde\r\n0\r\n\r\n"),
    "a chunk longer than it says": lambda: chunked(body=b"5\r\nabcdeXX0\r\n\r\n"),
    "a trailer that is framing": lambda: chunked(body=whole()[:-2] + b"Content-Length: 5\r\n\r\n"),
    "HTTP/2's preface": lambda: b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "HTTP/9.9": lambda: request(line="POST /webhooks/shop HTTP/9.9"),
    "HTTP/1.2": lambda: request(line="POST /webhooks/shop HTTP/1.2"),
    "an unknown method": lambda: request(line="FOO /webhooks/shop HTTP/1.1"),
    "a method in small letters": lambda: request(line="post /webhooks/shop HTTP/1.1"),
    "a space in the path": lambda: request(line="POST /webhooks/sh op HTTP/1.1"),
    "a NUL in the path": lambda: request(line="POST /webhooks/shop\x00 HTTP/1.1"),
    "a raw byte in the path": lambda: request(line="POST /webhooks/sh\xf8p HTTP/1.1"),
    "a TLS hello": lambda: b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(50) + b"\r\n\r\n",
    "noise": lambda: b"\x00\x01\x02\r\n\r\n",
}


@pytest.mark.parametrize("make", MALFORMED.values(), ids=MALFORMED)
def test_what_a_proxy_might_read_otherwise_is_malformed(receiver, client, make):
    """Where two readers disagree about the end of a request, the second request is the attacker's."""
    with receiver.connected() as connection:
        connection.sendall(make())

        assert (400, "REQUEST_MALFORMED") == answer(connection).outcome
        with contextlib.suppress(ConnectionError):
            assert b"" == connection.recv(1)
    assert [] == written(client)


@pytest.mark.parametrize(
    ("make", "outcome"),
    [
        (lambda: chunked(body=whole()), (202, "accepted")),
        (lambda: request(f"Content-Length: 000{signed_length()}", length=False), (202, "accepted")),
        (lambda: request(line="POST /webhooks/shop HTTP/1.0"), (202, "accepted")),
        (lambda: request(line="CONNECT /webhooks/shop HTTP/1.1"), (405, "METHOD_NOT_ALLOWED")),
        (lambda: b"CONNECT x:80 HTTP/1.1\r\nHost: x\r\n\r\n", (405, "METHOD_NOT_ALLOWED")),
        (lambda: request(line="OPTIONS * HTTP/1.1"), (404, "NOT_FOUND")),
        (
            lambda: request("Transfer-Encoding: gzip, chunked", body=whole(), length=False),
            (415, "MEDIA_TYPE_UNSUPPORTED"),
        ),
    ],
    ids=[
        "chunks",
        "zeros before the length",
        "HTTP/1.0",
        "CONNECT",
        "CONNECT to a host",
        "*",
        "compressed in transfer",
    ],
)
def test_what_is_clear_gets_its_answer(receiver, client, make, outcome):
    """Odd, but every reader reads it alike."""
    assert outcome == receiver.raw(make()).outcome


@pytest.mark.parametrize(
    "offer",
    [
        ["Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA"],
        ["Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: x"],
        ["Connection: keep-alive, upgrade", "Upgrade: anything"],
    ],
    ids=["h2c, as Java's client", "websocket", "anything"],
)
class TestOffersOfAnotherProtocol:
    def test_the_delivery_is_taken_as_if_nothing_were_offered(self, receiver, client, offer):
        """Java's client offers h2c with its first request; the parser alone would drop the body, and the event with it."""
        assert (202, "accepted") == receiver.raw(request(*offer)).outcome

    def test_a_body_that_comes_later_is_its_body_and_no_request(self, receiver, client, offer):
        """Taken for a request, it would be one that another sender's proxy connection answers for."""
        smuggled = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n"
        with receiver.connected() as connection:
            connection.sendall(request(*offer, f"Content-Length: {len(smuggled)}", body=b"", length=False))
            connection.sendall(smuggled)
            assert (401, "SIGNATURE_INVALID") == answer(connection).outcome

            connection.sendall(request())
            assert (202, "accepted") == answer(connection).outcome


def test_what_follows_a_body_is_no_header(receiver, client):
    """A trailer passes by every proxy's rules for headers."""
    delivery = a_delivery()
    trailers = b"".join(
        b"%b: %b\r\n" % (name.encode(), value.encode()) for name, value in delivery.headers[1:]
    )
    body = b"%x\r\n%b\r\n0\r\n%b\r\n" % (len(delivery.body), delivery.body, trailers)
    bare = b"POST /webhooks/shop HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n"

    assert (401, "SIGNATURE_MISSING") == receiver.raw(bare + body).outcome
    assert [] == written(client)


@pytest.mark.parametrize(
    "piece",
    [b"X-A: " + b"a" * 1000 + b"\r\n", b"a" * 1000],
    ids=["headers without end", "one header without end"],
)
def test_a_head_without_an_end_is_cut_off(receiver, client, piece):
    """No check of ours runs before the head is whole: the memory of the process would be the limit."""
    before = receiver.resident_bytes()
    sent = 0
    with receiver.connected() as connection:
        connection.sendall(b"POST /webhooks/shop HTTP/1.1\r\nX-B: ")
        with contextlib.suppress(ConnectionError):
            for _ in range(200):
                connection.sendall(piece * 100)
                sent += len(piece) * 100
        with contextlib.suppress(ConnectionError):
            assert (431, "HEADERS_TOO_LARGE") == answer(connection).outcome

    assert sent < MAX_HEAD_BYTES + 10 * MEGABYTE
    assert receiver.resident_bytes() - before < 8 * MEGABYTE


def test_many_requests_may_have_large_heads(receiver, client):
    """The limit is for each head, not for all of a connection's."""
    with receiver.connected() as connection:
        for _ in range(3 * MAX_HEAD_BYTES // (50 * 8000)):
            connection.sendall(request(*(f"X-{n}: {'a' * 8000}" for n in range(50))))
            assert answer(connection).status in (200, 202)


def test_a_request_in_single_bytes_is_a_request(receiver, client):
    """TCP keeps no packets together."""
    with receiver.connected() as connection:
        for byte in request("Upgrade: h2c", "Connection: Upgrade"):
            connection.sendall(bytes([byte]))

        assert (202, "accepted") == answer(connection).outcome
    assert 1 == client.exists(keys.event("shop", "msg-1"))
