"""
HTTP on a connection: uvicorn's httptools protocol, made strict where it is not, with answers in our own shape.

httptools is pinned, since h11 takes a request with both Content-Length and Transfer-Encoding. Of its own it sets a head
no limit, takes what follows a body for headers, and drops the body of a request that offers to change the protocol.
"""

import asyncio
from http import HTTPStatus

import httptools
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from . import answers
from .answers import Answer, ErrorCode
from .arrival import MAX_HEADER_BYTES, MAX_HEADERS
from .gathering import GatheringTransport

#: As much as the headers that the endpoint takes can come to, with a request line. Without an end to it, one client
#: that never ends its headers would fill the memory before any check of `endpoint.py` runs.
MAX_HEAD_BYTES = (MAX_HEADERS + 1) * MAX_HEADER_BYTES

#: What offers to change the protocol; HTTP lets a server pass over it (RFC 9110, 7.8).
_OFFERS = frozenset({b"upgrade", b"http2-settings", b"connection"})


class ReceiverProtocol(HttpToolsProtocol):
    """One connection of a sender."""

    _head_bytes = 0
    _in_head = True

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(GatheringTransport(transport, self.loop))

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                self._refuse(ErrorCode.HEADERS_TOO_LARGE)
                return
        self._unset_keepalive_if_required()
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserUpgrade as upgrade:
            self._start_anew(data[upgrade.args[0] :])
        except httptools.HttpParserError:
            self._refuse(ErrorCode.REQUEST_MALFORMED)

    def on_message_begin(self) -> None:
        self._head_bytes, self._in_head = 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        if self.parser.should_upgrade():
            return  # the parser stops here, and `_start_anew` goes on
        self._in_head = False
        super().on_headers_complete()
        self.headers = []  # what comes behind a body is no header of the request

    def on_message_complete(self) -> None:
        if not self.parser.should_upgrade():
            super().on_message_complete()

    def _start_anew(self, rest: bytes) -> None:
        """
        Read a request as if it had offered no other protocol.

        Java's client offers h2c with its first request by default. The parser would take the body for the next request:
        a lost event for an honest sender, a smuggled request from another.
        """
        method = self.parser.get_method()
        if method == b"CONNECT":
            self._refuse(ErrorCode.METHOD_NOT_ALLOWED)
            return
        head = b"%b %b HTTP/%b\r\n" % (method, self.url, self.parser.get_http_version().encode())
        kept = [b"%b: %b\r\n" % header for header in self.headers if header[0] not in _OFFERS]
        self.parser, self._head_bytes = httptools.HttpRequestParser(self), 0
        self.data_received(b"".join([head, *kept, b"\r\n", rest]))

    def _refuse(self, code: ErrorCode) -> None:
        if not self.transport.is_closing():
            self.transport.write(_written(answers.error(code)))
            self.transport.close()


def _written(answer: Answer) -> bytes:
    status = b"HTTP/1.1 %d %b\r\n" % (answer.status, HTTPStatus(answer.status).phrase.encode())
    return status + b"".join(b"%b: %b\r\n" % header for header in answer.headers) + b"\r\n" + answer.body
