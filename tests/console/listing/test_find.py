"""Pages of events: whatever way they are found, they are the pages that a walk over everything would give."""

import random

import pytest

from console.listing import BadCursor, Cursor, Listing, Wanted, find
from console.listing.plan import FIELDS
from console.odata import Kind, parse
from receiver import keys

BEGIN = 1_790_000_000_000
FILTERS = [
    "",
    "source eq 'a'",
    "source in ('a', 'c') and acceptedAt ge 2026-09-21T14:13:21Z",
    "acceptedAt lt 2026-09-21T14:13:21.500Z and acceptedAt gt 2026-09-21T14:13:20.200Z",
    "source eq 'a' and source eq 'b'",
    "status eq 'dead'",
    "status eq 'dead' and source eq 'b' and acceptedAt ge 2026-09-21T14:13:21Z",
    "status eq 'dead' and type eq 't1'",
    "status in ('pending', 'running')",
    "status in ('pending', 'dead')",
    "status eq 'succeeded' and not (type eq 't2')",
    "type eq 't1' or subject eq 's3'",
    "reason eq null and source eq 'c'",
    "eventId in ('e-7', 'e-8', 'nope')",
    "stale",
]


@pytest.fixture(name="events")
def _events(client):
    """Two hundred events of three sources, many in one millisecond, with all their places in the indexes."""
    dice = random.Random(7)
    found, pipeline = [], client.pipeline()
    for n in range(200):
        status = dice.choice(["succeeded", "succeeded", "ignored", "dead", "pending", "running"])
        facts = {
            "source": dice.choice("abc"),
            "status": status,
            "type": f"t{dice.randrange(3)}",
            "subject": f"s{dice.randrange(20)}",
            "reason": "attempts_exhausted" if status == "dead" else None,
            "eventId": f"e-{n}",
            "acceptedAt": BEGIN + dice.randrange(40) * 50,
            "occurredAt": None,
            "stale": n % 50 == 0,
        }
        found.append(facts | {"key": _write(pipeline, facts)})
    pipeline.execute()
    return found


def _write(client, facts) -> str:
    source, status, at = facts["source"], facts["status"], facts["acceptedAt"]
    key = keys.event(source, facts["eventId"])
    record = {name: facts[name] for name in ("status", "type", "subject")} | {
        "accepted": at,
        "source": source,
    }
    record |= {"reason": facts["reason"]} if facts["reason"] else {}
    client.hset(key, mapping=record | ({"stale": "1"} if facts["stale"] else {}))
    client.sadd(keys.sources(), source)
    client.zadd(keys.timeline(source), {key: at})
    client.hincrby(keys.counts(), f"{source}:{status}", 1)
    if status == "dead":
        client.zadd(keys.dead(), {key: at + 5_000})
    if status in ("pending", "running"):
        client.zadd(keys.open_events(), {key: at})
    return key


def _wanted(text="", **changes) -> Wanted:
    expression = parse(text, FIELDS) if text else None
    return Wanted(
        **{"time": "acceptedAt", "newest_first": True, "size": 20, "expression": expression} | changes
    )


def _walked(events, text, *, newest_first=True) -> list[str]:
    expression = parse(text, FIELDS) if text else None
    found = [one for one in events if expression is None or expression.holds(one)]
    ordered = sorted(((one["acceptedAt"], one["key"]) for one in found), reverse=newest_first)
    return [key for _, key in ordered]


@pytest.mark.parametrize("newest_first", [True, False], ids=["newest", "oldest"])
@pytest.mark.parametrize("text", FILTERS)
def test_pages_by_number_are_those_of_a_walk_over_everything(client, events, text, newest_first):
    """An index that serves a filter in part would leave events out, and nobody would see it."""
    walked = _walked(events, text, newest_first=newest_first)
    pages = [
        Listing(client).events(_wanted(text, offset=offset, newest_first=newest_first))
        for offset in range(0, len(walked) + 20, 20)
    ]

    assert walked == [key for page in pages for key in page.events]
    assert {page.total for page in pages} <= {len(walked), None}
    assert not any(page.partial for page in pages)


@pytest.mark.parametrize("newest_first", [True, False], ids=["newest", "oldest"])
@pytest.mark.parametrize("text", FILTERS)
def test_pages_behind_cursors_are_those_of_a_walk_over_everything(client, events, text, newest_first):
    """Many events share a millisecond: a cursor must neither skip nor repeat one of them."""
    found, cursor = [], Cursor(at=1 << 51, key="") if newest_first else Cursor(at=0, key="")
    for _ in range(20):
        page = Listing(client).events(_wanted(text, cursor=cursor, newest_first=newest_first))
        found += page.events
        if page.more is None:
            break
        cursor = page.more

    assert _walked(events, text, newest_first=newest_first) == found


def test_what_no_index_serves_is_cut_short_and_gone_on_with(client, events):
    """A page must not cost more the more events there are; what was not looked at is not hidden either."""
    ticks = iter(range(1_000))
    listing = Listing(client, clock=lambda: float(next(ticks)))

    cut = listing.events(_wanted("subject eq 'nobody'"))

    assert ((), True, None) == (tuple(cut.events), cut.partial, cut.total)
    assert "no index serves this filter" in cut.explanation
    rest = Listing(client).events(_wanted("subject eq 'nobody'", cursor=cut.more))
    assert (False, None) == (rest.partial, rest.more)


def test_a_total_that_counters_know_is_told_though_the_page_is_looked_for(client, events):
    """How many are ignored is known at once, however long it takes to find them."""
    found = Listing(client).events(_wanted("status eq 'ignored'", size=5))

    assert len(_walked(events, "status eq 'ignored'")) == found.total
    assert found.more is not None


@pytest.mark.parametrize(
    "text", ["", "source eq 'a'", "diedAt lt 2026-09-21T14:13:26Z", "reason eq 'attempts_exhausted'"]
)
def test_dead_letters_are_listed_by_their_death(client, events, text):
    """The oldest has waited longest."""
    fields = {**FIELDS, "diedAt": Kind.TIME}
    expression = parse(text, fields) if text else None
    dead = [one | {"diedAt": one["acceptedAt"] + 5_000} for one in events if one["status"] == "dead"]
    walked = sorted(
        (one["diedAt"], one["key"]) for one in dead if expression is None or expression.holds(one)
    )

    wanted = Wanted(time="diedAt", newest_first=False, size=100, expression=expression)
    found = Listing(client).dead_letters(wanted)

    assert [key for _, key in walked] == list(found.events)
    assert len(walked) == found.total


def test_a_record_that_is_gone_is_passed_over(client, events):
    """Retention may take an event between the look at an index and the look at its record."""
    for one in events:
        client.delete(one["key"])

    assert [] == Listing(client).events(_wanted("type eq 't1'")).events


@pytest.mark.parametrize("text", ["", "x", "AAAA", "WzEsMiwzXQ", "WyJ4IiwgInkiXQ", "é"])
def test_a_text_that_is_no_cursor_is_refused(text):
    """Nobody is sent to a place that does not exist."""
    with pytest.raises(BadCursor):
        Cursor.read(text)


def test_a_cursor_comes_back_as_it_went():
    """Callers carry it, and need not read it."""
    cursor = Cursor(at=BEGIN, key=keys.event("a", "e-1"))

    assert cursor == Cursor.read(cursor.spelled())
    assert find.MAX_SECONDS < 0.3
