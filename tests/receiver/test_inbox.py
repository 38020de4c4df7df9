"""Reading the inbox on a real Redis: every event is found, once, whatever happens while it is read."""

import pytest

from receiver import keys, scripts, store
from receiver.inbox import PAGE, Filter, Inbox
from receiver.lifecycle import Status
from receiver.wake import ShiftTemplate
from tests.support.events import accepted, an_event

SHIFT = ShiftTemplate()


@pytest.fixture(name="inbox")
def _inbox(redis_url):
    with store.client(redis_url, timeout_s=5) as client:
        yield Inbox(client)


def record_many(client, count, **changes) -> list[str]:
    events = [an_event(f"evt-{number:04}", subject=f"order-{number}", **changes) for number in range(count)]
    for start in range(0, count, 100):
        accepted(client, *events[start : start + 100])
    return [event.id for event in events]


def spread(client, source="shop") -> None:
    """Give each event of a source its own millisecond, in the order of the ids."""
    line = keys.timeline(source)
    for at, key in enumerate(sorted(client.zrange(line, 0, -1)), start=1000):
        client.zadd(line, {key: at})


def replayed(client, key) -> None:
    wake_keys, wake_arguments = SHIFT.arguments()
    scripts.run_sync(client, "replay", wake_keys, (*wake_arguments, key, keys.body(key)))


def test_an_event_is_found_by_its_id(client, inbox):
    """What an operator copies from a log line is the id alone."""
    accepted(client, an_event(), an_event("evt-2", source="erp"))

    assert ("shop", "erp") == (inbox.get("evt-1").source, inbox.get("evt-2").source)
    assert inbox.get("evt-3") is None
    assert inbox.get("evt-1", source="erp") is None


def test_a_body_is_shown_as_it_was_delivered(client, inbox):
    """It is what was signed."""
    accepted(client, an_event(body=b'{ "event": "x" }'))

    assert '{ "event": "x" }' == inbox.body(inbox.get("evt-1"))


def test_a_body_that_is_no_text_can_be_looked_at(client, inbox):
    """Bad encoding is one reason for quarantine: the operator who looks must not get a traceback."""
    accepted(client, an_event(body=b"\xff\xfe{}", quarantine="payload_invalid"))

    assert "\\xff\\xfe{}" == inbox.body(inbox.get("evt-1"))


def test_an_erased_body_is_none(client, inbox):
    """Its record stays."""
    accepted(client, an_event())
    client.delete(keys.body(keys.event("shop", "evt-1")))

    assert inbox.body(inbox.get("evt-1")) is None


@pytest.mark.parametrize("count", [0, 1, PAGE, 2 * PAGE + 7])
@pytest.mark.parametrize("newest_first", [True, False])
def test_every_event_comes_once_and_in_order(client, inbox, count, newest_first):
    """Page by page, whatever the number of events is."""
    ids = record_many(client, count)
    spread(client)

    found = [record.id for record in inbox.events(Filter(), newest_first=newest_first)]

    assert (ids[::-1] if newest_first else ids) == found


@pytest.mark.parametrize("newest_first", [True, False])
def test_events_of_one_millisecond_all_come(client, inbox, newest_first):
    """A batch shares its time: a page may begin and end within one."""
    ids = record_many(client, 2 * PAGE + 7)
    line = keys.timeline("shop")
    client.zadd(line, dict.fromkeys(client.zrange(line, 0, -1), 1000))

    found = [record.id for record in inbox.events(Filter(), newest_first=newest_first)]

    assert sorted(ids) == sorted(found)


