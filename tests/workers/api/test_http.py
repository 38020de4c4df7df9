"""The edge against a real server that misbehaves, byte by byte."""

import asyncio
import gzip
import socket
import threading
import time
import tracemalloc
import zlib

import aiohttp
import pytest

from receiver.secrets import Secret
from tests.support.tls import self_signed
from tests.support.waiting import until_async
from workers import lease
from workers.api.bodies import BODY_LIMIT
from workers.api.http import Edge
from workers.api.replies import Call
from workers.api.routes import Operation, Route, Standing
from workers.api.token import Token
from workers.api.transport import open_session
from workers.failures import BadResponse, Permanent, Transient
from workers.in_time import InTime

pytestmark = pytest.mark.anyio

OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"
ENDLESS = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n"


async def failing(edge, call, kind):
    """Return the failure of the call, which must be of this very kind."""
    with pytest.raises(kind) as caught:
        await edge.send(call, call.route.path, key="k" if call.operation.writes else None)
    assert kind is type(caught.value)
    return caught.value


async def test_a_request_carries_the_token_the_key_and_nothing_of_the_environment(edge, upstream, call_of):
    """The API wants a bearer token; the key is what makes a repeat harmless."""
    upstream.answers(200, {})

    await edge.send(call_of("dispatch_order"), "/api/v1/order/o/dispatch", body=b"{}", key="k-1")

    (seen,) = upstream.seen
    assert ("POST", "/api/v1/order/o/dispatch", b"{}") == (seen.method, seen.path, seen.body)
    assert "Bearer top-hush-1234" == seen.headers["authorization"]
    assert "k-1" == seen.headers["idempotency-key"]
    assert "application/json" == seen.headers["content-type"]
    assert "identity" == seen.headers["accept-encoding"]
    assert "cookie" not in seen.headers


async def test_a_write_is_not_sent_once_the_lease_is_over(edge, upstream, call_of):
    """A worker that wakes up between reading an order and changing it would change it a second time."""
    upstream.answers(200, {})

    async def attempt() -> None:
        lease.hold(time.monotonic() - 0.1)
        await edge.send(call_of("get_order"), "/api/v1/order/o")
        await edge.send(call_of("dispatch_order"), "/api/v1/order/o/dispatch", body=b"{}", key="k-1")

    with pytest.raises(lease.LeaseLost):
        await asyncio.create_task(attempt())

    assert ["GET"] == [seen.method for seen in upstream.seen]


async def test_a_write_that_waits_for_a_connection_is_not_sent_behind_its_lease(upstream, token, call_of):
    """The instants between asking whether the lease lasts and sending are where a frozen worker acts a second time."""
    upstream.sends(OK[:20], OK[20:], pause_s=0.4)

    async def attempt(edge: Edge) -> None:
        lease.hold(time.monotonic() + 0.2)
        await edge.send(call_of("dispatch_order"), "/api/v1/order/o/dispatch", body=b"{}", key="k-1")

    async def all_busy() -> bool:
        return len(upstream.seen) == 2

    async with open_session(concurrency=1) as session:
        edge = Edge(session, base_url=upstream.url, token=Token(token), deadline_s=5.0)
        reads = [asyncio.create_task(edge.send(call_of("get_order"), "/api/v1/order/o")) for _ in range(2)]
        await until_async(all_busy)
        with pytest.raises(lease.LeaseLost):
            await asyncio.create_task(attempt(edge))
        await asyncio.gather(*reads)

    assert ["GET", "GET"] == [seen.method for seen in upstream.seen]


#: As the Dispatch API has them: a GET, and something is disabled, switched or resumed by it.
CHANGING_GET = Call(
    operation=Operation(
        name="toggle",
        route=Route(method="GET", path="/toggle"),
        standing=Standing.DOCUMENTED,
        writes=True,
    ),
    route=Route(method="GET", path="/toggle"),
)


async def test_a_get_that_changes_something_is_not_sent_once_the_lease_is_over(edge, upstream):
    """The method says that it reads; a workflow that is toggled twice is as it was before."""
    upstream.answers(200, {})

    async def attempt() -> None:
        lease.hold(time.monotonic() - 0.1)
        await edge.send(CHANGING_GET, "/toggle")

    with pytest.raises(lease.LeaseLost):
        await asyncio.create_task(attempt())

    assert [] == upstream.seen


async def test_a_get_that_changes_something_is_never_sent_again_by_itself(edge, upstream, call_of):
    """A kept-alive connection that dies under it: aiohttp sends any GET again, and the state is switched back."""
    upstream.answers(200, {})
    upstream.sends(reset=True)
    upstream.answers(200, {})
    await edge.send(call_of("get_order"), "/first")

    failure = await failing(edge, CHANGING_GET, Transient)

    assert "unknown" == failure.effect
    assert [("/first", 1), ("/toggle", 1)] == [(seen.path, seen.connection) for seen in upstream.seen]


