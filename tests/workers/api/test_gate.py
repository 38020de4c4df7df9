"""What a client tells the gate of its API, and what it does with a refused token: over real HTTP."""

import asyncio
import socket

import pytest

from receiver.secrets import Secret
from workers.api.gate import OpenGate
from workers.api.http import Edge
from workers.api.limits import Window
from workers.api.token import Token
from workers.failures import BadResponse, CircuitOpen, RateLimited, Transient, Unauthorized

pytestmark = pytest.mark.anyio


class Keeper(OpenGate):
    """A gate that remembers what it heard; `shut` is raised by whoever wants to pass."""

    def __init__(self, *, shut=None, moment_s=None):
        self.heard = []
        self.windows = []
        self.shut = shut
        self.moment_s = moment_s

    async def enter(self):
        if self.shut is not None:
            raise self.shut
        self.heard.append("enter")
        return False

    async def passed(self, said, *, probe):
        self.heard.append(("passed", said))

    async def failed(self, words, said=None, *, probe):
        self.heard.append(("failed", words))
        self.windows.append(said)

    async def limited(self, wait_s, said, *, probe):
        self.heard.append(("limited", wait_s))
        return self.moment_s

    async def refused(self, said=None):
        self.heard.append("refused")
        self.windows.append(said)
        return self.moment_s

    def abandoned(self, words):
        self.heard.append("abandoned")


@pytest.fixture(name="keeper")
def _keeper():
    return Keeper()


async def test_no_call_is_made_while_the_gate_is_shut(upstream, edge_to, call_of):
    """An API that is known to be down is left alone."""
    edge = edge_to(upstream.url, gate=Keeper(shut=CircuitOpen("down")))

    with pytest.raises(CircuitOpen):
        await edge.send(call_of("get_order"), "/x")

    assert [] == upstream.seen


@pytest.mark.parametrize("status", [200, 404, 409, 422, 403])
async def test_an_answer_is_told_whatever_it_says(upstream, edge_to, call_of, keeper, status):
    """A 404 is our mistake or the order's end; the API is well."""
    upstream.answers(status, {})

    await edge_to(upstream.url, gate=keeper).send(call_of("get_order"), "/x")

    assert ["enter", ("passed", None)] == keeper.heard


async def test_what_the_api_advertises_is_handed_on(upstream, edge_to, call_of, keeper):
    """It is how a limit is kept before it is met."""
    upstream.answers(200, {}, X_RateLimit_Limit="100", X_RateLimit_Remaining="7", X_RateLimit_Reset="60")

    await edge_to(upstream.url, gate=keeper).send(call_of("get_order"), "/x")

    assert ("passed", Window(limit=100, remaining=7, reset_s=60.0)) == keeper.heard[-1]


@pytest.mark.parametrize("status", [401, 408, 500, 503])
async def test_what_a_failing_answer_advertises_is_handed_on_too(upstream, edge_to, call_of, keeper, status):
    """A broken API still counts its calls, and nobody knows what it counts."""
    upstream.answers(status, {}, X_RateLimit_Limit="100", X_RateLimit_Remaining="0", X_RateLimit_Reset="60")

    await edge_to(upstream.url, gate=keeper).send(call_of("get_order"), "/x")

    assert [Window(limit=100, remaining=0, reset_s=60.0)] == keeper.windows


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
async def test_a_fault_of_the_api_is_told(upstream, edge_to, call_of, keeper, status):
    """These are what opens the circuit."""
    upstream.answers(status, {})

    await edge_to(upstream.url, gate=keeper).send(call_of("get_order"), "/x")

    assert ("failed", f"{call_of('get_order')} answered {status}") == keeper.heard[-1]


async def test_a_connection_that_is_refused_is_told(edge_to, call_of, keeper):
    """A host that is down answers nothing at all."""
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    with pytest.raises(Transient):
        await edge_to(f"http://127.0.0.1:{port}", gate=keeper).send(call_of("get_order"), "/x")

    assert "failed" == keeper.heard[-1][0]


