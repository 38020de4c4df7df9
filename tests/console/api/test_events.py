"""`/api/v1/events` over real HTTP: lists at a bounded cost, and all that is known of one event."""

from urllib.parse import quote

import pytest

from receiver import keys
from tests.support.events import accepted, an_event
from workers.failures import Permanent


def _ids(reply):
    assert 200 == reply.status, reply.body
    return [one["eventId"] for one in reply.data]


@pytest.fixture(name="ten")
def _ten(client):
    """Ten events of two sources, a second apart: evt-0 to evt-9, the odd ones of source `open`."""
    for n in range(10):
        source = "open" if n % 2 else "shop"
        event_type = "order.created" if n < 5 else "order.updated"
        accepted(client, an_event(f"evt-{n}", source=source, subject=f"order-{n % 3}", type=event_type))
        at = 1_790_000_000_000 + n * 1_000
        client.hset(keys.event(source, f"evt-{n}"), "accepted", at)
        client.zadd(keys.timeline(source), {keys.event(source, f"evt-{n}"): at})


def test_events_of_all_sources_come_in_one_line(reader, ten):
    """An operator asks what happened, and not what happened at which source."""
    found = reader.get("/api/v1/events?PageSize=4&Page=2")

    assert ["evt-5", "evt-4", "evt-3", "evt-2"] == _ids(found)
    counts = {name: found.json[name] for name in ("totalCount", "totalPages", "partial")}
    assert {"totalCount": 10, "totalPages": 3, "partial": False} == counts


def test_the_oldest_may_come_first(reader, ten):
    """Who follows a story reads from its beginning."""
    asked = quote("acceptedAt asc")

    assert ["evt-8", "evt-9"] == _ids(reader.get(f"/api/v1/events?$orderby={asked}&PageSize=4&Page=3"))
    assert ["evt-0", "evt-1", "evt-2"] == _ids(reader.get(f"/api/v1/events?$orderby={asked}&PageSize=3"))


@pytest.mark.parametrize(
    ("asked", "ids", "total"),
    [
        ("source eq 'open'", "97531", 5),
        ("source in ('open', 'nope')", "97531", 5),
        ("acceptedAt ge 2026-09-21T14:13:27Z", "987", 3),
        ("acceptedAt lt 2026-09-21T14:13:22Z and source eq 'shop'", "0", 1),
        ("status eq 'pending'", "9876543210", 10),
        ("status in ('pending','dead') and source eq 'shop'", "86420", 5),
        ("status eq 'succeeded'", "", 0),
        ("type eq 'order.updated' and source eq 'shop'", "86", 2),
        ("subject eq 'order-1' or eventId eq 'evt-0'", "7410", 4),
        ("not (type eq 'order.updated')", "43210", 5),
        ("contains(type, 'created') and startswith(subject, 'order-2')", "2", 1),
        ("eventId eq 'evt-3'", "3", 1),
        ("stale", "", 0),
        ("reason eq null and stale eq false", "9876543210", 10),
        ("occurredAt gt 2026-01-01", "", 0),
    ],
)
def test_a_filter_leaves_what_it_says(reader, ten, asked, ids, total):
    """Whatever serves it, an index or a look at each event, the answer is the same."""
    found = reader.get(f"/api/v1/events?$filter={quote(asked)}")

    assert [f"evt-{n}" for n in ids] == _ids(found)
    assert total == found.json["totalCount"]


@pytest.mark.parametrize(
    ("asked", "message"),
    [
        ("status eq", "it cannot be read"),
        ("nope eq 'x'", "unknown field 'nope'; known: source, status"),
        ("acceptedAt eq 'x'", "acceptedAt is compared with a time such as 2026-11-21T10:15:00Z"),
        ("status gt 'dead'", "status is a text; expected one of eq, ne, in"),
        ("tolower(type) eq 'x'", "no field on the left"),
        ("subject", "subject is a text; expected a comparison"),
        ("length(type) eq 3", "no field on the left"),
        ("concat(type, 'x')", "expected one of the functions contains, startswith, endswith"),
    ],
)
def test_a_filter_that_is_not_understood_says_what_is_expected(reader, asked, message):
    """A filter that is read in another way than it was meant shows the wrong events."""
    reply = reader.get(f"/api/v1/events?$filter={quote(asked)}")

    assert (400, "VALIDATION_FAILED") == (reply.status, reply.code)
    assert message in reply.message