async def test_a_request_that_nobody_called_a_read_needs_the_lease(upstream):
    """What nobody has thought of must not be the one that acts a second time."""
    upstream.answers(200, {})

    async def attempt(session: aiohttp.ClientSession) -> None:
        lease.hold(time.monotonic() - 0.1)
        await session.get(upstream.url)

    async with open_session(concurrency=1) as session:
        with pytest.raises(lease.LeaseLost):
            await asyncio.create_task(attempt(session))

    assert [] == upstream.seen


class Frozen(InTime):
    """A request whose process is frozen when all but the sending is done."""

    async def write_bytes(self, *args, **more):
        threading.Event().wait(0.3)
        await super().write_bytes(*args, **more)


async def test_a_write_that_is_frozen_on_its_way_out_is_not_sent_behind_its_lease(upstream, token, call_of):
    """aiohttp sends in a task of its own: a freeze before that task once let twenty effects happen twice."""
    upstream.answers(200, {})

    async def attempt(edge: Edge) -> None:
        lease.hold(time.monotonic() + 0.2)
        await edge.send(call_of("dispatch_order"), "/api/v1/order/o/dispatch", body=b"{}", key="k-1")

    async with aiohttp.ClientSession(request_class=Frozen) as session:
        edge = Edge(session, base_url=upstream.url, token=Token(token), deadline_s=5.0)
        with pytest.raises(lease.LeaseLost):
            await asyncio.create_task(attempt(edge))
        await edge.send(call_of("get_order"), "/api/v1/order/o")

    assert ["GET"] == [seen.method for seen in upstream.seen]


async def test_a_path_is_sent_as_it_was_escaped(edge, upstream, call_of):
    """A client that decodes %2F sends an id with a slash to another operation."""
    upstream.answers(200, {})

    await edge.send(call_of("get_order"), "/api/v1/order/a%2F..%2Fb")

    assert "/api/v1/order/a%2F..%2Fb" == upstream.seen[0].path


async def test_a_base_url_may_have_a_path_of_its_own(upstream, edge_to, call_of):
    """Gateways put an API under a prefix."""
    upstream.answers(200, {})

    await edge_to(f"{upstream.url}/gate/").send(call_of("list_tags"), "/api/v1/order-tags")

    assert "/gate/api/v1/order-tags" == upstream.seen[0].path


async def test_a_session_that_trusts_the_environment_is_refused(token):
    """A proxy variable in some shell would see every token."""
    async with aiohttp.ClientSession(trust_env=True) as session:
        with pytest.raises(ValueError, match="trust_env"):
            Edge(session, base_url="http://127.0.0.1", token=Token(token))


@pytest.mark.parametrize("name", ["get_order", "dispatch_order"])
async def test_a_refused_connection_had_no_effect(edge_to, call_of, name):
    """Nothing was sent, so the step may simply be run again."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    failure = await failing(edge_to(f"http://127.0.0.1:{port}"), call_of(name), Transient)

    assert ("io_error", "none") == (failure.reason, failure.effect)
    assert "no connection to 127.0.0.1" in failure.message


async def test_a_name_that_does_not_resolve_had_no_effect(edge_to, call_of):
    """DNS that is down for a minute must not bury an order."""
    edge = edge_to("http://no-such-host.invalid")

    failure = await failing(edge, call_of("dispatch_order"), Transient)

    assert "none" == failure.effect


async def test_a_server_that_never_shakes_hands_is_given_up_soon(upstream, edge_to, call_of):
    """A black hole holds a place among the workers' calls; nothing was sent yet."""
    edge = edge_to(upstream.url.replace("http:", "https:"))
    begin = time.monotonic()

    failure = await failing(edge, call_of("dispatch_order"), Transient)

    assert ("timeout", "none") == (failure.reason, failure.effect)
    assert 5 > time.monotonic() - begin


