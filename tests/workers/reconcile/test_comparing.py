"""What the record lacks of an order: tables of changes and of what is known."""

import pytest

from workers.reconcile.comparing import (
    CREATED,
    NOTHING,
    STATUS_CHANGED,
    UPDATED,
    Known,
    OrderState,
    Verdict,
    compare,
)

SINCE = 1_000_000
CHANGE = 2_000_000


def an_order(**changes) -> OrderState:
    return OrderState(
        **{"id": "o-1", "status": "processing", "created": 1_500_000, "changed": CHANGE} | changes
    )


@pytest.mark.parametrize(
    ("known", "expected"),
    [
        (Known(newest=CHANGE), Verdict.KNOWN),
        (Known(newest=CHANGE + 60_000), Verdict.KNOWN),
        (Known(newest=CHANGE - 2_000), Verdict.KNOWN),
        (Known(newest=CHANGE - 2_001), Verdict.MISSING),
        (NOTHING, Verdict.MISSING),
        (Known(newest=1_600_000, wrote=CHANGE - 10_000), Verdict.OURS),
        (Known(newest=1_600_000, wrote=CHANGE - 10_001), Verdict.MISSING),
    ],
)
def test_an_order_is_known_by_an_event_of_its_last_change(known, expected):
    """Two clocks and whole seconds lie between both; what we wrote ourselves needs no event."""
    assert expected is compare(an_order(), known, since=SINCE).verdict


@pytest.mark.parametrize(
    ("order", "known", "told", "expected"),
    [
        (an_order(changed=1_500_000), NOTHING, None, (CREATED,)),
        (an_order(), NOTHING, None, (CREATED, UPDATED)),
        (an_order(created=500_000), NOTHING, None, (UPDATED,)),
        (an_order(), Known(newest=1_500_000, types=frozenset({CREATED})), "pending", (STATUS_CHANGED,)),
        (an_order(), Known(newest=1_500_000, types=frozenset({CREATED})), "processing", (UPDATED,)),
        (an_order(), Known(newest=1_500_000, types=frozenset({CREATED})), None, (UPDATED,)),
        (
            an_order(),
            Known(newest=1_600_000, types=frozenset({UPDATED})),
            "pending",
            (CREATED, STATUS_CHANGED),
        ),
    ],
    ids=["new", "new and changed", "old", "moved", "not moved", "unknown", "the beginning is missing"],
)
def test_what_is_missing_is_named_as_far_as_can_be_told(order, known, told, expected):
    """A list shows where an order stands, not how it came there: its beginning and its last change at most."""
    assert expected == compare(order, known, since=SINCE, told_status=told).missing


def test_nothing_is_missing_of_what_is_known():
    """Each event once: a second run finds what the first has fed in."""
    assert () == compare(an_order(), Known(newest=CHANGE), since=SINCE).missing
