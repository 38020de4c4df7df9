"""
The receiver as a process, and a client that can be as rude as a sender: whole requests, raw bytes, half bodies.

`started` gives a receiver for any configuration; `a_delivery` is a signed one that it accepts, so spoil one thing.
"""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from pathlib import Path
from typing import Any

import tomlkit

from console.embedded import free_port
from receiver.verification import sign
from tests.support.schemes import STANDARD_SECRET, scheme
from tests.support.waiting import until

ROOT = Path(__file__).parents[2]

#: The process as `orderhook receiver` starts it, without the command line around it.
MAIN = """
import os, sys
from pathlib import Path
from receiver import logs, server
from receiver.settings import read_config, receiver_settings
logs.set_up()
server.run(receiver_settings(read_config(environ=os.environ, path=Path(sys.argv[1]))))
"""

#: Source `shop` of every configuration here, and how its deliveries are signed.
SHOP = {"scheme": {"type": "standard-webhooks", "secrets": [STANDARD_SECRET]}}
SHOP_SCHEME = scheme(**SHOP["scheme"])

#: Longest wait for an answer, in seconds.
ANSWER_S = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the receiver answered; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The word that tells answers apart: the error's code, or the event's status."""
        found = self.json
        return found["data"]["status"] if found["success"] else found["error"]["code"]

    @property
    def outcome(self) -> tuple[int, str]:
        return self.status, self.code


@dataclass(slots=True, kw_only=True)
class Receiver:
    """A receiver process of one configuration; it can be stopped, killed and started again."""

    folder: Path
    settings: Mapping[str, Any]
    port: int = field(default_factory=free_port)
    process: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        """Start it and wait until it answers."""
        self.spawn()
        until(self._is_up, what="the receiver answers", within_s=20)

    def spawn(self) -> "subprocess.Popen[bytes]":
        """Start it and wait for nothing."""
        config = self.folder / "orderhook.toml"
        own = {"port": self.port, **self.settings.get("receiver", {})}
        config.write_text(tomlkit.dumps({**self.settings, "receiver": own}))
        environ = {name: value for name, value in os.environ.items() if not name.startswith("ORDERHOOK_")}
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-c", MAIN, str(config)],
                cwd=ROOT,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
        return self.process

    def kill(self) -> None:
        """End it as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def stop(self, *, within_s: float = 15.0) -> int:
        """Tell it to stop, wait until it has, and return its exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(within_s)

    @property
    def log(self) -> Path:
        return self.folder / "receiver.log"

    def lines(self, event: str = "delivery") -> list[dict[str, Any]]:
        """Return the log lines of one kind, so far."""
        texts = self.log.read_text().splitlines()
        found = [json.loads(text) for text in texts if text.startswith("{")]
        return [line for line in found if line["event"] == event]

    def tracebacks(self) -> list[str]:
        """Return what looks like a bug in the log, and what is no log line at all."""
        texts = self.log.read_text().splitlines()
        return [text for text in texts if "Traceback" in text or "bug" in text or not text.startswith("{")]

    def resident_bytes(self) -> int:
        """Return how much memory the process holds."""
        assert self.process is not None
        pages = Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    def open_sockets(self) -> int:
        """Return how many sockets the process has open."""
        assert self.process is not None
        return sum(_is_socket(link) for link in Path(f"/proc/{self.process.pid}/fd").iterdir())

    # Asking it.

    def send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str] | list[tuple[str, str]] = (),
        body: bytes | None = None,
    ) -> Answer:
        """Send one request with exactly these headers (and Host, and Content-Length where there is a body)."""
        pairs = list(headers.items()) if isinstance(headers, Mapping) else list(headers)
        if body is not None:
            pairs.append(("Content-Length", str(len(body))))
        head = "".join(f"{name}: {value}\r\n" for name, value in [("Host", "hooks.example.com"), *pairs])
        return self.raw(
            f"{method} {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + (body or b""), method=method
        )

    def raw(self, request: bytes, *, method: str = "POST") -> Answer:
        """Send bytes and read one answer."""
        with self.connected() as connection:
            connection.sendall(request)
            return answer(connection, method=method)

    def post(self, delivery: "Delivery", source: str = "shop") -> Answer:
        """Deliver."""
        return self.send("POST", f"/webhooks/{source}", delivery.headers, delivery.body)

    @contextlib.contextmanager
    def connected(self) -> Iterator[socket.socket]:
        """Yield a connection to it."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=ANSWER_S) as connection:
            yield connection

    def _is_up(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()
        try:
            return self.send("GET", "/healthz").status == HTTPStatus.OK
        except OSError:
            return False


def _is_socket(link: Path) -> bool:
    try:
        return str(link.readlink()).startswith("socket:")
    except FileNotFoundError:  # closed since it was listed
        return False


@contextlib.contextmanager
def started(folder: Path, redis_url: str, **settings: Any) -> Iterator[Receiver]:
    """Yield a receiver that runs; *settings* are tables of its configuration, source `shop` is among the sources."""
    folder.mkdir(parents=True, exist_ok=True)
    sources = {"shop": SHOP, **settings.pop("sources", {})}
    receiver = Receiver(folder=folder, settings={"redis_url": redis_url, "sources": sources, **settings})
    receiver.start()
    try:
        yield receiver
    finally:
        receiver.kill()


def answer(connection: socket.socket, *, method: str = "POST") -> Answer:
    """Read one answer from a connection."""
    with http.client.HTTPResponse(connection, method=method) as response:
        response.begin()
        return Answer(
            status=response.status,
            headers={name.lower(): value for name, value in response.getheaders()},
            body=response.read(),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """A request's headers and body."""

    headers: list[tuple[str, str]]
    body: bytes

    def without(self, *names: str) -> "Delivery":
        """Return the delivery without some headers."""
        dropped = {name.lower() for name in names}
        kept = [(name, value) for name, value in self.headers if name.lower() not in dropped]
        return Delivery(headers=kept, body=self.body)

    def having(self, **headers: str) -> "Delivery":
        """Return the delivery with some headers replaced; underscores stand for hyphens."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Delivery(headers=[*self.without(*named).headers, *named.items()], body=self.body)


def a_delivery(
    event_id: str = "msg-1",
    *,
    subject: str = "order-1",
    event_type: str = "order.created",
    body: bytes | None = None,
    timestamp: int | None = None,
    settings: Any = SHOP_SCHEME,
) -> Delivery:
    """Return a delivery as the sender of source `shop` makes it, or of another scheme's settings."""
    if body is None:
        body = json.dumps({"event": event_type, "data": {"id": subject}}).encode()
    made = sign(
        settings,
        event_id=event_id,
        event_type=event_type,
        timestamp=int(time.time()) if timestamp is None else timestamp,
        body=body,
    )
    return Delivery(headers=[("Content-Type", "application/json"), *made], body=body)


def request_bytes(delivery: Delivery, *, path: str = "/webhooks/shop") -> bytes:
    """Return a whole request as it goes over the wire."""
    length = [("Host", "hooks.example.com"), ("Content-Length", str(len(delivery.body)))]
    head = "".join(f"{name}: {value}\r\n" for name, value in [*length, *delivery.headers])
    return f"POST {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1") + delivery.body
