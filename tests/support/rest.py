"""A console that serves its REST API from a thread, and a caller of it over real HTTP."""

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from starlette.types import ASGIApp

from console.rest import server
from console.settings import ConsoleSection
from tests.support.waiting import until


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What was answered; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def data(self) -> Any:
        return self.json["data"]

    @property
    def code(self) -> str:
        return self.json["error"]["code"]

    @property
    def message(self) -> str:
        return self.json["error"]["message"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who calls a console, with a token."""

    port: int
    token: str = ""

    def having(self, token: str) -> "Caller":
        return replace(self, token=token)

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Reply:
        """Make one call; a body that is no bytes goes as JSON."""
        sent = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        named = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        named |= {"Content-Type": "application/json"} if sent is not None else {}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)) as connection:
            connection.request(method, path, sent, {**named, **(headers or {})})
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            return Reply(status=answer.status, headers=found, body=answer.read())

    def get(self, path: str, **headers: str) -> Reply:
        return self.call("GET", path, headers=headers)

    def post(self, path: str, body: object = None, **headers: str) -> Reply:
        return self.call("POST", path, body, headers)


@contextlib.contextmanager
def served(app: ASGIApp) -> Iterator[Caller]:
    """Serve an application on a free port; yield a caller without a token."""
    found = server.server(app, ConsoleSection(port=0, stop_grace_s=1))
    thread = threading.Thread(target=found.run, daemon=True)
    thread.start()
    try:
        until(lambda: found.started, what="the console listens")
        yield Caller(port=found.servers[0].sockets[0].getsockname()[1])
    finally:
        found.should_exit = True
        thread.join(10)
