"""The loss equation finds what does not fit, and names it."""

import pytest

from receiver import keys
from receiver.inbox import Inbox
from receiver.lifecycle import Status
from tests.support.events import accepted, an_event
from workers.audit import Audit, audit


def the_audit(client) -> Audit:
    (one,) = audit(Inbox(client))
    return one


def test_a_healthy_inbox_balances(client):
    """accepted = what the records say, with no finding."""
    accepted(client, an_event("evt-1"), an_event("evt-2"), an_event("evt-2"))

    one = the_audit(client)

    assert (2, 2, 2, True) == (one.accepted, one.accounted, one.in_flight, one.holds)


@pytest.mark.parametrize(
    ("spoil", "problem"),
    [
        (lambda client, key, lane: client.delete(lane), "pending, but in no lane"),
        (
            lambda client, key, lane: client.zrem(keys.open_events(), key),
            "pending, but not in the index of open events",
        ),
        (
            lambda client, key, lane: client.hset(key, "status", "succeeded"),
            "succeeded, but still in its lane",
        ),
        (lambda client, key, lane: client.delete(key), "queued, but has no record in the time line"),
    ],
    ids=["lane lost", "index lost", "closed in lane", "record lost"],
)
def test_each_contradiction_is_named_with_its_event(client, spoil, problem):
    """An operator needs the id, not a difference of two numbers."""
    accepted(client, an_event())
    key = keys.event("shop", "evt-1")
    spoil(client, key, keys.lane("shop", "order-1"))

    one = the_audit(client)

    assert not one.holds
    assert (key,) in [finding.events for finding in one.findings if finding.problem == problem]


def test_a_lost_record_unbalances_the_equation(client):
    """The left side comes from the counter that accept raised, the right from the records."""
    accepted(client, an_event("evt-1"), an_event("evt-2"))
    client.delete(keys.event("shop", "evt-1"))

    one = the_audit(client)

    assert (2, 1) == (one.accepted, one.accounted)
    assert 1 == one.found[Status.PENDING]