def test_no_other_order_is_promised(reader):
    """To sort by anything else would mean to read every event."""
    reply = reader.get("/api/v1/events?$orderby=subject")

    assert (400, "VALIDATION_FAILED") == (reply.status, reply.code)
    assert "'acceptedAt desc', 'acceptedAt asc' or 'acceptedAt'" in reply.message


@pytest.mark.parametrize(
    ("text", "ids"), [("evt-7", "7"), ("ORDER-2", "852"), ("updated", "98765"), ("nothing", "")]
)
def test_a_search_looks_at_id_subject_and_type(reader, ten, text, ids):
    """What one has in hand is an id from a mail or an order's number."""
    assert [f"evt-{n}" for n in ids] == _ids(reader.get(f"/api/v1/events?$search={text}"))


def test_a_cursor_goes_on_where_the_last_page_ended(reader, ten):
    """Pages by number shift while events come in; behind a cursor nothing is seen twice."""
    asked = f"/api/v1/events?PageSize=2&$filter={quote('type eq ' + chr(39) + 'order.updated' + chr(39))}"
    first = reader.get(asked)
    second = reader.get(f"{asked}&Cursor={first.json['next']}")
    third = reader.get(f"{asked}&Cursor={second.json['next']}")

    assert [["evt-9", "evt-8"], ["evt-7", "evt-6"], ["evt-5"]] == [
        _ids(one) for one in (first, second, third)
    ]
    assert "next" not in third.json
    assert first.json["totalCount"] is None
    assert "no index counts" in first.json["explanation"]


@pytest.mark.parametrize("cursor", ["x", "WzEsMl0", "W10", "%C3%A9", "bnVsbA"])
def test_a_cursor_that_we_did_not_give_is_refused(reader, cursor):
    """Nobody is sent to a place that does not exist."""
    assert 400 == reader.get(f"/api/v1/events?Cursor={cursor}").status


def test_an_event_tells_its_story(reader, orderhook, client, dies):
    """Why did this order fail? is answered by one call."""
    dies("second", Permanent("no such installer"))
    accepted(client, an_event())
    orderhook.work()

    found = reader.get("/api/v1/events/evt-1").data

    assert ("dead", "shop", "order-1") == (found["status"], found["source"], found["subject"])
    assert ["0.0", "0.1"] == [step["step"] for step in found["steps"]]
    assert "no such installer" in found["story"][-1]["text"]
    assert "body" not in found


def test_a_body_needs_more_than_read(reader, operator, client):
    """It holds a customer's name and address: a dashboard's token has no business with it."""
    accepted(client, an_event())

    assert (403, "FORBIDDEN") == ((found := reader.get("/api/v1/events/evt-1?body=true")).status, found.code)
    assert '"order-1"' in operator.get("/api/v1/events/evt-1?body=true").data["body"]


def test_an_id_that_several_sources_know_is_not_guessed_at(reader, client):
    """To show any of the two would be to show the wrong one."""
    accepted(client, an_event(), an_event(source="open"))

    reply = reader.get("/api/v1/events/evt-1")

    assert (409, "CONFLICT") == (reply.status, reply.code)
    assert "open" == reader.get("/api/v1/events/evt-1?source=open").data["source"]
    assert 404 == reader.get("/api/v1/events/evt-2").status


def test_an_event_in_its_lane_tells_its_place(reader, client):
    """Waiting behind another event of its order is the commonest reason why nothing happens."""
    accepted(client, an_event(), an_event("evt-2"))

    assert 2 == reader.get("/api/v1/events/evt-2").data["placeInLane"]
