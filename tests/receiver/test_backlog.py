"""Soft caps: a sender hears `come back later` well before Redis is full."""

import pytest

from receiver import store
from receiver.backlog import OVERHEAD_BYTES, Backlog, Cap, Caps, Levels, room
from tests.support.events import accepted, an_event

MUCH = Cap(events=1_000, bytes=1_000_000)
NOTHING = Levels(events={}, bytes={}, used_memory=0, maxmemory=0)


def caps(*, total: Cap = MUCH, shop: Cap = MUCH) -> Caps:
    return Caps(total=total, sources={"shop": shop, "other": MUCH}, memory_share=0.8)


def levels(**changes) -> Levels:
    return Levels(**{name: getattr(NOTHING, name) for name in Levels.__slots__} | changes)


@pytest.mark.parametrize(
    ("now", "limits", "left", "why"),
    [
        (
            levels(events={"shop": 7}),
            caps(shop=Cap(events=10, bytes=10**6)),
            3,
            "7 of at most 10 events of shop wait",
        ),
        (
            levels(events={"other": 9}),
            caps(total=Cap(events=10, bytes=10**6)),
            1,
            "9 of at most 10 events wait",
        ),
        (
            levels(events={"shop": 12}),
            caps(shop=Cap(events=10, bytes=10**6)),
            -2,
            "12 of at most 10 events of shop",
        ),
    ],
    ids=["its own", "of all", "passed"],
)
def test_the_tightest_cap_says_how_many_events_fit(now, limits, left, why):
    """The reason goes into the log: an operator must see which cap it was."""
    found = room(now, limits, "shop")

    assert left == found.events
    assert found.why.startswith(why)


@pytest.mark.parametrize(
    ("now", "limits", "left", "why"),
    [
        (
            levels(bytes={"shop": 900}),
            caps(shop=Cap(events=10, bytes=1_000)),
            100,
            "900 of at most 1000 bytes of shop",
        ),
        (
            levels(bytes={"other": 900}),
            caps(total=Cap(events=10, bytes=1_000)),
            100,
            "900 of at most 1000 bytes wait",
        ),
        (levels(used_memory=790, maxmemory=1_000), caps(), 10, "Redis uses 790 of 1000 bytes"),
    ],
    ids=["its own", "of all", "Redis"],
)
def test_the_tightest_cap_says_how_many_bytes_fit(now, limits, left, why):
    """Bodies differ by a factor of a thousand: a number of events alone would not protect Redis."""
    found = room(now, limits, "shop")

    assert left == found.bytes
    assert found.why.startswith(why)


def test_a_redis_without_a_limit_has_no_memory_cap():
    """`maxmemory 0` says nothing about how much there is."""
    assert MUCH.bytes == room(levels(used_memory=10**12), caps(), "shop").bytes


@pytest.fixture(name="backlog")
async def _backlog(redis_url):
    found = Backlog(store.async_client(redis_url, timeout_s=2), caps(shop=Cap(events=3, bytes=20_000)))
    yield found
    await found.close()


@pytest.mark.anyio
class TestBacklog:
    async def test_before_the_first_look_there_is_room(self, backlog):
        """A Redis that is down answers for itself."""
        assert "" == backlog.refusal("shop", 10**9)

    async def test_it_counts_down_between_two_looks(self, client, backlog):
        """Thousands may arrive before the next look."""
        accepted(client, an_event("there"))
        await backlog.look()

        found = [backlog.refusal("shop", 100) for _ in range(4)]

        assert ["", "", "1 of at most 3 events of shop wait", "1 of at most 3 events of shop wait"] == found
        assert "" == backlog.refusal("other", 100)

    async def test_large_bodies_use_it_up_faster(self, client, backlog):
        """The record costs too, not the body alone."""
        await backlog.look()

        assert "" == backlog.refusal("shop", 20_000 - OVERHEAD_BYTES)
        assert backlog.refusal("shop", 1)

    async def test_there_is_room_again_when_events_have_ended(self, client, backlog):
        """Bytes and events leave the count with the event, or the door would close for ever."""
        accepted(client, *(an_event(f"evt-{n}") for n in range(3)))
        await backlog.look()
        assert backlog.refusal("shop", 1)
        client.delete("orderhook:counts")

        await backlog.look()

        assert "" == backlog.refusal("shop", 1)
