"""`orderhook dead-letters resolve`: a person's word on a step that nobody here can know about."""

import pytest

from receiver.lifecycle import Status
from tests.support import deeds
from tests.support.events import accepted, an_event, record

STEPS = [{"type": "first"}, {"type": "mail"}, {"type": "second"}]


@pytest.fixture(name="parked")
def _parked(client, orderhook, dies):
    """A dead letter whose step 0.1, a mail, may have been sent."""
    orderhook.configure(workflows=[{"name": "mail it", "trigger": "order.created", "actions": STEPS}])
    dies("mail", TimeoutError())
    accepted(client, an_event())
    orderhook.work()
    assert "outcome_unknown" == record(client).reason


def names() -> list[str]:
    return [name for name, _, _ in deeds.DEEDS]


@pytest.mark.parametrize(
    ("words", "done"),
    [
        ("0.1 --done", ["first", "mail", "second"]),
        ("mail --done", ["first", "mail", "second"]),
        ("0.1 --repeat", ["first", "mail", "mail", "second"]),
    ],
)
def test_the_event_goes_on_as_it_was_said(client, orderhook, parked, words, done):
    """Behind the step, or with it; the steps before it are not repeated in either case."""
    said = orderhook.run("dead-letters", "resolve", "evt-1", *words.split())
    orderhook.work()

    assert 0 == said.code
    assert said.out.startswith("evt-1  step 0.1 mail ")
    assert "the event was started again" in said.out
    assert (Status.SUCCEEDED, done) == (record(client).status, names())


def test_who_and_why_stand_in_the_story(orderhook, parked):
    """In half a year somebody asks why that mail was never sent."""
    orderhook.run("dead-letters", "resolve", "evt-1", "mail", "--done", "--note", "it is in the outbox")
    orderhook.work()

    story = orderhook.run("events", "show", "evt-1").out

    assert "mail counts as done, says ola: it is in the outbox (step 0.1)" in story
    (row,) = orderhook.run("events", "show", "evt-1", "--json").rows
    (resolution,) = row["resolutions"]
    assert ("0.1", "done", "unknown") == (resolution["step"], resolution["as"], resolution["was"])


def test_it_can_be_read_by_a_program(orderhook, parked):
    """A script that settles a hundred of them keeps the answers."""
    (row,) = orderhook.run("dead-letters", "resolve", "evt-1", "mail", "--repeat", "--json").rows

    assert {
        "eventId": "evt-1",
        "source": "shop",
        "step": "0.1",
        "action": "mail",
        "was": "unknown",
        "resolved": "repeat",
        "why": "ola",
        "replayed": True,
    } == row


def test_it_stays_dead_where_it_is_asked_to(client, orderhook, parked):
    """The target is still down: the word is kept, and a later replay goes on behind the step."""
    said = orderhook.run("dead-letters", "resolve", "evt-1", "mail", "--done", "--no-replay")
    assert "stays dead until it is replayed" in said.out
    assert Status.DEAD is record(client).status
    shown = orderhook.run("dead-letters", "show", "evt-1").out
    assert "orderhook replay evt-1" in shown
    assert "resolve" not in shown

    orderhook.run("replay", "evt-1")
    orderhook.work()

    assert (Status.SUCCEEDED, ["first", "mail", "second"]) == (record(client).status, names())


def test_show_says_which_command_settles_it(orderhook, parked):
    """Nobody remembers how it is spelled at three in the morning."""
    shown = orderhook.run("dead-letters", "show", "evt-1").out

    assert "orderhook dead-letters resolve evt-1 0.1 --done  # if it had its effect" in shown
    assert "orderhook dead-letters resolve evt-1 0.1 --repeat  # if it had none" in shown


def test_a_dry_run_of_its_replay_says_that_it_would_park_again(orderhook, parked):
    """And what to type instead."""
    said = orderhook.run("replay", "evt-1", "--dry-run")

    assert "may have had its effect and cannot be asked: would be parked again" in said.out
    assert "settle it first: orderhook dead-letters resolve evt-1 0.1 --done|--repeat" in said.out
    assert "1 would be parked again" in said.err
    (row,) = orderhook.run("replay", "evt-1", "--dry-run", "--json").rows
    assert "orderhook dead-letters resolve evt-1 0.1 --done|--repeat" == row["steps"][1]["settle"]


@pytest.mark.parametrize(
    ("step", "code", "why"),
    [
        ("first", 1, "step 0.0 of 'evt-1' is done"),
        ("0.2", 4, "step 0.2 of 'evt-1' was never begun"),
        ("male", 4, "step male of 'evt-1' was never begun"),
    ],
)
def test_a_step_that_is_not_unknown_is_refused(client, orderhook, parked, *, step, code, why):
    """It would be repeated, or skipped, against what the ledger knows; the message names what there is."""
    said = orderhook.run("dead-letters", "resolve", "evt-1", step, "--repeat")

    assert code == said.code
    assert why in said.err
    assert "its steps: 0.0 first (done), 0.1 mail (unknown)" in said.err
    assert Status.DEAD is record(client).status


def test_an_event_that_is_not_dead_is_refused(client, orderhook):
    """A worker has it, or will."""
    accepted(client, an_event())

    said = orderhook.run("dead-letters", "resolve", "evt-1", "0.0", "--done")

    assert (1, True) == (said.code, "is no dead letter, it is pending" in said.err)


def test_a_name_that_several_steps_have_is_not_guessed_at(client, orderhook, dies):
    """Two mails, one sent: the wrong one would be skipped."""
    steps = [{"type": "first"}, {"type": "first"}, {"type": "second"}]
    orderhook.configure(workflows=[{"name": "twice", "trigger": "order.created", "actions": steps}])
    dies("second", TypeError())
    accepted(client, an_event())
    orderhook.work()

    said = orderhook.run("dead-letters", "resolve", "evt-1", "first", "--done")

    assert 2 == said.code
    assert "0.0, 0.1" in said.err


def test_an_id_that_several_sources_know_is_not_guessed_at(client, orderhook, parked):
    """The other source's event would be settled, or stand in the way."""
    accepted(client, an_event(source="another"))

    said = orderhook.run("dead-letters", "resolve", "evt-1", "mail", "--done")

    assert (2, True) == (said.code, "another, shop: say which one by --source" in said.err)
    words = ("dead-letters", "resolve", "evt-1", "mail", "--done", "--source", "shop")
    assert 0 == orderhook.run(*words).code


def test_a_list_says_how_parked_steps_are_settled(client, orderhook, parked):
    """A replay, which is what everything else in the list needs, would only park them again."""
    said = orderhook.run("dead-letters", "list")

    assert "1 of unknown outcome: `orderhook dead-letters show EVENT_ID` says how to settle it" in said.err


@pytest.mark.parametrize("words", [[], ["--done", "--repeat"]], ids=["neither", "both"])
def test_how_it_ended_must_be_said(orderhook, parked, words):
    """There is no default: either guess would be the wrong one half of the time."""
    assert 2 == orderhook.run("dead-letters", "resolve", "evt-1", "0.1", *words).code
