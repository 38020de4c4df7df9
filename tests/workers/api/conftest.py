"""A real HTTP server, and a client pointed at it."""

import contextlib
from collections.abc import AsyncIterator, Callable

import aiohttp
import pytest

from receiver.secrets import Secret
from tests.support.http_peer import Upstream, serving
from workers.api.http import Edge
from workers.api.installer import InstallerClient
from workers.api.paths import OPERATIONS
from workers.api.replies import Call
from workers.api.token import Token
from workers.api.transport import open_session


@pytest.fixture(name="upstream")
async def _upstream() -> AsyncIterator[Upstream]:
    """The server over plain HTTP."""
    async with serving() as upstream:
        yield upstream


@pytest.fixture(name="serving")
def _serving() -> Callable[..., contextlib.AbstractAsyncContextManager[Upstream]]:
    """The server with the TLS context that it is called with."""
    return serving


@pytest.fixture(name="session")
async def _session() -> AsyncIterator[aiohttp.ClientSession]:
    async with open_session(concurrency=10) as session:
        yield session


@pytest.fixture(name="token")
def _token() -> Secret:
    return Secret("env:API_TOKEN", "top-hush-1234")


@pytest.fixture(name="edge_to")
def _edge_to(session: aiohttp.ClientSession, token: Secret) -> Callable[..., Edge]:
    """An edge to the URL, with other arguments where given."""

    def edge(url, *, token=token, **more):
        return Edge(session, **{"base_url": url, "token": Token(token), "deadline_s": 5.0, **more})

    return edge


@pytest.fixture(name="edge")
def _edge(upstream: Upstream, edge_to: Callable[..., Edge]) -> Edge:
    return edge_to(upstream.url)


@pytest.fixture(name="installer")
def _installer(edge: Edge) -> InstallerClient:
    return InstallerClient(edge)


@pytest.fixture(name="call_of")
def _call_of() -> Callable[[str], Call]:
    """The call of an operation where the defaults put it."""
    return lambda name: Call(operation=OPERATIONS[name], route=OPERATIONS[name].route)