def test_sources_are_merged_in_time(client, inbox):
    """An operator sees one story, not one per source."""
    accepted(client, an_event("a"), an_event("c"))
    accepted(client, an_event("b", source="erp"))
    client.zadd(keys.timeline("shop"), {keys.event("shop", "a"): 1000, keys.event("shop", "c"): 3000})
    client.zadd(keys.timeline("erp"), {keys.event("erp", "b"): 2000})

    assert ["c", "b", "a"] == [record.id for record in inbox.events(Filter())]
    assert ["a", "b", "c"] == [record.id for record in inbox.events(Filter(), newest_first=False)]


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Filter(source="shop"), {"a", "b"}),
        (Filter(type="order.paid"), {"b"}),
        (Filter(subject="order-9"), {"c"}),
        (Filter(status=Status.DEAD), {"d"}),
        (Filter(source="shop", status=Status.DEAD), set()),
        (Filter(since=2000), {"b", "c", "d"}),
        (Filter(until=2000), {"a"}),
        (Filter(since=2000, until=2001), {"b"}),
        (Filter(), {"a", "b", "c", "d"}),
    ],
    ids=lambda value: repr(value) if isinstance(value, Filter) else "",
)
def test_a_filter_admits_what_it_names(client, inbox, wanted, expected):
    """A replay of the wrong events is worse than none."""
    accepted(
        client,
        an_event("a"),
        an_event("b", type="order.paid"),
        an_event("c", source="erp", subject="order-9"),
        an_event("d", source="erp", quarantine="payload_invalid"),
    )
    for at, (source, event_id) in enumerate(
        [("shop", "a"), ("shop", "b"), ("erp", "c"), ("erp", "d")], start=1
    ):
        client.zadd(keys.timeline(source), {keys.event(source, event_id): 1000 * at})

    assert expected == {record.id for record in inbox.events(wanted)}


def test_dead_letters_come_oldest_first(client, inbox):
    """The longest dead have waited longest for an operator."""
    accepted(client, *(an_event(name, quarantine="payload_invalid") for name in ("a", "b")))
    client.zadd(keys.dead(), {keys.event("shop", "a"): 2000, keys.event("shop", "b"): 1000})

    assert ["b", "a"] == [record.id for record in inbox.dead_letters(Filter())]


def test_dead_letters_that_are_replayed_while_they_are_read_all_come(client, inbox):
    """A replay takes each out of the index that it walks: paging by a count would step over every second page."""
    record_many(client, 2 * PAGE + 7, quarantine="payload_invalid")

    count = 0
    for record in inbox.dead_letters(Filter()):
        replayed(client, record.key)
        count += 1

    assert 2 * PAGE + 7 == count
    assert 0 == client.zcard(keys.dead())


def test_events_that_arrive_while_events_are_read_hide_none(client, inbox):
    """The newest come first, and what comes meanwhile is newer still."""
    record_many(client, PAGE + 7)
    spread(client)

    found = []
    for number, record in enumerate(inbox.events(Filter())):
        found.append(record.id)
        accepted(client, an_event(f"late-{number}"))

    assert PAGE + 7 == len(found) == len(set(found))


def test_lanes_and_what_waits_in_them(client, inbox):
    """The audit's second witness beside the index of ready lanes."""
    accepted(client, an_event("a"), an_event("b"), an_event("c", subject="order-2"))

    assert {keys.lane("shop", "order-1"), keys.lane("shop", "order-2")} == inbox.lanes()
    assert [keys.event("shop", "a"), keys.event("shop", "b")] == inbox.lane(keys.lane("shop", "order-1"))
    assert 3 == len(list(inbox.in_flight()))


def test_counts_are_numbers(client, inbox):
    """The left side of the loss equation."""
    accepted(client, an_event("a"), an_event("a"))

    assert {"shop:accepted": 1, "shop:pending": 1, "shop:duplicate": 1, "shop:bytes": 53} == inbox.counts()
    assert ["shop"] == inbox.sources()


def test_a_record_that_is_gone_is_left_out(client, inbox):
    """Retention may remove one between two looks."""
    accepted(client, an_event("a"), an_event("b"))
    client.delete(keys.event("shop", "a"))

    assert ["b"] == [record.id for record in inbox.events(Filter())]
