"""`orderhook replays`: who started what again, how far it came, and stopping it."""

import pytest

from receiver import keys
from receiver.lifecycle import Status
from tests.support.events import accepted, an_event, record
from workers.replays import Register, Terms


@pytest.fixture(name="dead")
def _dead(client):
    """Makes so many dead letters."""

    def make(number: int) -> None:
        accepted(client, *[an_event(f"evt-{n}", subject=f"order-{n}", quarantine="x") for n in range(number)])

    return make


@pytest.fixture(name="begun")
def _begun(client, dead) -> str:
    """A replay of three dead letters that has moved none; its command was killed an hour ago."""
    dead(3)
    seconds, _ = client.time()
    replay, _ = Register(client).start(
        Terms(by="kari", why="API was down", ahead=10), now=(int(seconds) + 1) * 1000
    )
    client.hset(keys.replay(replay.id), "seen", (int(seconds) - 3600) * 1000)
    return replay.id


def test_a_replay_is_on_record_with_who_and_why(orderhook, dead):
    """Somebody asks next week who started forty thousand events again."""
    dead(2)
    orderhook.run("replay", "--all", "--source", "shop", "--yes", "--note", "API was down")

    (row,) = orderhook.run("replays", "list", "--json").rows

    assert ("done", "ola", "API was down") == (row["state"], row["by"], row["why"])
    assert (2, 2, 0) == (row["total"], row["moved"], row["elsewhere"])
    assert "shop" == row["filter"]["source"]
    listed = orderhook.run("replays", "list").out
    assert row["replayId"] in listed
    assert "--all --source shop" in listed


def test_an_event_tells_which_replay_started_it(orderhook, dead):
    """From the event to the person who pressed the button."""
    dead(1)
    orderhook.run("replay", "evt-0")
    (row,) = orderhook.run("replays", "list", "--json").rows

    assert f"replayed by {row['replayId']}" in orderhook.run("events", "show", "evt-0").out


def test_one_that_was_broken_off_is_shown_as_such_and_taken_up(client, orderhook, begun):
    """Its record still says running; what helps stands beside it."""
    shown = orderhook.run("replays", "show", begun).out
    assert "broken off" in shown
    assert f"orderhook replay --resume {begun}" in shown

    said = orderhook.run("replay", "--resume", begun)

    assert 0 == said.code
    assert "3 of 3 events replayed" in said.err
    assert {Status.PENDING} == {record(client, f"evt-{n}").status for n in range(3)}
    (row,) = orderhook.run("replays", "show", begun, "--json").rows
    assert ("done", 3, "kari") == (row["state"], row["moved"], row["by"])


def test_a_paused_one_goes_on(client, orderhook, begun):
    """For the length of a deployment, or of a doubt."""
    said = orderhook.run("replays", "pause", begun)

    assert f"{begun}  paused after 0 events" in said.out
    assert "paused" in orderhook.run("replays", "show", begun).out
    assert 0 == orderhook.run("replay", "--resume", begun).code
    assert 0 == client.zcard(keys.dead())


@pytest.mark.parametrize("more", ["evt-1", "--all", "--dry-run"])
def test_one_that_goes_on_is_what_it_was(client, orderhook, begun, more):
    """What is named beside it would be passed over, and whoever named it would not know."""
    said = orderhook.run("replay", "--resume", begun, more)

    assert (2, True) == (said.code, "as it was begun" in said.err)
    assert 3 == client.zcard(keys.dead())


def test_a_cancelled_one_does_not(client, orderhook, begun):
    """What it had not moved stays dead, and is counted."""
    said = orderhook.run("replays", "cancel", begun)

    assert f"{begun}  cancelled: 0 moved, 3 stay dead\n" == said.out
    assert "it cannot go on" in orderhook.run("replay", "--resume", begun).err
    assert 1 == orderhook.run("replays", "pause", begun).code
    assert 3 == client.zcard(keys.dead())


@pytest.mark.parametrize("words", ["replays show", "replays pause", "replays cancel", "replay --resume"])
def test_a_replay_that_is_not_there_is_not_found(orderhook, words):
    """A slip in the id must not look like a replay that is over."""
    said = orderhook.run(*words.split(), "rp-nothing")

    assert 4 == said.code
    assert "orderhook replays list" in said.err


def test_no_replays_is_no_error(orderhook):
    """Most days nobody replays anything."""
    assert (0, "", "no replays\n") == (
        (said := orderhook.run("replays", "list")).code,
        said.out,
        said.err,
    )
