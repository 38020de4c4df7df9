"""A sandbox and a receiver, both over real HTTP on free loopback ports."""

import contextlib
import json
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from aiohttp import web

from sandbox.config import SandboxConfig, SenderRules
from sandbox.server import serving
from tests.support.waiting import until_async

#: Retries that a test can wait for.
QUICK = SenderRules(retry_delays_s=(0.02, 0.02, 0.02), timeout_s=0.5, stop_grace_s=0.2)

ORDER = {
    "name": "Montering av varmepumpe",
    "address": "Thereses gate 14",
    "city": "Oslo",
    "postalCode": "0358",
    "countryCode": "NO",
    "email": "kari.nordmann@example.com",
    "phoneNumber": "+4799900111",
    "contactPersonName": "Kari Nordmann",
}


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int
    headers: Any
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)


@dataclass(frozen=True, kw_only=True)
class Sandbox:
    """A sandbox that is running, and a client of it."""

    url: str
    session: aiohttp.ClientSession

    async def call(self, method, path, body=None, *, token="sandbox-token", key=None, **options) -> Reply:
        headers = {"authorization": f"Bearer {token}", **({"idempotency-key": key} if key else {})}
        if body is not None:
            options["json"] = body
        async with self.session.request(method, self.url + path, headers=headers, **options) as answer:
            return Reply(status=answer.status, headers=answer.headers, text=await answer.text())

    async def get(self, path, **options) -> Reply:
        return await self.call("GET", path, **options)

    async def post(self, path, body=None, **options) -> Reply:
        return await self.call("POST", path, body, **options)

    async def order(self, **changes) -> str:
        """Create an order and return its id."""
        return (await self.post("/api/v1/order", ORDER | changes)).json["value"]

    async def tag(self, name="imported") -> str:
        """Create a tag and return its id."""
        return (await self.post("/api/v1/order-tags", {"names": [name]})).json[0]["id"]

    async def advance(self, order_id, to=None) -> Reply:
        return await self.post("/_sandbox/advance", {"orderId": order_id, **({"to": to} if to else {})})

    async def faults(self, *faults) -> Reply:
        return await self.call("PUT", "/_sandbox/faults", {"faults": list(faults)})

    async def effects(self, since=0) -> list[dict[str, Any]]:
        lines = (await self.get(f"/_sandbox/effects?since={since}")).text.splitlines()
        return [json.loads(line) for line in lines]

    async def deliveries(self) -> list[dict[str, Any]]:
        return (await self.get("/_sandbox/deliveries")).json

    async def sent(self) -> list[dict[str, Any]]:
        """Wait until no delivery is pending, and return all."""

        async def over():
            found = await self.deliveries()
            return found if all(one["state"] != "pending" for one in found) else None

        return await until_async(over, what="every delivery is over")


@dataclass(frozen=True, kw_only=True)
class Received:
    """One request that the receiver got."""

    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(kw_only=True)
class Receiver:
    """A webhook receiver with a memory: it answers the given statuses first, then 200."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    requests: list[Received] = field(default_factory=list)
    #: What is awaited before each answer.
    before: Callable[[], Awaitable[None]] | None = None

    async def take(self, request: web.Request) -> web.Response:
        self.requests.append(Received(headers=request.headers.copy(), body=await request.read()))
        if self.before is not None:
            await self.before()
        return web.Response(
            status=self.answers.pop(0) if self.answers else 200, headers={"location": self.url}
        )

    @property
    def events(self) -> list[str]:
        return [request.json["event"] for request in self.requests]


@contextlib.asynccontextmanager
async def _sandbox_of(**settings: Any) -> AsyncIterator[Sandbox]:
    config = SandboxConfig(**{"port": 0, "seed": 1, "sender": QUICK} | settings)
    timeout = aiohttp.ClientTimeout(total=10)
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(config))
        # The loop rests between tests, so a kept connection may have been closed without anybody's noticing.
        connector = aiohttp.TCPConnector(force_close=True)
        session = aiohttp.ClientSession(connector=connector, timeout=timeout, trust_env=False)
        await stack.enter_async_context(session)
        yield Sandbox(url=url, session=session)


@pytest.fixture(name="start")
async def _start() -> AsyncIterator[Callable[..., Awaitable[Sandbox]]]:
    """Start a sandbox with the given settings; it stops with the test."""
    async with contextlib.AsyncExitStack() as stack:
        yield lambda **settings: stack.enter_async_context(_sandbox_of(**settings))


@pytest.fixture(name="start_and_stop")
def _start_and_stop() -> Callable[..., contextlib.AbstractAsyncContextManager[Sandbox]]:
    """Start a sandbox as a context, for tests of its end."""
    return _sandbox_of


@pytest.fixture(name="unused_url")
def _unused_url() -> str:
    """An address at which nobody listens."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{listener.getsockname()[1]}/hook"


@pytest.fixture(name="running", scope="session")
async def _running() -> AsyncIterator[Sandbox]:
    """One sandbox for all tests that need no settings: a start and a stop take a fifth of a second."""
    async with _sandbox_of() as sandbox:
        yield sandbox


@pytest.fixture(name="sandbox")
async def _sandbox(running: Sandbox) -> Sandbox:
    """A sandbox as good as new, which sends nothing."""
    await running.post("/_sandbox/reset")
    return running


@pytest.fixture(name="receiver")
async def _receiver() -> AsyncIterator[Receiver]:
    """A receiver for the sandbox's events."""
    receiver = Receiver()
    app = web.Application()
    app.router.add_post("/hook", receiver.take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    receiver.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    yield receiver
    await runner.cleanup()
