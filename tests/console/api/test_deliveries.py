"""`/api/v1/deliveries` over real HTTP: what came and why it made no event, and bodies for operators only."""

import asyncio
import time
from urllib.parse import quote

import pytest

from receiver import keys, store
from receiver.delivery_log import Delivery
from receiver.trace_keeper import TraceKeeper
from tests.support.events import accepted, an_event

SCOPE = {"headers": [(b"content-length", b"17")], "client": ("192.0.2.7", 5)}


@pytest.fixture(name="rejected")
def _rejected(client, orderhook) -> str:
    """Three accepted deliveries, then a forgery whose body is kept; the forgery's id."""
    accepted(client, *(an_event(f"evt-{n}", subject=f"o-{n}") for n in range(3)))

    async def keep() -> None:
        keeper = TraceKeeper(store.async_client(orderhook.redis_url, timeout_s=5), kept=100, timeout_s=5)
        forgery = Delivery("shop", "SIGNATURE_INVALID", 401, "", "no secret fits", time.perf_counter())
        keeper.add(forgery, SCOPE, scheme="hmac", body=b'{"a":1}')
        await keeper.close()

    asyncio.run(keep())
    ((name, _),) = client.xrange(keys.traces("shop", "rejected"))
    return f"rejected:shop:{name}"


def test_pages_go_on_by_their_cursor(reader, rejected):
    """New deliveries come in front, so that a number of a page would mean another page each time."""
    first = reader.get("/api/v1/deliveries?PageSize=3").json
    second = reader.get(f"/api/v1/deliveries?PageSize=3&Cursor={quote(first['next'])}").json

    outcomes = [one["outcome"] for page in (first, second) for one in page["data"]]
    assert ["rejected", "accepted", "accepted", "accepted"] == outcomes
    assert (False, "next" in second) == (second["partial"], False)


@pytest.mark.parametrize(
    ("query", "number"),
    [
        ("outcome=rejected", 1),
        ("outcome=accepted&source=shop", 3),
        ("source=open", 0),
        ("code=SIGNATURE_INVALID&since=1h", 1),
        ("code=TIMESTAMP_STALE", 0),
        ("until=1h", 0),
        ("until=0001-01-02", 0),
        ("since=9999-12-30", 0),
        ("since=999999w", 4),
    ],
)
def test_a_filter_leaves_what_it_names(reader, rejected, query, number):
    """A dashboard asks for what was rejected."""
    assert number == len(reader.get(f"/api/v1/deliveries?{query}").data)


@pytest.mark.parametrize(
    "query", ["outcome=refused", "since=soon", "Cursor=x", "Cursor=1~2~%0a", "Page=2", "Cursor=" + "9" * 400]
)
def test_what_cannot_be_understood_is_refused(reader, rejected, query):
    """A filter that is ignored shows the wrong deliveries as if they were the right ones."""
    assert (400, "VALIDATION_FAILED") == (
        (reply := reader.get(f"/api/v1/deliveries?{query}")).status,
        reply.code,
    )


def test_one_says_why_it_was_rejected(reader, rejected):
    """More than the sender was told."""
    found = reader.get(f"/api/v1/deliveries/{rejected}").data

    assert ("SIGNATURE_INVALID", 401, "no secret fits", "192.0.2.7") == (
        found["code"],
        found["status"],
        found["detail"],
        found["remote"],
    )
    assert "body" not in found


def test_a_body_is_for_operators(reader, operator, rejected):
    """It may hold personal data, and nobody has verified who sent it."""
    path = f"/api/v1/deliveries/{rejected}?body=true"

    assert 403 == reader.get(path).status
    assert '{"a":1}' == operator.get(path).data["body"]


@pytest.mark.parametrize("delivery_id", ["rejected:shop:1-0", "accepted:shop:evt-9", "rejected:shop:x"])
def test_one_that_is_gone_is_not_found(reader, rejected, delivery_id):
    """It is kept for a week."""
    assert 404 == reader.get(f"/api/v1/deliveries/{delivery_id}").status
