"""The story of an event, from its record alone."""

import json

import pytest

from console.story import Tone, no_actions, step_name, tell
from receiver import keys
from receiver.record import Record

START = 1_790_000_000_000


def a_record(**fields: str) -> Record:
    """Return a record as Redis holds it: accepted, and whatever *fields* add; `__` stands for a colon."""
    basic = {
        "source": "shop",
        "type": "order.created",
        "status": "pending",
        "accepted": str(START),
    }
    changes = {name.replace("__", ":"): value for name, value in fields.items()}
    return Record.read(keys.event("shop", "evt-1"), basic | changes)


def at(milliseconds: int) -> str:
    return str(START + milliseconds)


def actions(pin: str) -> tuple[str, ...]:
    return ("assign_tag", "dispatch_order") if pin == "new orders@abc" else ()


def told(record: Record) -> list[str]:
    return [line.text for line in tell(record, actions)]


PLAN = json.dumps(["new orders@abc"])
DONE = {
    "status": "succeeded",
    "attempt": "1",
    "plan": PLAN,
    "attempt__1": f"succeeded 5 {at(10)} {at(94)}",
    "step__0.0": f'{at(40)} done 5 {{"tag":"imported","already":false}}',
    "step__0.1": f'{at(90)} done 5 {{"already":false}}',
}


def test_an_event_that_succeeded_is_told_from_arrival_to_end():
    """The main path, in the order in which it happened."""
    assert [
        "accepted",
        'tag "imported" assigned',
        "order dispatched",
        "succeeded (attempt 1, 84 ms)",
    ] == told(a_record(**DONE))


def test_what_a_person_settled_is_told_with_who_and_why():
    """The step's own line would claim that it was dispatched; all that is known is what somebody said."""
    record = a_record(
        **DONE
        | {
            "step__0.1": f'{at(500)} done 5 {{"resolvedBy":"ola","note":"seen"}}',
            "resolutions": "2",
            "resolved__1": f"{at(300)} 0.1 repeat unknown ola",
            "resolved__2": f"{at(500)} 0.1 done unknown ola: seen",
        }
    )

    lines = told(record)

    assert "order dispatched" not in lines
    assert "dispatch_order is to run again, says ola" in lines
    assert "dispatch_order counts as done, says ola: seen" in lines


def test_a_line_about_a_step_knows_its_place():
    """It is what `dead-letters resolve` takes."""
    steps = [line.step for line in tell(a_record(**DONE), actions)]

    assert ["", "0.0", "0.1", ""] == steps


def test_an_unknown_workflow_leaves_places_instead_of_names():
    """The story must be readable where the configuration is gone."""
    record = a_record(**DONE)

    assert "step 0.1" == step_name(record, "0.1", no_actions)
    assert "step 3.7" == step_name(record, "3.7", actions)


def test_a_retry_says_why_and_when_it_was_tried_again():
    """The words of the last error belong to the last attempt; earlier ones keep their reason."""
    record = a_record(
        status="retrying",
        attempt="2",
        error="503 from the API",
        attempt__1=f"retrying 5 {at(10)} {at(20)} upstream_error wait_s=0.4",
        attempt__2=f"retrying 6 {at(400)} {at(410)} upstream_error wait_s=1.0",
    )

    assert [
        "accepted",
        "retrying: upstream_error wait_s=0.4 (attempt 1, 10 ms)",
        "attempt 2 began",
        "retrying: upstream_error wait_s=1.0: 503 from the API (attempt 2, 10 ms)",
    ] == told(record)


def test_a_pause_is_said_once_with_what_it_waits_for():
    """Status and reason are the same word; the operator's own words are what counts."""
    ended = f"paused 5 {at(10)} {at(20)} paused"

    assert "paused: look first (attempt 1, 10 ms)" in told(
        a_record(status="paused", attempt="1", error="look first", attempt__1=ended)
    )
    assert "paused (attempt 1, 10 ms)" in told(a_record(status="pending", attempt="1", attempt__1=ended))


def test_an_attempt_that_is_under_way_has_no_end():
    """A running attempt must not look like one that ended in 1970."""
    record = a_record(status="running", attempt="1", attempt__1=f"running 5 {at(10)}")

    assert ["accepted"] == told(record)


def test_a_wait_in_the_spool_is_told():
    """Why was this order late? Redis was away, and for how long."""
    kept, taken = tell(a_record(spooled=str(START - 42_000)))

    assert (START - 42_000, "acknowledged and kept in the spool, since Redis could not take it") == (
        kept.at,
        kept.text,
    )
    assert (START, "accepted after 42 s in the spool") == (taken.at, taken.text)


def test_a_quarantined_event_says_what_is_wrong_with_it():
    """It never had an attempt: its arrival is all there is to tell."""
    record = a_record(status="dead", reason="payload_invalid", error="not JSON")

    (line,) = tell(record)

    assert "accepted, but put aside as payload_invalid: not JSON" == line.text
    assert Tone.BAD is line.tone


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        ({"duplicates": "1", "duplicate_at": at(5)}, "delivered again"),
        ({"duplicates": "3", "duplicate_at": at(5)}, "delivered again, 3 times by now"),
        ({"duplicates": "1", "altered": "1", "duplicate_at": at(5)}, "delivered again, 1 with another body"),
        ({"replays": "1", "opened": at(5)}, "replayed"),
        ({"replays": "3", "opened": at(5)}, "replayed, 3 times by now"),
        ({"status": "discarded", "closed": at(9), "discarded": "ola: by phone"}, "discarded: ola: by phone"),
        (
            {"step__0.0": f'{at(5)} failed 5 "upstream_error"'},
            "step 0.0 failed without effect: upstream_error",
        ),
        ({"step__0.0": f"{at(5)} unknown 5 "}, "step 0.0 may have had its effect; a person must look."),
    ],
    ids=["again", "often", "altered", "replayed", "replays", "discarded", "failed", "unknown"],
)
def test_what_happened_besides_is_told(fields, text):
    """Each of these explains a question that operators ask about an event."""
    assert text == told(a_record(**fields))[-1]


def test_a_step_under_way_is_not_told():
    """Most intents are results a moment later; those that stay show in the attempt that ended without them."""
    assert ["accepted"] == told(a_record(**{"step__0.0": f"{at(5)} intent 5 "}))


def test_every_line_of_a_story_has_a_key_of_its_own():
    """A follower tells each line once, by its key: two lines of one key would hide each other."""
    keys = [line.key for line in tell(a_record(**DONE, deliveries="2", duplicate_at=at(1)), actions)]

    assert len(keys) == len(set(keys))
