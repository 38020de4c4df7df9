"""Serving inside another program's event loop."""

import asyncio
import errno
import signal
import socket

import aiohttp
import pytest

from sandbox.config import SandboxConfig
from sandbox.server import serving

pytestmark = pytest.mark.anyio


async def test_a_guest_leaves_signals_to_its_host():
    """`orderhook dev` stops its parts in an order of its own."""
    before = signal.getsignal(signal.SIGTERM)

    async with serving(SandboxConfig(port=0)):
        assert before is signal.getsignal(signal.SIGTERM)


async def test_the_address_is_free_again_at_the_end():
    """Tests and `orderhook dev` start it again and again."""
    async with serving(SandboxConfig(port=0)) as url:
        port = int(url.rsplit(":", 1)[1])

    async with serving(SandboxConfig(port=port)) as again:
        assert url == again


async def test_an_address_in_use_is_said_at_once():
    """Not a sandbox that seems to run while another one answers."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(OSError) as caught:
            async with serving(SandboxConfig(port=taken.getsockname()[1])):
                pass

    assert errno.EADDRINUSE == caught.value.errno


async def test_answers_are_not_held_back_by_the_network_stack(sandbox):
    """A bug of ours: a listener made without its protocol got no TCP_NODELAY, and each answer took 40 ms."""
    loop_time = asyncio.get_running_loop().time
    async with aiohttp.ClientSession(trust_env=False) as session:
        started = loop_time()
        for _ in range(50):
            async with session.get(f"{sandbox.url}/_sandbox/calls"):
                pass

    assert 1.0 > loop_time() - started
