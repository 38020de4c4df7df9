"""What is remembered of our writes, and which event is taken for an echo, on a real Redis."""

import asyncio

import pytest

from receiver import keys, store
from receiver.record import Echo as EchoOf
from tests.support.events import accepted, an_event, expire_leases, record
from workers.ledger import Ledger
from workers.loops.echoes import Echo

pytestmark = pytest.mark.anyio

CAUSE = "1 assign_tag shop evt-0"
TAGGED = EchoOf(write="assign_tag", source="shop", event_id="evt-0")
RECENT = keys.recent(keys.lane("shop", "order-1"))


@pytest.fixture(name="memory")
async def _memory(client, redis_url):
    async with store.async_client(redis_url, timeout_s=1) as connection:
        ledger = Ledger(connection, shift_id="s", lease_s=30, max_crashes=3, hold=(), dedupe_ms=1000)
        yield ledger
        await ledger.close()


@pytest.fixture(name="claim")
def _claim(memory):
    """Claims all that is due, and says of which write each event is the echo."""

    async def claim() -> dict[str, EchoOf | None]:
        return {one.record.id: one.record.echo for one in (await memory.claim(10)).claims}

    return claim


def an_echo(*types, key="key-1", cause=CAUSE) -> Echo:
    return Echo(source="shop", order="order-1", types=types or ("order.updated",), key=key, cause=cause)


def a_creation(**changes) -> Echo:
    fields = {"order": None, "types": ("order.created",), "key": "new", "cause": "1 create_order shop evt-0"}
    return Echo(source="shop", **fields | changes)


def updated(client, event_id: str, **changes) -> None:
    accepted(client, an_event(event_id, type="order.updated", **changes))


async def test_the_event_that_a_write_raises_is_its_echo(client, memory, claim):
    """Marked at its first claim, with what wrote and for which event."""
    await memory.expect(an_echo(), window_ms=60000)
    updated(client, "evt-1")

    assert {"evt-1": TAGGED} == await claim()
    assert 1 == record(client).depth
    assert "1" == client.hget(keys.counts(), "shop:echo")


async def test_each_write_has_one_echo(client, memory, claim):
    """The second event of the type is a change by somebody else, within the window or not."""
    await memory.expect(an_echo(), window_ms=60000)
    updated(client, "evt-1")
    assert {"evt-1": TAGGED} == await claim()
    client.delete(keys.lane("shop", "order-1"), keys.ready("shop"))
    updated(client, "evt-2")

    assert {"evt-2": None} == await claim()


async def test_two_writes_have_two_echoes(client, memory, claim):
    """Counted, not flagged: one for each write, the oldest first."""
    await memory.expect(an_echo(), window_ms=60000)
    await memory.expect(an_echo(key="key-2", cause="2 remove_tag shop evt-9"), window_ms=60000)
    for number in (1, 2):
        client.delete(keys.lane("shop", "order-1"), keys.ready("shop"))
        updated(client, f"evt-{number}")
        await claim()

    assert TAGGED == record(client, "evt-1").echo
    assert ("remove_tag", 2) == (record(client, "evt-2").echo.write, record(client, "evt-2").depth)


async def test_an_event_that_was_there_before_the_write_is_no_echo(client, memory, claim):
    """A change that waited in its lane while we wrote is somebody's, whatever its type."""
    updated(client, "evt-1")
    await asyncio.sleep(0.002)
    await memory.expect(an_echo(), window_ms=60000)

    assert {"evt-1": None} == await claim()
    assert ["echo key-1"] == client.hkeys(RECENT)


async def test_an_event_that_came_after_the_window_is_no_echo(client, memory, claim):
    """What nobody answered for so long is not answered any more."""
    await memory.expect(an_echo(), window_ms=1)
    await asyncio.sleep(0.003)
    updated(client, "evt-1")

    assert {"evt-1": None} == await claim()


@pytest.mark.parametrize(
    ("later_s", "found"),
    [(-3, TAGGED), (3, TAGGED), (-60, None), (60, None)],
    ids=["just before", "just after", "before", "after"],
)
async def test_an_event_that_occurred_far_from_the_write_is_no_echo(client, memory, claim, later_s, found):
    """Somebody changed the order a minute later: where the API raises no event for our write, this one must run."""
    await memory.expect(an_echo(), window_ms=120_000)
    now = int(client.time()[0]) * 1000
    updated(client, "evt-1", occurred=str(now + later_s * 1000))

    assert {"evt-1": found} == await claim()


async def test_an_event_that_came_in_time_may_wait_in_its_lane(client, memory, claim):
    """The API may be down for longer than the window; it is the arrival that counts."""
    await memory.expect(an_echo(), window_ms=50)
    updated(client, "evt-1")
    await asyncio.sleep(0.06)

    assert {"evt-1": TAGGED} == await claim()


