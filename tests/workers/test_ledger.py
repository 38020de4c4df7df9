"""The workers' writes when Redis misbehaves."""

import asyncio

import pytest
import redis

from console.embedded import RedisServer
from receiver import store
from receiver.lifecycle import Status
from receiver.record import StepState
from tests.support.events import accepted, an_event, record
from tests.support.waiting import until_async
from workers import lease
from workers.lease import LeaseLost
from workers.ledger import End, Ledger, entry

pytestmark = pytest.mark.anyio


@pytest.fixture(name="own_redis")
def _own_redis(tmp_path):
    """A Redis that this test may stop."""
    server = RedisServer(folder=tmp_path / "redis").start()
    yield server
    server.stop()


def ledger_on(client, *, lease_s: float) -> Ledger:
    return Ledger(client, shift_id="s", lease_s=lease_s, max_crashes=3, hold=(), dedupe_ms=1000)


async def test_a_write_waits_for_redis_to_come_back(own_redis):
    """A result that is not written yet is kept while the lease lasts: nothing is done twice for a restart."""
    with own_redis.client() as blocking:
        accepted(blocking, an_event())
    async with store.async_client(own_redis.url, timeout_s=1) as client:
        ledger = ledger_on(client, lease_s=20)
        (claim,) = (await ledger.claim(1)).claims
        own_redis.kill()
        writing = asyncio.create_task(ledger.end(claim, End(status=Status.SUCCEEDED, keep_ms=60_000)))
        await asyncio.to_thread(own_redis.start)
        await writing
        await ledger.close()

    with own_redis.client() as blocking:
        assert Status.SUCCEEDED is record(blocking).status


async def test_a_write_gives_up_with_its_lease(own_redis):
    """Behind a lease that is over another worker goes on: the write is dropped, not forced."""
    with own_redis.client() as blocking:
        accepted(blocking, an_event())
    async with store.async_client(own_redis.url, timeout_s=0.2) as client:
        ledger = ledger_on(client, lease_s=0.3)
        (claim,) = (await ledger.claim(1)).claims
        own_redis.kill()

        with pytest.raises(LeaseLost):
            await ledger.end(claim, End(status=Status.SUCCEEDED, keep_ms=60_000))
        await ledger.close()


async def test_a_step_may_act_for_one_lease_from_its_intent_on(client, redis_url):
    """A process that was frozen behind its intent must find out by itself: nobody else can tell it."""
    accepted(client, an_event())

    async def attempt(lease_s: float) -> None:
        async with store.async_client(redis_url, timeout_s=1) as connection:
            ledger = ledger_on(connection, lease_s=lease_s)
            (claim,) = (await ledger.claim(1)).claims
            await ledger.note(claim, {"step:0.0": entry(StepState.INTENT, claim.token)})
            lease.check()
            await until_async(_is_over)
            await ledger.close()

    await asyncio.create_task(attempt(0.2))


async def _is_over() -> bool:
    try:
        lease.check()
    except LeaseLost:
        return True
    return False


async def test_writes_of_concurrent_events_go_together(client, redis_url):
    """Many events that end at once cost few round trips, and one fsync each."""
    accepted(client, *[an_event(f"evt-{n}", subject=f"order-{n}") for n in range(100)])
    async with store.async_client(redis_url, timeout_s=5) as own:
        ledger = ledger_on(own, lease_s=20)
        claims = (await ledger.claim(100)).claims
        before = _calls(client)

        await asyncio.gather(*(ledger.end(c, End(status=Status.SUCCEEDED, keep_ms=60_000)) for c in claims))

        await ledger.close()
    assert _calls(client) - before <= 5
    assert 100 == int(client.hget("orderhook:counts", "shop:succeeded"))


def _calls(client: "redis.Redis") -> int:
    return int(client.info("commandstats").get("cmdstat_evalsha", {"calls": 0})["calls"])


async def test_a_text_that_is_no_unicode_harms_no_other_event(client, redis_url):
    """A user's action may say anything; an error while packing it would fail every write of its batch."""
    accepted(client, an_event("evt-1", subject="order-1"), an_event("evt-2", subject="order-2"))
    async with store.async_client(redis_url, timeout_s=1) as connection:
        ledger = ledger_on(connection, lease_s=20)
        claims = (await ledger.claim(2)).claims
        ends = [
            End(status=Status.SUCCEEDED, keep_ms=60_000, detail=text, fields={"error": text, "step": ""})
            for text in ("half \ud800 a pair", "fine")
        ]

        await asyncio.gather(*(ledger.end(claim, end) for claim, end in zip(claims, ends, strict=True)))
        await ledger.close()

    assert {"half ? a pair", "fine"} == {record(client, name).error for name in ("evt-1", "evt-2")}


@pytest.mark.parametrize(
    ("detail", "shown"),
    [
        pytest.param(None, "", id="nothing"),
        pytest.param({"tag": "blå", "n": 1}, '{"tag":"blå","n":1}', id="a result"),
        pytest.param("half \ud800 a pair", '"half \\ud800 a pair"', id="no unicode"),
        pytest.param({"at": 1j}, '{"at": "1j"}', id="no JSON"),
    ],
)
async def test_any_detail_can_be_kept(detail, shown):
    """The effect is done when its result is noted: an error here would call for its repeat."""
    assert f"@now done 7 {shown}" == entry(StepState.DONE, 7, detail)


@pytest.mark.parametrize(
    ("behind", "newer"),
    [
        ([], False),
        (["order.updated"] * 250, False),
        ([*["order.updated"] * 20, "order.created", *["order.updated"] * 230], True),
    ],
    ids=["alone", "others only", "far from both ends"],
)
async def test_a_newer_event_of_the_type_is_found_wherever_it_waits(client, redis_url, behind, newer):
    """A long lane is read in pages, from its end, and to its head."""
    accepted(client, an_event(), *(an_event(f"evt-{n}-b", type=kind) for n, kind in enumerate(behind)))
    async with store.async_client(redis_url, timeout_s=2) as connection:
        ledger = ledger_on(connection, lease_s=5)
        (claim,) = (await ledger.claim(1)).claims

        assert newer is await ledger.superseded(claim)
        await ledger.close()
