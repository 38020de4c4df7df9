"""`orderhook events resume`: a person's word that a paused run may go on."""

import pytest

from receiver.lifecycle import Status
from tests.support.events import accepted, an_event, record

STEPS = [{"type": "pause", "why": "over 10 000"}, {"type": "second"}]


@pytest.fixture(name="paused")
def _paused(client, orderhook):
    """Two events that wait in the workflow `ask first`."""
    orderhook.configure(workflows=[{"name": "ask first", "trigger": "order.created", "actions": STEPS}])
    accepted(client, an_event("evt-1"), an_event("evt-2", subject="order-2"))
    orderhook.work()


def test_an_event_goes_on(client, orderhook, paused):
    """And who let it, and why, stands in its story."""
    assert 2 == len(orderhook.run("events", "list", "--status", "paused", "--json").rows)
    shown = orderhook.run("events", "show", "evt-1").out
    assert "orderhook events resume evt-1 --workflow 'ask first'" in shown
    assert "pause waits to be resumed; later events of its subject wait. over 10 000" in shown

    said = orderhook.run("events", "resume", "evt-1", "--reason", "called them")
    orderhook.work()

    assert (0, "evt-1  ask first  resumed\n") == (said.code, said.out)
    assert [Status.SUCCEEDED, Status.PAUSED] == [record(client, f"evt-{n}").status for n in (1, 2)]
    assert "resumed by ola: called them" in orderhook.run("events", "show", "evt-1").out
    (row,) = orderhook.run("events", "show", "evt-1", "--json").rows
    assert "ola: called them" == row["pauses"][0]["resumedBy"]


def test_all_of_a_workflow_go_on_when_that_is_confirmed(client, orderhook, paused):
    """Many things at once are asked about."""
    refused = orderhook.run("events", "resume", "--workflow", "ask first", answer="n\n")
    assert 0 != refused.code
    assert Status.PAUSED is record(client, "evt-1").status

    orderhook.run("events", "resume", "--workflow", "ask first", "--yes")
    orderhook.work()

    assert [Status.SUCCEEDED] * 2 == [record(client, f"evt-{n}").status for n in (1, 2)]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["evt-9"], "no event 'evt-9'"),
        (["evt-1", "--workflow", "another"], "no run of 'another' of event 'evt-1' is paused"),
        (["--workflow", "another"], "no run of 'another' is paused"),
        ([], "name the event"),
    ],
)
def test_what_does_not_wait_is_said(orderhook, paused, words, said):
    """A slip in the name must not look like success."""
    found = orderhook.run("events", "resume", *words)

    assert 0 != found.code
    assert said in found.err


def test_it_is_discarded_by_its_name(client, orderhook, paused):
    """The other answer a person may give."""
    said = orderhook.run("dead-letters", "discard", "evt-1", "--reason", "no", "--yes")

    assert 0 == said.code
    assert Status.DISCARDED is record(client, "evt-1").status
