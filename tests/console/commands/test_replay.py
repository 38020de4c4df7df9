"""`orderhook replay`: a look first, then the least that is needed."""

import re

import pytest

from receiver import keys
from receiver.lifecycle import Status
from tests.support import deeds
from tests.support.events import accepted, an_event, record
from workers.failures import Permanent


@pytest.fixture(name="dead")
def _dead(client, orderhook, dies):
    """Makes dead letters of these ids, each with `first` done and `second` failed."""

    def make(*event_ids: str) -> None:
        dies("second", *[Permanent("422: no")] * len(event_ids))
        for event_id in event_ids:
            accepted(client, an_event(event_id, subject=f"order of {event_id}", lane=event_id))
        orderhook.work()
        assert {Status.DEAD} == {record(client, event_id).status for event_id in event_ids}

    return make


def test_a_dry_run_says_what_each_step_would_do_and_changes_nothing(client, orderhook, dead):
    """May I press the button? This is the answer."""
    dead("evt-1")
    before = client.hgetall(keys.event("shop", "evt-1"))

    said = orderhook.run("replay", "evt-1", "--dry-run")

    assert 0 == said.code
    assert [
        "evt-1  shop  order.created  order of evt-1  dead (upstream_rejected)",
        "    both: first is done, not repeated",
        "    both: second would run",
    ] == said.out.splitlines()
    assert "nothing was changed; 1 event: 1 would act" in said.err
    assert before == client.hgetall(keys.event("shop", "evt-1"))


def test_a_dry_run_can_be_read_by_a_program(orderhook, dead):
    """A thousand events are judged by jq, not by eye."""
    dead("evt-1")

    (row,) = orderhook.run("replay", "--all", "--dry-run", "--json").rows

    assert ["done", "run"] == [step["fate"] for step in row["steps"]]
    assert "" == row["obstacle"]


def test_a_replay_repeats_only_what_is_not_done(client, orderhook, dead):
    """The tag is not assigned twice because the dispatch failed."""
    dead("evt-1")

    said = orderhook.run("replay", "evt-1")
    orderhook.work()

    assert (0, "evt-1  replayed\n") == (said.code, said.out)
    assert re.fullmatch(r"replay rp-\w{8}: 1 event\n1 of 1 event replayed\n", said.err)
    assert Status.SUCCEEDED is record(client).status
    assert ["first", "second", "second"] == [name for name, _, _ in deeds.DEEDS]


def test_one_event_is_replayed_without_a_question_and_all_are_not(orderhook, dead):
    """What changes many things asks."""
    dead("evt-1", "evt-2")

    said = orderhook.run("replay", "--all", answer="n\n")

    assert 1 == said.code
    assert "Replay 2 events?" in said.err
    assert "" == said.out


def test_all_dead_letters_are_replayed_at_a_limited_rate(client, orderhook, dead):
    """A replay goes behind live traffic; here it only has to come through in portions."""
    event_ids = [f"evt-{number}" for number in range(5)]
    dead(*event_ids)

    said = orderhook.run("replay", "--all", "--yes", "--rate", "10", "--ahead", "0")

    assert {f"{event_id}  replayed" for event_id in event_ids} == set(said.out.splitlines())
    assert {Status.PENDING} == {record(client, event_id).status for event_id in event_ids}


def test_filters_leave_the_rest_dead(client, orderhook, dead):
    """The outage was this morning: what died last week has other reasons."""
    dead("evt-1")

    said = orderhook.run("replay", "--all", "--yes", "--until", "1h")

    assert (0, "no dead letters\n") == (said.code, said.err)
    assert Status.DEAD is record(client).status


def test_an_event_in_flight_is_not_replayed(client, orderhook):
    """It would be worked on twice at once."""
    accepted(client, an_event())

    said = orderhook.run("replay", "evt-1")

    assert 1 == said.code
    assert "not replayed: in flight already" in said.out
    preview = orderhook.run("replay", "evt-1", "--dry-run").out
    assert "would not be replayed: it is pending" in preview


def test_the_same_command_again_finds_nothing_left(orderhook, dead):
    """An interrupted replay is taken up by typing it again."""
    dead("evt-1", "evt-2")
    orderhook.run("replay", "--all", "--yes", "--rate", "0")

    said = orderhook.run("replay", "--all", "--yes")

    assert (0, "no dead letters\n") == (said.code, said.err)


def test_an_ignored_event_can_be_started_by_its_id(client, orderhook):
    """The workflow was written after the event had come."""
    accepted(client, an_event(type="order.paid"))
    orderhook.work()
    assert "no workflow would want it" in orderhook.run("replay", "evt-1", "--dry-run").out
    workflow = {"name": "paid", "trigger": "order.paid", "actions": [{"type": "first"}]}
    orderhook.configure(workflows=[workflow])

    assert "paid: first would run" in orderhook.run("replay", "evt-1", "--dry-run").out
    orderhook.run("replay", "evt-1")
    orderhook.work()

    assert Status.SUCCEEDED is record(client).status


def test_an_event_keeps_the_workflow_that_it_was_pinned_to(orderhook, dead):
    """A dead letter of yesterday is finished by yesterday's workflow, and the dry run says so."""
    dead("evt-1")
    orderhook.configure(workflows=[])

    said = orderhook.run("replay", "evt-1", "--dry-run")

    assert re.search(r"both: second would run", said.out)


@pytest.mark.parametrize("words", [[], ["evt-1", "--all"]], ids=["nothing", "both"])
def test_either_ids_or_all_must_be_said(orderhook, words):
    """A replay of everything must be asked for by name."""
    assert 2 == orderhook.run("replay", *words).code
