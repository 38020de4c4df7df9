"""What a step did, in words."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import phrases


@pytest.mark.parametrize(
    ("action", "detail", "phrase"),
    [
        ("assign_tag", '{"tag":"imported","already":false}', 'tag "imported" assigned'),
        ("assign_tag", '{"tag":"imported","already":true}', 'tag "imported" was there already'),
        ("remove_tag", '{"tag":"new","already":false}', 'tag "new" removed'),
        ("remove_tag", '{"tag":"new","already":true}', 'tag "new" was not there'),
        ("dispatch_order", '{"already":false,"status":0}', "order dispatched"),
        ("dispatch_order", '{"already":true}', "order was dispatched already"),
        ("cancel_order", '{"already":false}', "order cancelled"),
        ("cancel_order", '{"already":true}', "order was cancelled already"),
        ("fetch_order", '{"id":"7","displayId":"P1-7","phase":"created"}', "order P1-7 read: created"),
        ("notify_erp", '{"number":"A1"}', 'notify_erp done: {"number": "A1"}'),
        ("notify_erp", "", "notify_erp done"),
        ("assign_tag", "", "assign_tag done"),
    ],
)
def test_a_finished_step_is_said_in_the_words_of_its_action(action, detail, phrase):
    """An operator reads what has happened to the order, not how the ledger spells it."""
    assert phrase == phrases.done(action, detail)


def test_a_long_result_is_cut():
    """One step must not push the rest of the story off the screen."""
    assert len(phrases.done("notify_erp", '{"text":"' + "x" * 5_000 + '"}')) < 200


@given(st.sampled_from(["assign_tag", "fetch_order", "dispatch_order", "mine"]), st.text(max_size=60))
def test_any_ledger_text_gives_a_phrase(action, detail):
    """The story of an event is read when something is wrong already; it must not fall over what it finds."""
    assert phrases.done(action, detail)
    assert isinstance(phrases.said(detail), str)
