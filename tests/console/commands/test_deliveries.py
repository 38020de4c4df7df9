"""`orderhook deliveries`: what came, and why it made no event."""

import asyncio
import time

import pytest

from receiver import keys, store
from receiver.delivery_log import Delivery
from receiver.trace_keeper import TraceKeeper
from tests.support.events import accepted, an_event

SCOPE = {"headers": [(b"content-length", b"17")], "client": ("192.0.2.7", 5)}


@pytest.fixture(name="rejected")
def _rejected(client, redis_url) -> str:
    """A forgery and its body among an accepted event; the forgery's delivery id."""
    accepted(client, an_event("evt-1"))

    async def keep() -> None:
        keeper = TraceKeeper(store.async_client(redis_url, timeout_s=5), kept=100, timeout_s=5)
        forgery = Delivery("shop", "SIGNATURE_INVALID", 401, "", "no secret fits", time.perf_counter())
        keeper.add(forgery, SCOPE, scheme="hmac", body=b'{"a":1}')
        await keeper.close()

    asyncio.run(keep())
    ((name, _),) = client.xrange(keys.traces("shop", "rejected"))
    return f"rejected:shop:{name}"


def test_the_list_says_why_nothing_came_of_a_delivery(orderhook, rejected):
    """The sender swears that it sent."""
    said = orderhook.run("deliveries", "list")

    assert 0 == said.code, said.err
    title, first, second = said.out.splitlines()
    assert ["TIME", "SOURCE", "OUTCOME", "WHY", "DELIVERY", "ID"] == title.split()
    assert first.split()[2:] == ["shop", "rejected", "SIGNATURE_INVALID", rejected]
    assert second.split()[2:] == ["shop", "accepted", "evt-1", "accepted:shop:evt-1"]


@pytest.mark.parametrize(
    ("options", "outcomes"),
    [
        ([], ["rejected", "accepted"]),
        (["--outcome", "rejected"], ["rejected"]),
        (["--code", "TIMESTAMP_STALE"], []),
        (["--source", "open"], []),
        (["--since", "1h"], ["rejected", "accepted"]),
        (["--until", "1h"], []),
        (["--limit", "1"], ["rejected"]),
    ],
    ids=lambda value: " ".join(value) if value and value[0].startswith("--") else None,
)
def test_a_filter_leaves_what_it_names(orderhook, rejected, options, outcomes):
    """Among thousands of deliveries only the right ones help."""
    said = orderhook.run("deliveries", "list", "--json", *options)

    assert outcomes == [row["outcome"] for row in said.rows]


def test_an_outcome_that_does_not_exist_is_a_usage_error(orderhook, rejected):
    """A misspelt filter that is ignored shows the wrong ones as if they were the right ones."""
    said = orderhook.run("deliveries", "list", "--outcome", "refused")

    assert 2 == said.code
    assert "'refused' is no outcome; expected accepted, quarantined, duplicate, rejected" in said.err


def test_one_is_shown_with_all_that_is_known(orderhook, rejected):
    """Why, from where, and what: enough to tell a wrong secret from a stranger."""
    said = orderhook.run("deliveries", "show", rejected, "--body")

    shown = dict(line.split(maxsplit=1) for line in said.out.splitlines() if len(line.split()) > 1)
    assert {"code": "SIGNATURE_INVALID", "why": "no secret fits", "answered": "401", "from": "192.0.2.7"} == {
        name: shown[name] for name in ("code", "why", "answered", "from")
    }
    assert said.out.endswith('{"a":1}\n')


def test_the_body_of_an_accepted_one_is_its_events(orderhook, rejected):
    """What made an event is kept with it."""
    said = orderhook.run("deliveries", "show", "accepted:shop:evt-1", "--body", "--json")

    assert '{"event": "order.created", "data": {"id": "order-1"}}' == said.rows[0]["body"]


def test_one_that_is_gone_is_not_found(orderhook, rejected):
    """It is kept for a week."""
    said = orderhook.run("deliveries", "show", "rejected:shop:1-0")

    assert 4 == said.code
    assert "orderhook deliveries list" in said.err