@pytest.mark.parametrize(("name", "effect"), [("get_order", "none"), ("dispatch_order", "unknown")])
class TestALostAnswer:
    """A write without an answer may have had its effect; a read has none."""

    async def test_by_a_reset_after_the_effect(self, edge, upstream, call_of, name, effect):
        """The server has done it and the connection breaks: the case that duplicates orders."""
        upstream.sends(b"HTTP/1.1 2", reset=True)

        failure = await failing(edge, call_of(name), Transient)

        assert ("io_error", effect) == (failure.reason, failure.effect)

    async def test_by_a_connection_that_closes_without_a_word(self, edge, upstream, call_of, name, effect):
        """A server that is restarted does this."""
        upstream.sends()

        assert effect == (await failing(edge, call_of(name), Transient)).effect

    async def test_by_a_body_that_ends_early(self, edge, upstream, call_of, name, effect):
        """Half an answer is no answer."""
        upstream.sends(OK.replace(b"Length: 2", b"Length: 20"))

        assert effect == (await failing(edge, call_of(name), Transient)).effect

    async def test_by_silence(self, upstream, edge_to, call_of, name, effect):
        """The deadline must stay below the lease, or two workers do the same work."""
        upstream.sends(b"", pause_s=30)
        edge = edge_to(upstream.url, deadline_s=0.2)

        failure = await failing(edge, call_of(name), Transient)

        assert ("timeout", effect) == (failure.reason, failure.effect)

    async def test_by_a_slow_drip(self, upstream, edge_to, call_of, name, effect):
        """Each byte is in time and the whole never: only a deadline over all ends it."""
        upstream.sends(ENDLESS, *[b"x"] * 500, pause_s=0.02)
        edge = edge_to(upstream.url, deadline_s=0.3)
        begin = time.monotonic()

        failure = await failing(edge, call_of(name), Transient)

        assert ("timeout", effect) == (failure.reason, failure.effect)
        assert 2 > time.monotonic() - begin

    async def test_by_something_that_is_not_http(self, edge, upstream, call_of, name, effect):
        """Another service listens there; time or an operator will tell."""
        upstream.sends(b"SSH-2.0-OpenSSH_9.6\r\n")

        assert effect == (await failing(edge, call_of(name), BadResponse)).effect

    async def test_by_a_body_without_end(self, edge, upstream, call_of, name, effect):
        """Memory is for all events of the worker; one answer must not take it."""
        upstream.sends(ENDLESS, *[b"x" * 65_536] * 40)

        failure = await failing(edge, call_of(name), BadResponse)

        assert effect == failure.effect
        assert str(BODY_LIMIT) in failure.message


async def test_a_body_at_the_limit_is_read(edge, upstream, call_of):
    """The limit is the most, not the first that is too much."""
    upstream.answers(200, b"x" * BODY_LIMIT)

    assert BODY_LIMIT == len((await edge.send(call_of("get_order"), "/x")).body)


@pytest.mark.parametrize("encoding", ["gzip", "x-gzip", "deflate", "GZIP"])
async def test_a_compressed_body_is_read_though_nobody_asked_for_it(edge, upstream, call_of, encoding):
    """Some servers compress whatever the client says."""
    packed = zlib.compress(b'{"id":1}') if encoding == "deflate" else gzip.compress(b'{"id":1}')
    upstream.answers(200, packed, Content_Encoding=encoding)

    assert b'{"id":1}' == (await edge.send(call_of("get_order"), "/x")).body


async def test_a_gzip_bomb_is_refused_before_it_goes_off(edge, upstream, call_of):
    """97 kB hold 100 MB: what counts is the size after decompression."""
    bomb = gzip.compress(bytes(100_000_000))
    upstream.answers(200, bomb, Content_Encoding="gzip")
    tracemalloc.start()
    try:
        await failing(edge, call_of("get_order"), BadResponse)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert 10_000_000 > peak


@pytest.mark.parametrize(
    ("body", "encoding"),
    [
        pytest.param(b"no gzip", "gzip", id="broken"),
        pytest.param(gzip.compress(b"{}" * 99)[:-4], "gzip", id="incomplete"),
        pytest.param(b"??", "br", id="a kind that we do not read"),
        pytest.param(gzip.compress(gzip.compress(b"{}")), "gzip, gzip", id="twice"),
    ],
)
async def test_a_body_that_cannot_be_decompressed_is_a_bad_response(edge, upstream, call_of, body, encoding):
    """It says nothing about the order."""
    upstream.answers(200, body, Content_Encoding=encoding)

    await failing(edge, call_of("get_order"), BadResponse)


async def test_a_refusal_counts_by_its_status_whatever_its_body(edge, upstream, call_of):
    """A 503 with a broken page is still a 503, with its Retry-After."""
    upstream.answers(503, b"no gzip", Content_Encoding="gzip", Retry_After="9")

    reply = await edge.send(call_of("get_order"), "/x")

    assert (503, b"", "9") == (reply.status, reply.body, reply.headers["retry-after"])


