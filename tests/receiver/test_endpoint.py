"""
How a delivery is read: limits of size and time that hold while reading, and senders that go away half way.
"""

import contextlib
import json
import time

import pytest

from receiver import keys
from tests.support.events import written
from tests.support.receiving import a_delivery, answer, request_bytes
from tests.support.waiting import until

#: Of the receiver in conftest.py.
BODY_LIMIT = 64 * 1024
BODY_DEADLINE_S = 0.4

#: What a receiver may grow by while it refuses something large.
MEGABYTE = 1024 * 1024


def head(*headers, path="/webhooks/shop", method="POST") -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: hooks.example.com", *headers]
    return "\r\n".join([*lines, "", ""]).encode("latin-1")


def signed_head(delivery, *headers) -> bytes:
    return head(*(f"{name}: {value}" for name, value in delivery.headers), *headers)


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def padded(size: int) -> bytes:
    """Return a good body of exactly *size* bytes."""
    body = b'{"event":"x","data":{"id":"1"},"pad":"'
    return body + b"x" * (size - len(body) - 2) + b'"}'


def is_closed(connection) -> bool:
    """Return whether the other side closes the connection, within its time limit."""
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True


class TestSize:
    def test_the_limit_itself_is_taken(self, receiver, client):
        """And one byte more is not."""
        assert 202 == receiver.post(a_delivery("msg-1", body=padded(BODY_LIMIT))).status
        assert 413 == receiver.post(a_delivery("msg-2", body=padded(BODY_LIMIT + 1))).status

    @pytest.mark.parametrize("length", [BODY_LIMIT + 1, 10 * 1024**3, 10**18 - 1])
    def test_a_declared_size_is_refused_without_reading(self, receiver, client, length):
        """Ten gigabytes need not arrive to be too many; no byte of the body was sent here."""
        with receiver.connected() as connection:
            connection.sendall(head(f"Content-Length: {length}"))

            assert (413, "BODY_TOO_LARGE") == answer(connection).outcome
            assert is_closed(connection)

    def test_chunks_without_an_end_are_cut_off(self, receiver, client):
        """The limit holds while reading: what is not declared is counted."""
        before = receiver.resident_bytes()
        with receiver.connected() as connection:
            connection.sendall(head("Transfer-Encoding: chunked"))
            sent = 0
            try:
                for _ in range(1000):
                    connection.sendall(chunk(b"x" * 65_536))
                    sent += 65_536
            except ConnectionError:
                pass

        assert sent < 20 * MEGABYTE
        assert receiver.resident_bytes() - before < 8 * MEGABYTE

    def test_chunks_just_over_the_limit_get_their_answer(self, receiver, client):
        """413, and the connection ends: nobody reads the rest."""
        with receiver.connected() as connection:
            connection.sendall(head("Transfer-Encoding: chunked") + chunk(b"x" * (BODY_LIMIT + 1)))

            assert (413, "BODY_TOO_LARGE") == answer(connection).outcome
            assert is_closed(connection)

    def test_a_chunked_body_is_a_body(self, receiver, client):
        """Signed as a whole, delivered in pieces of any size."""
        delivery = a_delivery("msg-1")
        pieces = b"".join(chunk(delivery.body[at : at + 7]) for at in range(0, len(delivery.body), 7))

        found = receiver.raw(signed_head(delivery, "Transfer-Encoding: chunked") + pieces + b"0\r\n\r\n")

        assert (202, "accepted") == found.outcome
        assert delivery.body.decode() == client.get(keys.body(keys.event("shop", "msg-1")))

    def test_a_sender_that_asks_first_is_told_to_go_on(self, receiver, client):
        """Expect: 100-continue; what is refused is refused before the body is sent."""
        delivery = a_delivery("msg-1")
        with receiver.connected() as connection:
            connection.sendall(
                signed_head(delivery, "Expect: 100-continue", f"Content-Length: {len(delivery.body)}")
            )
            assert b"HTTP/1.1 100 Continue\r\n\r\n" == connection.recv(1000)
            connection.sendall(delivery.body)
            assert (202, "accepted") == answer(connection).outcome

        with receiver.connected() as connection:
            connection.sendall(head("Expect: 100-continue", "Content-Length: 999999999"))
            assert (413, "BODY_TOO_LARGE") == answer(connection).outcome

    @pytest.mark.parametrize(
        ("head_of", "status"),
        [
            (lambda: head("Content-Length: 1000000", path="/webhooks/nobody"), 404),
            (lambda: head("Content-Length: 1000000", path="/elsewhere"), 404),
            (lambda: head("Content-Length: 1000000", method="PUT"), 405),
            (lambda: head("Content-Length: 1000000", *(f"X-{n}: 1" for n in range(70))), 431),
        ],
        ids=["no such source", "no such path", "method", "headers"],
    )
    def test_nobody_reads_the_body_of_what_is_refused_by_its_head(self, receiver, head_of, status):
        """The answer comes before the body, and the connection goes with it."""
        with receiver.connected() as connection:
            connection.sendall(head_of())

            assert status == answer(connection).status
            assert is_closed(connection)


