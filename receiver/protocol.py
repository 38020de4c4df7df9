"""
HTTP on a connection: uvicorn's httptools protocol, with an end to how long a head may be, and our own answers.

httptools is pinned, since h11 takes a request with both Content-Length and Transfer-Encoding. It has no limit of its
own: without ours, one client that never ends its headers fills the memory before any check of `endpoint.py` runs.
"""

from http import HTTPStatus

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from . import answers
from .answers import Answer, ErrorCode
from .endpoint import MAX_HEADER_BYTES, MAX_HEADERS

#: As much as the headers that the endpoint takes can come to, with a request line.
MAX_HEAD_BYTES = (MAX_HEADERS + 1) * MAX_HEADER_BYTES


class ReceiverProtocol(HttpToolsProtocol):
    """One connection of a sender."""

    _head_bytes = 0
    _in_head = True

    def data_received(self, data: bytes) -> None:
        if self._in_head:
            self._head_bytes += len(data)
            if self._head_bytes > MAX_HEAD_BYTES:
                return self._refuse(ErrorCode.HEADERS_TOO_LARGE)
        return super().data_received(data)

    def on_message_begin(self) -> None:
        self._head_bytes, self._in_head = 0, True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        self._in_head = False
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Answer bytes that are not HTTP in the shape of every other error."""
        del msg
        self._refuse(ErrorCode.REQUEST_MALFORMED)

    def _refuse(self, code: ErrorCode) -> None:
        if not self.transport.is_closing():
            self.transport.write(_written(answers.error(code)))
            self.transport.close()


def _written(answer: Answer) -> bytes:
    status = b"HTTP/1.1 %d %b\r\n" % (answer.status, HTTPStatus(answer.status).phrase.encode())
    return status + b"".join(b"%b: %b\r\n" % header for header in answer.headers) + b"\r\n" + answer.body
