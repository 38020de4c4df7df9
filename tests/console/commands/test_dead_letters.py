"""`orderhook dead-letters`: what needs an operator, and closing it for good."""

import pytest

from receiver import keys
from receiver.lifecycle import Status
from tests.support.events import accepted, an_event, record
from workers.failures import Permanent

DAY_MS = 24 * 60 * 60 * 1000


@pytest.fixture(name="dead")
def _dead(client):
    """Makes dead letters of these ids, the first dying first."""

    def make(*event_ids: str, source: str = "shop") -> None:
        for event_id in event_ids:
            new = an_event(event_id, source=source, quarantine="payload_invalid", error="not JSON")
            assert ["quarantined"] == accepted(client, new)

    return make


def test_the_list_shows_why_each_is_dead(orderhook, dead):
    """The reason decides whether a replay can help."""
    dead("evt-1")

    said = orderhook.run("dead-letters", "list")

    assert "payload_invalid  not JSON  evt-1" in said.out


def test_the_oldest_death_comes_first(orderhook, dead):
    """They are worked off from the top."""
    dead("evt-1", "evt-2")

    said = orderhook.run("dead-letters", "list", "--json")

    assert ["evt-1", "evt-2"] == [row["eventId"] for row in said.rows]


def test_show_is_for_dead_letters_alone(client, orderhook, dead):
    """Who asks for a dead letter and gets a healthy event draws the wrong conclusion."""
    dead("evt-1")
    accepted(client, an_event("evt-2"))

    assert 0 == orderhook.run("dead-letters", "show", "evt-1").code
    assert 4 == orderhook.run("dead-letters", "show", "evt-2").code


def test_a_discard_asks_first(client, orderhook, dead):
    """It cannot be undone."""
    dead("evt-1")

    said = orderhook.run("dead-letters", "discard", "evt-1", answer="n\n")

    assert (1, "") == (said.code, said.out)
    assert "Discard evt-1 (payload_invalid) for good?" in said.err
    assert Status.DEAD is record(client).status


def test_a_discard_that_nobody_can_answer_changes_nothing(client, orderhook, dead):
    """In a cron job silence must not mean yes."""
    dead("evt-1")

    said = orderhook.run("dead-letters", "discard", "evt-1")

    assert 2 == said.code
    assert "--yes" in said.err
    assert Status.DEAD is record(client).status


def test_a_discard_stands_in_the_record_with_who_and_why(client, orderhook, dead):
    """A closed dead letter that nobody can explain is an unaccounted event."""
    dead("evt-1")

    said = orderhook.run("dead-letters", "discard", "evt-1", "--reason", "by phone", answer="y\n")

    assert (0, "evt-1  discarded\n") == (said.code, said.out)
    assert Status.DISCARDED is record(client).status
    assert "ola: by phone" == record(client).discarded
    assert "discarded: ola: by phone" in orderhook.run("events", "show", "evt-1").out


def test_a_discarded_event_is_kept_for_its_sources_retention(client, orderhook, dead):
    """It must still be there when somebody asks next week, and not for ever."""
    orderhook.configure(sources={"shop": {"scheme": {"type": "unsigned"}, "retention_days": 10}})
    dead("evt-1")

    orderhook.run("dead-letters", "discard", "evt-1", "--yes")

    kept_ms = client.pttl(keys.event("shop", "evt-1")) - keys.EXPIRY_MARGIN_MS
    assert 9.9 * DAY_MS < kept_ms <= 10 * DAY_MS


def test_all_means_what_the_filters_leave(client, orderhook, dead):
    """One source's mistake must not close another's dead letters."""
    dead("evt-1", "evt-2")
    dead("evt-3", source="open")

    said = orderhook.run("dead-letters", "discard", "--all", "--source", "shop", "--yes")

    assert 0 == said.code
    assert 1 == client.zcard(keys.dead())


@pytest.mark.parametrize("words", [[], ["evt-1", "--all"]], ids=["nothing", "both"])
def test_either_ids_or_all_must_be_said(orderhook, dead, words):
    """Neither means everything by accident."""
    dead("evt-1")

    said = orderhook.run("dead-letters", "discard", *words, "--yes")

    assert 2 == said.code
    assert "--all" in said.err


def test_what_is_no_dead_letter_any_more_is_said(client, orderhook):
    """Somebody else was faster, or the id is wrong: not a success."""
    accepted(client, an_event())

    said = orderhook.run("dead-letters", "discard", "evt-1", "--yes")

    assert (1, "evt-1  not a dead letter any more\n") == (said.code, said.out)


def test_no_dead_letters_is_good_news(orderhook):
    """Nothing to do is no failure."""
    said = orderhook.run("dead-letters", "discard", "--all", "--yes")

    assert (0, "", "no dead letters\n") == (said.code, said.out, said.err)


def test_a_lane_that_was_held_goes_on(client, orderhook, dies):
    """An order whose first event is given up would otherwise never move again."""
    orderhook.configure(sources={"shop": {"scheme": {"type": "unsigned"}, "on_dead": "hold"}})
    dies("first", Permanent("no"))
    accepted(client, an_event("evt-1"), an_event("evt-2"))
    orderhook.work()
    assert Status.PENDING is record(client, "evt-2").status

    orderhook.run("dead-letters", "discard", "evt-1", "--yes")
    orderhook.work()

    assert Status.SUCCEEDED is record(client, "evt-2").status