class TestTime:
    @pytest.mark.parametrize("framing", ["Content-Length: 1000", "Transfer-Encoding: chunked"])
    def test_a_body_that_does_not_come_is_given_up(self, receiver, client, framing):
        """408: a slow sender must not hold a place for ever."""
        with receiver.connected() as connection:
            begun = time.monotonic()
            connection.sendall(head(framing))

            assert (408, "REQUEST_TIMEOUT") == answer(connection).outcome
            assert BODY_DEADLINE_S <= time.monotonic() - begun < BODY_DEADLINE_S + 1
            assert is_closed(connection)

    def test_dripping_bytes_win_no_time(self, receiver, client):
        """The limit is for the whole body, not for each piece of it."""
        connection_time = time.monotonic()
        with receiver.connected() as connection:
            connection.sendall(head("Content-Length: 1000"))
            connection.settimeout(0.02)
            received = b""
            for _ in range(200):
                try:
                    connection.sendall(b"x")
                    received = connection.recv(1000)
                    break
                except TimeoutError:
                    continue

        assert received.startswith(b"HTTP/1.1 408 ")
        assert time.monotonic() - connection_time < BODY_DEADLINE_S + 1

    def test_slow_senders_hold_nobody_up(self, receiver, client):
        """Two hundred half requests wait; the next delivery is answered as if they were not there."""
        with contextlib.ExitStack() as slow:
            for _ in range(200):
                slow.enter_context(receiver.connected()).sendall(head("Content-Length: 1000") + b"x")

            begun = time.monotonic()
            assert (202, "accepted") == receiver.post(a_delivery()).outcome
            assert time.monotonic() - begun < BODY_DEADLINE_S


class TestDisconnects:
    def test_half_a_body_leaves_nothing_behind(self, receiver, client):
        """Nothing stored, no traceback, no socket: the sender sends it again as a whole."""

        def lines(source, outcome):
            return [
                line for line in receiver.lines() if (source, outcome) == (line["source"], line["outcome"])
            ]

        sockets = receiver.open_sockets()
        request = request_bytes(a_delivery(), path="/webhooks/disk")

        for _ in range(50):
            with receiver.connected() as connection:
                connection.sendall(request[:-10])

        until(lambda: receiver.open_sockets() <= sockets, what="the sockets are gone")
        until(lambda: len(lines("disk", "disconnected")) == 50, what="each is in the log")
        assert [] == written(client)

    def test_a_sender_that_hangs_up_after_its_body_is_recorded(self, receiver, client):
        """It was whole and authentic; the sender's repetition is a duplicate."""
        with receiver.connected() as connection:
            connection.sendall(request_bytes(a_delivery()))

        until(lambda: client.exists(keys.event("shop", "msg-1")), what="the event is recorded")
        assert (200, "duplicate") == receiver.post(a_delivery()).outcome


class TestConnections:
    def test_a_connection_serves_many_deliveries(self, receiver, client):
        """Senders keep theirs."""
        with receiver.connected() as connection:
            for n in range(20):
                connection.sendall(request_bytes(a_delivery(f"msg-{n}")))
                assert (202, "accepted") == answer(connection).outcome

    def test_pipelined_deliveries_are_answered_in_turn(self, receiver, client):
        """And recorded in their order."""
        with receiver.connected() as connection:
            connection.sendall(b"".join(request_bytes(a_delivery(f"msg-{n}")) for n in range(20)))
            stream = connection.makefile("rb")
            ids = [_event_id(stream) for _ in range(20)]

        assert [f"msg-{n}" for n in range(20)] == ids
        assert [keys.event("shop", f"msg-{n}") for n in range(20)] == client.lrange(
            keys.lane("shop", "order-1"), 0, -1
        )

    def test_a_refused_signature_keeps_the_connection(self, receiver, client):
        """Behind a proxy one connection serves many senders: one bad one must not cost the others theirs."""
        with receiver.connected() as connection:
            for n in range(5):
                connection.sendall(request_bytes(a_delivery().having(webhook_id="forged")))
                assert 401 == answer(connection).status
                connection.sendall(request_bytes(a_delivery(f"msg-{n}")))
                assert 202 == answer(connection).status


def _event_id(stream) -> str:
    """Read one answer of several from a stream, and return the event it names."""
    length = 0
    while line := stream.readline().strip():
        if line.lower().startswith(b"content-length:"):
            length = int(line.partition(b":")[2])
    return json.loads(stream.read(length))["data"]["eventId"]