async def test_a_redirect_is_not_followed(edge, upstream, call_of):
    """The token and the order would go wherever the answer says."""
    upstream.answers(307, Location=f"{upstream.url}/elsewhere")

    reply = await edge.send(call_of("dispatch_order"), "/x", body=b"{}", key="k")

    assert 307 == reply.status
    assert ["/x"] == [seen.path for seen in upstream.seen]


@pytest.mark.parametrize("name", ["dispatch_order", "remove_tag"], ids=["POST", "DELETE"])
async def test_a_write_is_never_sent_twice_by_the_library(edge, upstream, call_of, name):
    """aiohttp sends a DELETE again by itself when the reply is lost; the effect would be there twice."""
    upstream.answers(200, {})
    upstream.sends(reset=True)
    await edge.send(call_of(name), "/first", key="k")

    failure = await failing(edge, call_of(name), Transient)

    assert "unknown" == failure.effect
    assert 2 == len(upstream.seen)
    assert [1, 1] == [seen.connection for seen in upstream.seen]


async def test_a_read_on_a_dead_connection_is_sent_once_more(edge, upstream, call_of):
    """Servers close idle connections at any time; a read can be repeated, so nobody need notice."""
    upstream.answers(200, {})
    upstream.sends(reset=True)
    upstream.answers(200, {"id": 1})
    await edge.send(call_of("get_order"), "/first")

    reply = await edge.send(call_of("get_order"), "/second")

    assert b'{"id": 1}' == reply.body
    assert [1, 1, 2] == [seen.connection for seen in upstream.seen]


async def test_connections_are_kept(edge, upstream, call_of):
    """A handshake per call would double its time."""
    upstream.answers(200, {})

    for _ in range(5):
        await edge.send(call_of("get_order"), "/x")

    assert 1 == upstream.connections


async def test_a_cancelled_call_leaves_nothing_behind(edge, upstream, call_of):
    """A worker that stops cancels its calls; a half-read connection must not serve the next."""
    upstream.sends(ENDLESS, *[b"x"] * 500, pause_s=0.02)
    upstream.answers(200, {})
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(edge.send(call_of("get_order"), "/x"), 0.1)

    reply = await edge.send(call_of("get_order"), "/x")

    assert b"{}" == reply.body
    assert [1, 2] == [seen.connection for seen in upstream.seen]


async def test_the_token_is_read_at_the_call_and_is_in_no_message(edge, upstream, call_of):
    """Some servers repeat the token that they refuse, and the words end up in a dead letter."""
    upstream.answers(401, {"message": "token top-hush-1234 has expired"})

    reply = await edge.send(call_of("get_order"), "/x")

    assert b"***" in reply.body
    assert b"top-hush-1234" not in reply.body
    assert "top-hush-1234" not in repr(reply)


async def test_an_order_is_left_as_it_is_whatever_the_token(upstream, edge_to, call_of):
    """Bug: with the token `t` every t of an order was hidden, its field `status` became another, and none was read."""
    upstream.answers(200, {"status": 0, "note": "top-hush-1234"})

    for token in ("t", "top-hush-1234"):
        reply = await edge_to(upstream.url, token=Secret("env:T", token)).send(call_of("get_order"), "/x")

        assert b'{"status": 0, "note": "top-hush-1234"}' == reply.body


async def test_a_broken_answer_does_not_carry_the_token_in_its_cause(edge, upstream, call_of):
    """aiohttp's own error shows the request's headers in its repr, and tracebacks show causes."""
    upstream.sends(b"SSH-2.0-OpenSSH_9.6\r\n")

    failure = await failing(edge, call_of("get_order"), BadResponse)

    assert failure.__cause__ is None
    assert failure.__suppress_context__


async def test_a_token_that_cannot_be_sent_is_an_operators_matter(upstream, edge_to, call_of):
    """A line break inside a secret file: no repeat heals it."""
    edge = edge_to(upstream.url, token=Secret("file:token", "top\r\nX-Evil: 1"))

    failure = await failing(edge, call_of("get_order"), Permanent)

    assert "api_request_invalid" == failure.reason
    assert "Evil" not in failure.message
    assert [] == upstream.seen


@pytest.mark.parametrize("days", [10, -10], ids=["self-signed", "expired"])
async def test_a_refused_certificate_is_a_fault_of_the_configuration(
    tmp_path, serving, edge_to, call_of, days
):
    """To try again for a day, or to look away, would both be wrong; and nothing was sent."""
    async with serving(self_signed(tmp_path, name="api.example", days=days)) as upstream:
        edge = edge_to(upstream.url)

        failure = await failing(edge, call_of("dispatch_order"), Permanent)

        assert ("api_certificate", "none") == (failure.reason, failure.effect)
        assert "operator" in failure.message
        assert [] == upstream.seen
