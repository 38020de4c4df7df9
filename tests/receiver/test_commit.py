"""
Group commit on a real Redis: few round trips, no write sent twice, and an honest error in time whatever breaks.

Redis and the network between are broken for real: stopped, killed, filled, made read-only, cut by a proxy.
"""

import asyncio
import contextlib
import random
import time

import hiredis
import pytest

from console.embedded import RedisServer
from receiver import accept, keys, scripts, store
from receiver.accept import Outcome
from receiver.commit import MAX_BATCH, MAX_BATCH_BYTES, GroupCommit, Overloaded
from receiver.identity import Identity
from receiver.store import StoreUnavailable, WeakDurability
from receiver.wake import ShiftTemplate
from tests.support import broken_redis
from tests.support.events import an_event, written
from tests.support.proxy import Proxy
from tests.support.waiting import until, until_async

pytestmark = pytest.mark.anyio

TIMEOUT_S = 0.4
#: What an answer may take beyond the time limit, on a busy machine.
SLACK_S = 0.5


@pytest.fixture(name="server", scope="module")
def _server(tmp_path_factory):
    """A Redis of these tests' own, since they break it."""
    # A primary waits 5 s for further replicas before it sends its data to the first.
    at_once = ("--repl-diskless-sync-delay", "0")
    server = RedisServer(folder=tmp_path_factory.mktemp("own"), options=at_once).start()
    yield server
    server.stop()


@pytest.fixture(name="own")
def _own(server):
    """A client of it; every test begins with nothing in it."""
    with server.client() as client:
        client.flushall()
        client.config_resetstat()
        yield client


@pytest.fixture(name="proxy")
def _proxy(server, own):
    with Proxy(server.port) as proxy:
        yield proxy


@pytest.fixture(name="replica", scope="module")
def _replica(server, tmp_path_factory):
    """A second server that follows the first."""
    follow = ("--replicaof", f"127.0.0.1 {server.port}")
    replica = RedisServer(folder=tmp_path_factory.mktemp("replica"), options=follow).start()
    with replica.client() as client:
        until(lambda: client.info("replication")["master_link_status"] == "up", what="the replica follows")
    yield replica
    replica.stop()


async def closes(connection) -> bool:
    return connection._writer.transport.is_closing()


@contextlib.asynccontextmanager
async def committing(url, *, timeout_s=TIMEOUT_S, max_waiting=10_000, replicas=0, assure=None):
    commit = GroupCommit(
        store.async_connections(url, timeout_s=timeout_s),
        timeout_s=timeout_s,
        max_waiting=max_waiting,
        shift=ShiftTemplate(),
        identity=Identity(["shop"]),
        replicas=replicas,
        assure=assure,
    )
    try:
        yield commit
    finally:
        await commit.close()


def calls(client, command="evalsha") -> int:
    """Return how often a command was run."""
    return client.info("commandstats").get(f"cmdstat_{command}", {}).get("calls", 0)


async def refused(commit, new, *, within_s=TIMEOUT_S + SLACK_S) -> str:
    """Put an event that must be refused in time; return the error's text."""
    begun = time.monotonic()
    with pytest.raises(StoreUnavailable) as caught:
        await commit.put(new)
    assert time.monotonic() - begun < within_s
    return str(caught.value)


async def recovered(commit, new) -> Outcome:
    """Put an event again and again, as its sender would, until it is recorded."""

    async def answered():
        try:
            return (await commit.put(new)).outcome
        except StoreUnavailable:
            return None

    return await until_async(answered, within_s=5, what="recovers by itself")


async def closed(commit) -> None:
    """Wait until the loop has seen that the other side closed the connections."""

    async def seen() -> bool:
        return all([await idle.can_read() for idle in commit._idle])

    await until_async(seen, within_s=5, what="the end of the connections arrives")