@pytest.mark.parametrize(
    "other", [{"type": "order.created"}, {"subject": "order-2"}, {"source": "other"}], ids=str
)
async def test_another_order_type_or_source_is_no_echo(client, memory, claim, other):
    """A memory that took anything for an echo would swallow what people do."""
    await memory.expect(an_echo(), window_ms=60000)
    accepted(client, an_event("evt-1", **{"type": "order.updated"} | other))

    assert {"evt-1": None} == await claim()


async def test_only_the_first_claim_takes_an_echo(client, memory, claim):
    """An event that failed and comes again was there before: a write of its own must not make it an echo."""
    updated(client, "evt-1")
    await claim()
    await memory.expect(an_echo(), window_ms=60000)
    expire_leases(client)

    assert {"evt-1": None} == await claim()


async def test_a_write_without_effect_is_forgotten(client, memory, claim):
    """Else the next change by a person would be taken for its echo."""
    await memory.expect(an_echo(), window_ms=60000)
    await memory.expect(an_echo(), window_ms=0)
    updated(client, "evt-1")

    assert {"evt-1": None} == await claim()


async def test_a_write_that_is_sent_again_is_remembered_once(client, memory):
    """A step has one key in all its attempts, and one effect."""
    await memory.expect(an_echo(), window_ms=60000)
    await memory.expect(an_echo(), window_ms=60000)

    assert 1 == client.hlen(RECENT)


async def test_the_memory_is_bounded_and_leaves_by_itself(client, memory):
    """Nothing grows without bound; of too much the oldest goes."""
    for number in range(40):
        await memory.expect(an_echo(key=f"key-{number}"), window_ms=60000)

    assert 32 == client.hlen(RECENT)
    assert client.hexists(RECENT, "echo key-39")
    assert 60 < client.ttl(RECENT) <= 60 + 3600


async def test_each_type_of_a_write_comes_once(client, memory, claim):
    """A dispatch raises several events; each takes its own type with it and leaves the others."""
    types = ("order.dispatched", "order.assigned", "order.updated")
    await memory.expect(an_echo(*types), window_ms=60_000)
    for number, kind in enumerate(["order.assigned", "order.assigned", "order.updated", "order.dispatched"]):
        client.delete(keys.lane("shop", "order-1"), keys.ready("shop"))
        accepted(client, an_event(f"evt-{number}", type=kind))
        await claim()

    assert [True, False, True, True] == [record(client, f"evt-{n}").echo is not None for n in range(4)]
    assert not client.exists(RECENT)


async def test_a_type_is_not_taken_for_one_that_it_begins_like(client, memory, claim):
    """Types are the sender's words; `order` is not `order.updated`."""
    await memory.expect(an_echo("order.updated", "a.b-c"), window_ms=60_000)
    for number, kind in enumerate(["order", "order.update", "updated", "a.b-c"]):
        client.delete(keys.lane("shop", "order-1"), keys.ready("shop"))
        accepted(client, an_event(f"evt-{number}", type=kind))
        await claim()

    assert [False, False, False, True] == [record(client, f"evt-{n}").echo is not None for n in range(4)]


async def test_an_event_waits_while_an_order_is_being_made(client, memory, claim):
    """It may be of that order, whose id is in an answer that has not come; then it is known for what it is."""
    await memory.expect(a_creation(), window_ms=30_000)
    occurred = str(int(client.time()[0]) * 1000)
    accepted(
        client,
        an_event("evt-1", occurred=occurred),
        an_event("evt-2", type="order.updated", subject="order-2"),
    )
    assert {"evt-2": None} == await claim()

    await memory.expect(a_creation(order="order-1", made=True), window_ms=60_000)
    await memory.expect(a_creation(), window_ms=0)
    expire_leases(client)

    found = await claim()
    assert EchoOf(write="create_order", source="shop", event_id="evt-0") == found["evt-1"]


async def test_an_event_waits_for_no_creation_that_began_later(client, memory, claim):
    """Where orders are made all the time, something is always under way; each event waits for what it may be of."""
    accepted(client, an_event("evt-1"))
    await asyncio.sleep(0.002)
    await memory.expect(a_creation(), window_ms=30_000)

    assert {"evt-1": None} == await claim()


async def test_an_event_waits_for_no_answer_that_never_comes(client, memory, claim):
    """The process that made the call may be gone."""
    await memory.expect(a_creation(), window_ms=1)
    accepted(client, an_event("evt-1"))
    await asyncio.sleep(0.003)

    assert {"evt-1": None} == await claim()
