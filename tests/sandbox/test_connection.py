"""Cutting connections, and servers that cannot."""

import asyncio
import contextlib

import aiohttp
import pytest
import uvicorn

from sandbox.app import create_app
from sandbox.config import SandboxConfig
from sandbox.connection import can_cut
from tests.support.waiting import until_async

pytestmark = pytest.mark.anyio


def test_a_scope_of_another_server_cannot_be_cut():
    """ASGI has no word for it."""
    assert not can_cut({"type": "http"})


async def test_a_reset_is_refused_where_the_server_cannot_cut(unused_url):
    """Better a clear 422 when the fault is set than a test that waits for a reset in vain."""
    port = int(unused_url.rsplit(":", 1)[1].removesuffix("/hook"))
    async with _plainly_served(port) as url:
        answer = await _put_reset(url)

    assert 422 == answer["statusCode"]
    assert "reset_before: needs sandbox.server" in answer["message"]


@contextlib.asynccontextmanager
async def _plainly_served(port):
    """The app on uvicorn as it comes."""
    server = uvicorn.Server(uvicorn.Config(create_app(SandboxConfig()), port=port, log_config=None))
    task = asyncio.create_task(server.serve())

    async def started():
        return server.started

    await until_async(started)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    await task


async def _put_reset(url):
    body = {"faults": [{"fault": "reset_before"}]}
    async with (
        aiohttp.ClientSession(trust_env=False) as session,
        session.put(f"{url}/_sandbox/faults", json=body) as answer,
    ):
        return await answer.json()
