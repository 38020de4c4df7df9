"""The guarded session on real sockets: what it connects to, and what it never reaches."""

import os
import socket

import aiohttp
import pytest
from aiohttp.abc import AbstractResolver

from tests.support.http_peer import serving
from workers.egress import Blocked, open_session, parse, resolved

pytestmark = pytest.mark.anyio


class FakeResolver(AbstractResolver):
    """Answers in turn; the last answer stays."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.asked = 0

    async def resolve(self, host, port=0, family=socket.AF_UNSPEC):
        self.asked += 1
        found = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [
            {"hostname": host, "host": each, "port": port, "family": family, "proto": 0, "flags": 0}
            for each in found
        ]

    async def close(self):
        pass


async def refused(session, url) -> Blocked:
    with pytest.raises(aiohttp.ClientConnectorError) as caught:
        await session.post(url, timeout=aiohttp.ClientTimeout(total=5))
    assert isinstance(caught.value.os_error, Blocked)
    return caught.value.os_error


async def test_a_name_that_leads_inside_is_refused():
    """The text of a URL says nothing of where it leads."""
    async with serving() as canary:
        port = canary.url.rpartition(":")[2]
        async with open_session(resolver=FakeResolver(["127.0.0.1"])) as session:
            await refused(session, f"http://erp.example.com:{port}/")

    assert 0 == canary.connections


async def test_one_address_of_several_that_leads_inside_is_enough():
    """Else the connection goes to the next address when the first does not answer."""
    async with open_session(resolver=FakeResolver(["192.0.2.7", "8.8.8.8"])) as session:
        await refused(session, "http://erp.example.com/")


async def test_a_name_that_changes_its_answer_reaches_nothing():
    """DNS rebinding: public for the check, loopback for the connection."""
    async with serving() as canary:
        port = canary.url.rpartition(":")[2]
        for _ in range(100):
            resolver = FakeResolver(["::ffff:127.0.0.1"], ["127.0.0.1"])
            async with open_session(resolver=resolver) as session:
                await refused(session, f"http://erp.example.com:{port}/")
            assert 1 == resolver.asked

    assert 0 == canary.connections


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:7f00:1]", "localhost"])
async def test_an_address_that_needs_no_lookup_is_refused_at_the_socket(host):
    """A look-up that does not happen cannot check."""
    async with serving() as canary:
        port = canary.url.rpartition(":")[2]
        async with open_session() as session:
            await refused(session, f"http://{host}:{port}/")

    assert 0 == canary.connections


async def test_ones_own_network_is_reached_where_it_is_allowed():
    """The same session with the word of the operator."""
    async with serving() as peer, open_session(allow_private=True) as session:
        peer.answers(204)
        async with session.post(peer.url.replace("127.0.0.1", "localhost")) as response:
            assert 204 == response.status


async def test_no_proxy_of_the_environment_is_asked(monkeypatch):
    """A proxy would connect wherever it is told, past every check."""
    async with serving() as proxy, serving() as peer:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY"):
            monkeypatch.setitem(os.environ, name, proxy.url)
        peer.answers(204)
        async with open_session(allow_private=True) as session, session.post(peer.url):
            pass

    assert (0, 1) == (proxy.connections, peer.connections)


async def test_what_a_name_leads_to_can_be_looked_at():
    """The doctor says it before the first message does."""
    assert "127.0.0.1" in await resolved(parse("http://localhost:80/", allow_private=True))
    assert [] == await resolved(parse("https://no-such-host.invalid/"))
