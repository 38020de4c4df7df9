"""Reading deliveries: accepted, duplicate and rejected ones in one order, by pages of bounded cost."""

import itertools

import pytest

from receiver import deliveries, keys
from receiver.deliveries import ALL, MOST_LOOKED_AT, Deliveries, Place, Wanted, as_json
from receiver.trace_keeper import KEEP_MS
from receiver.traces import NO_SOURCE
from tests.support.events import accepted, an_event


@pytest.fixture(name="now")
def _now(client) -> int:
    seconds, microseconds = client.time()
    return seconds * 1000 + microseconds // 1000


@pytest.fixture(name="read")
def _read(client, now):
    return Deliveries(client, now=now + 60_000)


def traced(
    client, number: int, *, at: int, source: str = "shop", outcome: str = "rejected", **changes
) -> str:
    """Write a trace as trace.lua does, at a time of its own; return the id of its delivery."""
    fields = {"at": at, "source": source, "outcome": outcome, "code": "SIGNATURE_INVALID", "status": 401}
    stream, name = keys.traces(source, outcome), f"{at}-{number}"
    text = deliveries.msgspec.json.encode(fields | changes)
    client.xadd(stream, {"trace": text}, id=name)
    client.zadd(keys.trace_streams(), {stream: at})
    return f"{outcome}:{source}:{name}"


def a_week(client, now) -> list[str]:
    """Write deliveries of every kind, many at the same moment; return their ids, the newest first."""
    written = [
        traced(client, number, at=now - 1_000 * second, source=source, outcome=outcome)
        for second, number in itertools.product(range(9, 0, -1), range(3))
        for source in ("erp", "shop")
        for outcome in ("duplicate", "rejected")
    ]
    accepted(client, *(an_event(f"evt-{number}", subject=f"o-{number}") for number in range(40)))
    accepted(client, an_event("evt-q", body=b"{", quarantine="payload_invalid", error="not JSON"))
    return written


def every(read: Deliveries, wanted: Wanted, size: int) -> list[str]:
    """Return the id of every delivery, page by page."""
    found, cursor = [], ""
    while True:
        page = read.page(wanted, size=size, cursor=cursor)
        found += [one.id for one in page.deliveries]
        assert len(page.deliveries) <= size
        if not page.cursor:
            return found
        cursor = page.cursor


@pytest.mark.parametrize("size", [1, 7, 1_000])
def test_pages_hold_every_delivery_once_and_in_order(client, read, now, size):
    """Many come in the same millisecond, and from several places; none may be shown twice or fall between pages."""
    written = a_week(client, now)

    found = every(read, Wanted(), size)

    assert len(found) == len(set(found)) == len(written) + 41
    assert every(read, Wanted(), 10_000) == found
    times = [one.at for one in read.page(Wanted(), size=1_000).deliveries]
    assert sorted(times, reverse=True) == times


@pytest.mark.parametrize("outcome", ALL)
def test_each_outcome_can_be_asked_for(client, read, now, outcome):
    """Three in the morning: what was rejected?"""
    a_week(client, now)

    found = read.page(Wanted(outcome=outcome), size=1_000).deliveries

    assert {outcome} == {one.outcome for one in found}
    assert {"accepted": 40, "quarantined": 1, "duplicate": 54, "rejected": 54}[outcome] == len(found)


def test_a_source_a_code_and_a_time_can_be_asked_for(client, read, now):
    """An integration engineer looks for one sender's wrong signatures of the last minutes."""
    a_week(client, now)
    wrong = traced(client, 0, at=now + 1, code="TIMESTAMP_STALE")

    assert [wrong] == every(read, Wanted(code="TIMESTAMP_STALE"), 10)
    assert 54 == len(every(read, Wanted(source="erp"), 10))
    assert [] == every(read, Wanted(source="erp", outcome="accepted"), 10)
    between = Wanted(source="erp", outcome="rejected", since=now - 3_000, until=now - 1_000)
    assert {now - 3_000, now - 2_000} == {one.at for one in read.page(between).deliveries}


def test_a_page_looks_at_a_bounded_number(client, read, now):
    """A code that nobody ever got, among many: the page comes back, and says where to go on."""
    stream = keys.traces("shop", "rejected")
    with client.pipeline() as pipeline:
        text = '{"at":1,"source":"shop","outcome":"rejected","code":"SIGNATURE_INVALID","status":401}'
        for number in range(MOST_LOOKED_AT + 10):
            pipeline.xadd(stream, {"trace": text}, id=f"{now}-{number}")
        pipeline.zadd(keys.trace_streams(), {stream: now})
        pipeline.execute()

    first = read.page(Wanted(code="TIMESTAMP_STALE"))
    second = read.page(Wanted(code="TIMESTAMP_STALE"), cursor=first.cursor)

    assert ([], True) == (list(first.deliveries), bool(first.cursor))
    assert ([], "") == (list(second.deliveries), second.cursor)


def test_what_is_older_than_a_week_is_not_shown(client, read, now):
    """It is kept for a week, whatever Redis has not thrown away yet."""
    traced(client, 0, at=now - KEEP_MS)

    assert [] == every(read, Wanted(), 10)


def test_a_delivery_is_found_by_its_id(client, read, now):
    """The list names it, `show` looks closer."""
    accepted(client, an_event("evt-1"))
    for delivery_id in (
        traced(client, 3, at=now),
        traced(client, 3, at=now, source=NO_SOURCE),
        "accepted:shop:evt-1",
    ):
        found = read.find(delivery_id)
        assert found is not None
        assert delivery_id == found.id


@pytest.mark.parametrize(
    "delivery_id", ["", "x", "rejected", "rejected:shop", "rejected:shop:x", "rejected:shop:1", "rejected:shop:+", "rejected:shop:1-0", "accepted:shop:", "accepted:shop:no"]
)  # fmt: skip
def test_an_id_that_names_nothing_finds_nothing(client, read, delivery_id):
    """It comes from a command line, or from an address."""
    assert read.find(delivery_id) is None


def test_a_rejected_body_is_found_by_its_delivery(client, read, now):
    """The two lie apart, so that traces stay small."""
    delivery_id = traced(client, 3, at=now)
    client.xadd(keys.rejected_bodies("shop"), {"body": "{"}, id=f"{now}-3")
    bare = traced(client, 4, at=now)

    assert ["{", None] == [read.body(read.find(one)) for one in (delivery_id, bare)]


def test_what_is_not_known_is_null(client, read):
    """Nobody noted how long an accepted delivery took, and 0 would say that it took no time."""
    accepted(client, an_event("evt-1"))

    (found,) = read.page(Wanted()).deliveries

    shown = as_json(found)
    assert ("accepted", None, None) == (shown["outcome"], shown["durationMs"], shown["status"])
    assert shown["bytes"] > 0


def test_a_cursor_is_read_as_it_was_written():
    """It comes back from outside, with the next page to be asked for."""
    place = Place(1_795_291_106_558, 3, keys.event("shop", "evt-1"))

    assert place == Place.read(str(place))


@pytest.mark.parametrize(
    "text",
    ["1", "1~2", "a~b~c", "1~2~", "-1~2~k", "1~2~a b", "9999999999999999~0~k", "0~0~k", "1" * 5_000 + "~0~k"],
)
def test_what_is_no_cursor_is_refused(text):
    """Redis would refuse it in words of its own, and the caller would hear of a fault of ours."""
    with pytest.raises(ValueError, match="cursor"):
        Place.read(text)