class TestBatches:
    async def test_a_thousand_at_once_take_few_round_trips(self, server, own):
        """Under `appendfsync always` each costs an fsync; one per event would be a hundred times slower."""
        async with committing(server.url) as commit:
            puts = [commit.put(an_event(f"evt-{n}", subject=f"order-{n}")) for n in range(1000)]
            results = await asyncio.gather(*puts)

        assert {Outcome.ACCEPTED} == {result.outcome for result in results}
        assert [f"evt-{n}" for n in range(1000)] == [result.event_id for result in results]
        assert -(-1000 // MAX_BATCH) + 1 >= calls(own)

    async def test_events_of_an_order_stand_in_the_order_of_their_arrival(self, server, own):
        """P2 begins here: a batch keeps the order, and so do batches."""
        async with committing(server.url) as commit:
            await asyncio.gather(*(commit.put(an_event(f"evt-{n}")) for n in range(1000)))

        assert [keys.event("shop", f"evt-{n}") for n in range(1000)] == own.lrange(
            keys.lane("shop", "order-1"), 0, -1
        )

    async def test_large_bodies_do_not_make_one_large_command(self, server, own):
        """256 events of a megabyte would stall Redis for everybody."""
        body = b'{"event":"x","pad":"' + b"x" * (MAX_BATCH_BYTES // 4) + b'"}'
        async with committing(server.url, timeout_s=5) as commit:
            await asyncio.gather(*(commit.put(an_event(f"evt-{n}", body=body)) for n in range(12)))

        assert 3 <= calls(own) <= 5

    async def test_a_duplicate_in_the_same_batch_is_one(self, server, own):
        """A sender's impatient retry arrives in the same millisecond."""
        async with committing(server.url) as commit:
            results = await asyncio.gather(*(commit.put(an_event()) for _ in range(50)))

        assert [Outcome.ACCEPTED, *[Outcome.DUPLICATE] * 49] == [result.outcome for result in results]

    async def test_the_command_is_packed_as_redis_py_packs_it(self, redis_url):
        """The bytes are ours to get right: a wrong length would put the connection out of step."""
        call = accept.command(
            [an_event("æøå", data={"name": "Kåre"}), an_event(body=bytes(256))], ShiftTemplate(), "name"
        )
        theirs = store.async_connections(redis_url, timeout_s=1)().pack_command(*call)

        assert b"".join(theirs) == hiredis.pack_command(tuple(call))

    async def test_too_many_that_wait_are_refused_at_once(self, server, own):
        """What waits is in memory: it must be bounded, and the sender told to slow down."""
        async with committing(server.url, max_waiting=3) as commit:
            with broken_redis.frozen(server):
                puts = [commit.put(an_event(f"evt-{n}")) for n in range(3)]
                with pytest.raises(Overloaded):
                    commit.put(an_event("one too many"))
            await asyncio.gather(*puts)


class TestLostReplies:
    async def test_a_reply_lost_with_its_connection_is_an_error_and_not_sent_again(self, proxy, own):
        """Redis has the event; the sender's retry is what finds that out."""
        async with committing(proxy.redis_url) as commit:
            await commit.put(an_event("warm"))
            proxy.lose_replies(1)

            await refused(commit, an_event())

            assert 2 == calls(own)
            assert Outcome.DUPLICATE is await recovered(commit, an_event())
        assert 1 == own.lrange(keys.lane("shop", "order-1"), 0, -1).count(keys.event("shop", "evt-1"))

    async def test_a_reply_lost_in_silence_is_an_error_in_time(self, proxy, own):
        """The sender waits no longer than it must, and the next delivery gets a fresh connection."""
        async with committing(proxy.redis_url) as commit:
            await commit.put(an_event("warm"))
            proxy.lose_replies(1, silently=True)

            await refused(commit, an_event())

            assert 2 == calls(own)
            assert Outcome.DUPLICATE is (await commit.put(an_event())).outcome

    async def test_a_late_reply_is_never_taken_for_another_ones(self, proxy, own):
        """Requests that give up half way leave no answer behind for the next on the connection."""
        proxy.set(delay_s=0.002)
        dice = random.Random(1)
        async with committing(proxy.redis_url, timeout_s=5) as commit:
            await asyncio.gather(*(commit.put(an_event(f"known-{n}")) for n in range(100)))
            puts = []
            for n in range(400):
                kind = dice.choice(["known", "fresh"])
                puts.append((kind, commit.put(an_event(f"{kind}-{n % 100 if kind == 'known' else n}"))))
                if dice.random() < 0.3:
                    dice.choice(puts)[1].cancel()
                if dice.random() < 0.2:
                    await asyncio.sleep(0)
            results = await asyncio.gather(*(put for _, put in puts), return_exceptions=True)

        pairs = {
            (kind, result.outcome)
            for (kind, _), result in zip(puts, results, strict=True)
            if not isinstance(result, asyncio.CancelledError)
        }
        assert {("known", Outcome.DUPLICATE), ("fresh", Outcome.ACCEPTED)} == pairs

    async def test_a_link_that_loses_one_reply_in_ten_loses_no_event(self, proxy, own):
        """The sender repeats what got an error; each event is there once, and in its lane once."""
        proxy.set(lose_share=0.1)
        async with committing(proxy.redis_url, timeout_s=2) as commit:
            for n in range(100):
                assert await recovered(commit, an_event(f"evt-{n}")) in (Outcome.ACCEPTED, Outcome.DUPLICATE)

        assert proxy.seen.lost > 0
        assert [keys.event("shop", f"evt-{n}") for n in range(100)] == own.lrange(
            keys.lane("shop", "order-1"), 0, -1
        )


class TestBrokenRedis:
    async def test_a_frozen_redis_is_an_error_in_time_and_may_still_write(self, server, own):
        """The outcome is unknown: what was sent is carried out later, once, and the retry is a duplicate."""
        async with committing(server.url) as commit:
            await commit.put(an_event("warm"))
            with broken_redis.frozen(server):
                await refused(commit, an_event())
                await refused(commit, an_event("evt-2"))

            assert Outcome.DUPLICATE is await recovered(commit, an_event())
            assert Outcome.ACCEPTED is await recovered(commit, an_event("evt-3"))
        assert 1 == own.lrange(keys.lane("shop", "order-1"), 0, -1).count(keys.event("shop", "evt-1"))

    async def test_with_the_real_time_limit_it_takes_a_second_and_a_half_at_most(self, server, own):
        """Senders give up after as little as three seconds."""
        async with committing(server.url, timeout_s=1.0) as commit:
            with broken_redis.frozen(server):
                await refused(commit, an_event(), within_s=1.5)

    async def test_everybody_who_waits_is_told_in_time(self, server, own):
        """A thousand requests behind a frozen Redis must not wait for a thousand time limits."""
        async with committing(server.url) as commit:
            await commit.put(an_event("warm"))
            with broken_redis.frozen(server):
                begun = time.monotonic()
                puts = [commit.put(an_event(f"evt-{n}")) for n in range(1000)]
                results = await asyncio.gather(*puts, return_exceptions=True)

        assert {StoreUnavailable} == {type(result) for result in results}
        assert time.monotonic() - begun < TIMEOUT_S + SLACK_S

    async def test_a_redis_that_is_down_is_an_error_at_once(self, server, own):
        """Nothing listens: nobody needs to wait to know."""
        async with committing(server.url) as commit:
            await commit.put(an_event())
            with broken_redis.down(server):
                await refused(commit, an_event("evt-2"))
                await refused(commit, an_event("evt-3"), within_s=SLACK_S)

            assert Outcome.DUPLICATE is await recovered(commit, an_event())

    async def test_a_restart_between_two_deliveries_goes_unnoticed(self, server, own):
        """Some senders never repeat: where the connection is known to be closed, nothing is sent into it."""
        async with committing(server.url) as commit:
            await commit.put(an_event())
            with broken_redis.down(server):
                await closed(commit)

            assert Outcome.DUPLICATE is (await commit.put(an_event())).outcome

    async def test_a_connection_that_the_server_closed_goes_unnoticed(self, server, own):
        """Managed services close idle connections after some minutes."""
        async with committing(server.url) as commit:
            await commit.put(an_event())
            own.client_kill_filter(_type="normal", skipme=True)
            await closed(commit)

            assert Outcome.ACCEPTED is (await commit.put(an_event("evt-2"))).outcome

    async def test_a_read_only_redis_refuses_and_is_left(self, server, own):
        """After a failover the old primary answers on: a new connection may lead to the new one."""
        async with committing(server.url) as commit:
            await commit.put(an_event())
            with broken_redis.read_only(server):
                assert "read only" in (await refused(commit, an_event("evt-2"))).lower()

            assert Outcome.ACCEPTED is await recovered(commit, an_event("evt-2"))

    async def test_a_full_redis_refuses_before_it_writes(self, server, own):
        """Never half an event; and it takes events again as soon as there is room."""
        async with committing(server.url) as commit:
            with broken_redis.full(server):
                assert "maxmemory" in await refused(commit, an_event())
            assert [] == list(own.scan_iter(match="orderhook:*"))

            assert Outcome.ACCEPTED is await recovered(commit, an_event())

    async def test_a_server_that_is_too_weak_is_not_written_to(self, server, own):
        """It is looked at after each connecting: what took over after a failover may promise less."""
        looks = iter(["eviction is on", "eviction is on", None])

        async def assure():
            if problem := next(looks):
                raise WeakDurability(problem)

        async with committing(server.url, assure=assure) as commit:
            assert "eviction is on" == await refused(commit, an_event())
            assert "eviction is on" == await refused(commit, an_event())
            assert [] == written(own)

            assert Outcome.ACCEPTED is (await commit.put(an_event())).outcome
            assert Outcome.DUPLICATE is (await commit.put(an_event())).outcome

    async def test_flushed_scripts_are_loaded_again(self, server, own):
        """An operator's SCRIPT FLUSH is no outage: nothing was run, so it may be sent again."""
        async with committing(server.url) as commit:
            await commit.put(an_event())
            own.script_flush()

            assert Outcome.ACCEPTED is (await commit.put(an_event("evt-2"))).outcome

    async def test_a_host_that_is_gone_is_an_error_in_time(self, proxy, own):
        """No refusal, no reset, no answer: only the clock tells."""
        async with committing(proxy.redis_url) as commit:
            await commit.put(an_event())
            proxy.set(black_hole=True)
            await refused(commit, an_event("evt-2"))
            await refused(commit, an_event("evt-3"))
            proxy.heal()

            assert await recovered(commit, an_event("evt-2")) in (Outcome.ACCEPTED, Outcome.DUPLICATE)

    async def test_refused_and_reset_connections_heal(self, proxy, own):
        """A proxy or a firewall restarts."""
        async with committing(proxy.redis_url) as commit:
            await commit.put(an_event())
            proxy.refuse()
            await refused(commit, an_event("evt-2"))
            proxy.listen()

            assert Outcome.ACCEPTED is await recovered(commit, an_event("evt-2"))

    async def test_a_connection_reset_at_rest_costs_no_answer(self, proxy, own):
        """uvloop tells of it by a RuntimeError: senders got 503 and a traceback, though nothing had been sent."""
        async with committing(proxy.redis_url) as commit:
            await commit.put(an_event())
            proxy.reset()
            (connection,) = commit._idle
            await until_async(lambda: closes(connection))

            assert Outcome.ACCEPTED is (await commit.put(an_event("evt-2"))).outcome

    async def test_a_slow_link_is_no_broken_one(self, proxy, own):
        """Slow answers are answers."""
        proxy.set(delay_s=0.03)
        async with committing(proxy.redis_url, timeout_s=2) as commit:
            results = await asyncio.gather(*(commit.put(an_event(f"evt-{n}")) for n in range(20)))

        assert {Outcome.ACCEPTED} == {result.outcome for result in results}


class TestReplicas:
    async def test_an_event_is_answered_when_a_replica_has_it(self, server, own, replica):
        """That is what `durability = "replica"` promises."""
        async with committing(server.url, replicas=1) as commit:
            assert Outcome.ACCEPTED is (await commit.put(an_event())).outcome

            with replica.client() as client:
                assert "pending" == client.hget(keys.event("shop", "evt-1"), "status")
            assert 1 == calls(own, "wait")

    async def test_without_a_replicas_word_it_is_refused_in_time_and_found_again(self, server, own, replica):
        """The event stays; the retry waits for the replica just as the first delivery did."""
        async with committing(server.url, replicas=1) as commit:
            await commit.put(an_event("warm"))
            with broken_redis.frozen(replica):
                assert "0 of 1 replicas" in await refused(commit, an_event())
                assert "0 of 1 replicas" in await refused(commit, an_event())

            assert Outcome.DUPLICATE is await recovered(commit, an_event())

    async def test_who_asks_for_no_replica_waits_for_none(self, server, own, replica):
        """A slow replica must not slow down the sources that did not ask for it."""
        async with committing(server.url) as commit:
            with broken_redis.frozen(replica):
                assert Outcome.ACCEPTED is (await commit.put(an_event())).outcome

        assert 0 == calls(own, "wait")

    async def test_flushed_scripts_are_no_reason_to_skip_the_replica(self, server, own, replica):
        """Each way to the answer leads past the WAIT."""
        async with committing(server.url, replicas=1) as commit:
            await commit.put(an_event())
            own.script_flush()
            await commit.put(an_event("evt-2"))

        assert 2 == calls(own, "wait")


def test_the_script_of_these_tests_is_the_one_that_runs():
    """A stale copy would make everything above pass for nothing."""
    assert scripts.load("accept").text.startswith("#!lua\n")
