"""
Reading the inbox without a server: fakeredis holds a copy of what the scripts wrote on a real Redis.

Who builds on `Inbox` can test with fakeredis in its own process; these tests say that the answers are the same.
Only reading: fakeredis runs no script of ours.
"""

import fakeredis
import pytest
import redis

from receiver.inbox import Filter, Inbox
from receiver.lifecycle import Status
from tests.support.events import accepted, an_event


def copied(real: "redis.Redis") -> "redis.Redis":
    """Return an in-process Redis with the same keys."""
    fake = fakeredis.FakeRedis(decode_responses=True)
    for key in real.scan_iter(match="orderhook:*"):
        match real.type(key):
            case "hash":
                fake.hset(key, mapping=real.hgetall(key))
            case "zset":
                fake.zadd(key, dict(real.zrange(key, 0, -1, withscores=True)))
            case "set":
                fake.sadd(key, *real.smembers(key))
            case "list":
                fake.rpush(key, *real.lrange(key, 0, -1))
            case _:
                fake.set(key, real.get(key))
    return fake


@pytest.fixture(name="both")
def _both(client) -> tuple[Inbox, Inbox]:
    """The same inbox twice: on the server and in the process."""
    events = [
        an_event(f"evt-{n}", subject=f"order-{n % 3}", type=f"order.{'created' if n % 2 else 'updated'}")
        for n in range(9)
    ]
    accepted(client, *events, an_event("evt-bad", quarantine="payload_invalid", body=b"{"))
    return Inbox(client), Inbox(copied(client))


@pytest.mark.parametrize(
    "wanted",
    [
        Filter(),
        Filter(type="order.created"),
        Filter(subject="order-1"),
        Filter(status=Status.DEAD),
        Filter(source="none"),
    ],
    ids=["all", "type", "subject", "status", "nothing"],
)
def test_events_are_the_same(both, wanted):
    """Filters and order do not depend on the server."""
    real, fake = (list(inbox.events(wanted)) for inbox in both)

    assert real == fake


def test_single_records_bodies_lanes_and_counts_are_the_same(both):
    """Everything else that an operator's command reads."""
    real, fake = (
        (
            inbox.get("evt-1"),
            inbox.counts(),
            inbox.sources(),
            sorted(inbox.lanes()),
            list(inbox.in_flight()),
            list(inbox.dead_letters(Filter())),
        )
        for inbox in both
    )

    assert real == fake
    assert real[0] is not None
