"""How far the seeded orders have come."""

import pytest

from console.dev.progress import Progress
from receiver import keys
from receiver.record import Record


def an_event(number: int, event_type: str, status: str, subject: str = "o-1") -> Record:
    """Return an event of a seeded order."""
    fields = {
        "source": "s",
        "type": event_type,
        "subject": subject,
        "status": status,
        "attempt": "1",
    }
    return Record.read(
        keys.event("s", f"e{number}"),
        fields | {"accepted": str(number), "reason": "r" if status == "dead" else ""},
    )


def progress(*events: Record) -> Progress:
    found = Progress(orders={"o-1": "P1-1"})
    for event in events:
        found.note(event)
    return found


@pytest.mark.parametrize(
    ("events", "completed", "over"),
    [
        ([], False, False),
        ([("order.created", "succeeded")], False, False),
        ([("order.completed", "pending")], False, False),
        ([("order.completed", "succeeded")], True, True),
        ([("order.completed", "ignored")], True, True),
        ([("order.created", "dead"), ("order.completed", "ignored")], False, True),
        ([("order.created", "dead")], False, True),
        ([("order.created", "retrying"), ("order.completed", "succeeded")], False, False),
    ],
    ids=["nothing", "created", "waiting", "done", "unwanted", "dead-before", "dead", "retrying"],
)
def test_an_order_is_at_its_end_when_all_of_its_events_are(events, completed, over):
    """`--once` must not end with 0 while anything is open or dead."""
    found = progress(*[an_event(number, *event) for number, event in enumerate(events)])

    assert (completed, over) == (found.count == 1, found.over)


def test_events_of_other_orders_do_not_count():
    """Somebody may play with the same sandbox meanwhile."""
    assert {} == progress(an_event(1, "order.completed", "dead", subject="other")).seen


def test_the_rows_name_each_order_and_how_it_ended():
    """The table is what remains on the screen."""
    found = progress(an_event(1, "order.created", "succeeded"), an_event(2, "order.completed", "succeeded"))

    assert [("P1-1", "2", "2", "order.completed")] == [row[:4] for row in found.rows()]
    assert "completed" == next(iter(found.rows()))[4][0]
    assert "dead: order.created: r" in next(iter(progress(an_event(1, "order.created", "dead")).rows()))[4][0]
    assert "not completed in time" == next(iter(progress().rows()))[4][0]


def test_no_orders_are_no_reason_to_wait():
    """`--orders 0 --once` starts everything, and ends."""
    assert Progress(orders={}).over