async def test_an_answer_that_nobody_can_read_is_no_fault_of_the_line(upstream, edge_to, call_of, keeper):
    """A gzip bomb from a proxy gets its three attempts; the circuit is for an API that does not answer."""
    upstream.answers(200, b"no gzip", Content_Encoding="gzip")

    with pytest.raises(BadResponse):
        await edge_to(upstream.url, gate=keeper).send(call_of("get_order"), "/x")

    assert ["enter"] == keeper.heard


async def test_a_step_that_runs_out_of_time_has_met_silence(upstream, edge_to, call_of, keeper):
    """The step's deadline ends the call from outside, and the circuit must hear of it all the same."""
    upstream.sends(b"", pause_s=5)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(1.1):
            await edge_to(upstream.url, gate=keeper).send(call_of("get_order"), "/x")

    assert "abandoned" == keeper.heard[-1]


async def test_a_429_waits_for_the_moment_that_the_gate_gives(upstream, edge_to, call_of):
    """All who were refused would come back at the API's own moment, at once."""
    keeper = Keeper(moment_s=12.5)
    upstream.answers(429, {"message": "slow down"}, Retry_After="7")

    with pytest.raises(RateLimited, match="slow down") as caught:
        await edge_to(upstream.url, gate=keeper).send(call_of("get_order"), "/x")

    assert ("limited", 7.0) == keeper.heard[-1]
    assert (12.5, True) == (caught.value.retry_after_s, caught.value.punctual)


class TestARefusedToken:
    def token(self, *found: str) -> Token:
        """A token whose reference gives these, one after the other, and the last for ever."""
        rest = list(found)
        return Token(
            Secret("file:token", "old-token-1"),
            lambda: Secret("file:token", rest.pop(0) if len(rest) > 1 else rest[0]),
        )

    @pytest.fixture(name="edge_with")
    def _edge_with(self, session, upstream, keeper):
        return lambda token: Edge(session, base_url=upstream.url, token=token, gate=keeper)

    async def test_it_is_sent_again_with_the_one_that_replaced_it(self, upstream, edge_with, call_of, keeper):
        """The call had no effect, and the new token lies where the old one was."""
        upstream.answers(401, {})
        upstream.answers(200, {})

        reply = await edge_with(self.token("new-token-2")).send(
            call_of("dispatch_order"), "/x", body=b"{}", key="k"
        )

        assert 200 == reply.status
        assert ["Bearer old-token-1", "Bearer new-token-2"] == [
            one.headers["authorization"] for one in upstream.seen
        ]
        assert ["k", "k"] == [one.headers["idempotency-key"] for one in upstream.seen]
        assert ["enter", ("passed", None)] == keeper.heard

    async def test_it_is_sent_once_more_and_no_oftener(self, upstream, edge_with, call_of, keeper):
        """A second token that is refused is a matter for a person."""
        upstream.answers(401, {"message": "Invalid"})

        edge = edge_with(self.token("new-token-2"))
        reply = await edge.send(call_of("get_order"), "/x")

        with pytest.raises(Unauthorized):
            edge.check(call_of("get_order"), reply)
        assert 2 == len(upstream.seen)
        assert "refused" == keeper.heard[-1]

    async def test_the_same_token_is_not_sent_again(self, upstream, edge_with, call_of, keeper):
        """It would be refused again, and some APIs lock out who insists."""
        upstream.answers(401, {})

        await edge_with(self.token("old-token-1")).send(call_of("get_order"), "/x")

        assert 1 == len(upstream.seen)
        assert "refused" == keeper.heard[-1]

    async def test_its_event_waits_for_the_moment_that_the_gate_gives(self, upstream, session, call_of):
        """
        All whose call was under way when the token ended would else wait for half a minute behind its renewal.

        Bug: they waited by a backoff of their own, 30 to 60 s, however often the API was tried meanwhile.
        """
        upstream.answers(401, {"message": "Invalid"})
        edge = Edge(
            session, base_url=upstream.url, token=self.token("old-token-1"), gate=Keeper(moment_s=3.5)
        )

        with pytest.raises(Unauthorized, match="renew the token") as caught:
            await edge.send(call_of("get_order"), "/x")

        assert (3.5, True) == (caught.value.retry_after_s, caught.value.punctual)
