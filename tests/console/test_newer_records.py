"""What the command line says of an event that a newer orderhook wrote: all that is sure, and that it leaves it alone."""

import pytest

from console.story import NEWER
from receiver import keys
from tests.support.events import accepted, an_event

KEY = keys.event("shop", "evt-1")


@pytest.fixture(name="newer")
def _newer(client):
    """Makes the event `evt-1`, dead on request, a newer orderhook's, in fields that we cannot read."""

    def turn(**event: str) -> None:
        accepted(client, an_event(**event))
        client.hset(KEY, mapping={"v": "2", "plan": "{", "attempt": "x", "step:0.0": "1 unknown 7 "})

    return turn


def test_it_is_listed_with_the_others(newer, orderhook):
    """A list that leaves out what it cannot read looks like a loss."""
    newer()

    (row,) = orderhook.run("events", "list", "--json").rows

    assert ("evt-1", "pending", "order-1", False) == (
        row["eventId"],
        row["status"],
        row["subject"],
        row["readable"],
    )


def test_its_story_says_why_it_is_short(newer, orderhook):
    """What an operator reads at three in the morning: not lost, and what it waits for."""
    newer()

    said = orderhook.run("events", "show", "evt-1")

    assert 0 == said.code
    assert f"version 2: {NEWER}" in said.out
    assert "number 1 of 1" in said.out


@pytest.mark.parametrize(
    "command",
    [
        ["replay", "evt-1", "--yes"],
        ["replay", "evt-1", "--dry-run"],
        ["dead-letters", "discard", "evt-1", "--yes"],
        ["dead-letters", "resolve", "evt-1", "0.0", "--repeat"],
    ],
    ids=lambda words: " ".join(words[:2]),
)
def test_no_command_moves_it_and_each_says_so(client, newer, orderhook, command):
    """A command that does nothing and says nothing is typed again, with more force."""
    newer(quarantine="payload_invalid")
    before = client.hgetall(KEY)

    said = orderhook.run(*command)

    assert "a newer orderhook" in said.out + said.err
    assert before == client.hgetall(KEY)


def test_the_doctor_says_which_version_is_needed(client, newer, orderhook):
    """Lanes that wait look like lanes that nobody works on, but more workers of this version would not help."""
    newer()
    orderhook.configure(worker={"shift_s": 0.2})
    orderhook.work()

    (row,) = [row for row in orderhook.run("doctor", "--json").rows if row["check"] == "records"]

    assert "warn" == row["verdict"]
    assert "1 lanes wait at a record of version 2" in row["found"]


def test_the_audit_holds_and_names_the_strange_word(client, newer, orderhook):
    """Both sides are equal, whatever the newer orderhook calls it."""
    newer()
    client.hset(KEY, "status", "deferred")
    client.hincrby(keys.counts(), "shop:pending", -1)
    client.hincrby(keys.counts(), "shop:deferred", 1)

    said = orderhook.run("audit")

    assert 0 == said.code
    assert "1 deferred + 0 in flight  holds" in said.out
