"""
An API in front of the sandbox, in a thread of its own: it passes calls on, or answers them as it is told, or never.

For answers that the sandbox does not give: any status, a bomb of gzip, a certificate that nobody has vouched for.
"""

import contextlib
import http.client
import socketserver
import ssl
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """One request as it arrived; *at* is in seconds since 1970."""

    method: str
    path: str
    body: bytes
    headers: Mapping[str, str]
    at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """An answer; a body in pieces is sent until the caller has enough, without a length."""

    status: int = 200
    body: bytes | Iterable[bytes] = b""
    headers: Mapping[str, str] = field(default_factory=dict)


class Front:
    """Listens on a free loopback port; *answers* returns what to say, or None to pass the call on to *target*."""

    def __init__(
        self,
        target: int,
        answers: Callable[[Asked], Said | None] = lambda _: None,
        *,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.target = target
        self.answers = answers
        self.asked: list[Asked] = []
        self._server = _Server(("127.0.0.1", 0), _handler(self))
        if tls is not None:
            self._server.socket = tls.wrap_socket(
                self._server.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._server.serve_forever, name="front", daemon=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)

    def pass_on(self, asked: Asked) -> Said:
        """Ask the target, and return what it says."""
        connection = http.client.HTTPConnection("127.0.0.1", self.target, timeout=30)
        with contextlib.closing(connection):
            connection.request(asked.method, asked.path, asked.body, dict(asked.headers))
            answer = connection.getresponse()
            return Said(
                status=answer.status,
                body=answer.read(),
                headers={"content-type": answer.headers["content-type"]},
            )


class Silence:
    """Listens on a free loopback port, takes whatever comes, and says nothing until the other side hangs up."""

    def __init__(self) -> None:
        #: How long each of those lasted that have hung up.
        self.seconds: list[float] = []
        self._server = _Silent(("127.0.0.1", 0), _listener(self))
        self._thread = threading.Thread(target=self._server.serve_forever, name="silence", daemon=True)
        self.port = self._server.server_address[1]

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(10)


class _Silent(socketserver.ThreadingTCPServer):
    daemon_threads = True
    request_queue_size = 128


def _listener(silence: Silence) -> type[socketserver.BaseRequestHandler]:
    class Listener(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            began = time.monotonic()
            with contextlib.suppress(ConnectionError):
                while self.request.recv(65_536):
                    pass
            silence.seconds.append(time.monotonic() - began)

    return Listener


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def handle_error(self, *_: Any) -> None:
        """Say nothing: a caller that goes away, or refuses the certificate, is what is tested."""


def _handler(front: Front) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1
        disable_nagle_algorithm = True

        def handle_one_request(self) -> None:
            with contextlib.suppress(ConnectionError):
                super().handle_one_request()
                return
            self.close_connection = True

        def do_any(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            asked = Asked(
                method=self.command,
                path=self.path,
                body=body,
                headers={name.lower(): value for name, value in self.headers.items()},
                at=time.time(),
            )
            front.asked.append(asked)
            self._say(front.answers(asked) or front.pass_on(asked))

        do_GET = do_POST = do_DELETE = do_any  # noqa: N815 - the names that the standard library looks for

        def _say(self, said: Said) -> None:
            pieces = [said.body] if isinstance(said.body, bytes) else said.body
            self.send_response(said.status)
            for name, value in {"content-type": "application/json", **said.headers}.items():
                self.send_header(name, value)
            if isinstance(said.body, bytes):
                self.send_header("content-length", str(len(said.body)))
            else:
                self.send_header("connection", "close")
            self.end_headers()
            for piece in pieces:
                self.wfile.write(piece)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    return Handler
