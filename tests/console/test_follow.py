"""Following the inbox: every line once, nothing twice, nothing old."""

import pytest

from console.access import now_ms
from console.catalog import stored_actions
from console.follow import Follower
from receiver.inbox import Filter, Inbox
from tests.support.events import accepted, an_event, record
from workers import dead_letters
from workers.failures import Permanent


@pytest.fixture(name="follow")
def _follow(client):
    """Makes a follower that starts now."""

    def build(**wanted: str) -> Follower:
        return Follower(
            inbox=Inbox(client), wanted=Filter(**wanted), actions=stored_actions(client), since=now_ms(client)
        )

    return build


def texts(follower: Follower) -> list[str]:
    return [f"{news.record.id} {news.line.text.partition(' (')[0]}" for news in follower.look()]


def test_each_line_is_told_once(client, follow):
    """A poll every fifth of a second must not repeat the screen."""
    follower = follow()
    accepted(client, an_event())

    assert ["evt-1 accepted"] == texts(follower)
    assert [] == texts(follower)


def test_an_event_is_followed_to_its_end(client, orderhook, follow):
    """What was seen in flight is looked at until it is over, however long that takes."""
    follower = follow()
    accepted(client, an_event())
    texts(follower)
    orderhook.work()

    assert [
        'evt-1 first done: {"attempt": "1"}',
        'evt-1 second done: {"attempt": "1"}',
        "evt-1 succeeded",
    ] == texts(follower)


def test_an_event_that_is_over_before_the_first_look_is_told_whole(client, orderhook, follow):
    """Most are done within milliseconds."""
    follower = follow()
    accepted(client, an_event())
    orderhook.work()

    assert ["evt-1 accepted", "evt-1 succeeded"] == [line for line in texts(follower) if "done" not in line]


def test_what_happened_before_is_not_told(client, follow):
    """Who starts to follow wants to see what comes, not last week."""
    accepted(client, an_event("evt-0"))
    follower = follow()
    follower.since += 1

    accepted(client, an_event("evt-1", subject="order-2"))

    assert "evt-0 accepted" not in texts(follower)


def test_a_replay_shows_only_what_is_new(client, orderhook, dies, follow):
    """The old story of a dead letter is not told again, its new attempt is."""
    dies("first", Permanent("no"))
    accepted(client, an_event())
    orderhook.work()
    follower = follow()
    follower.since += 1

    list(dead_letters.replay(client, [record(client)]))
    told = texts(follower)
    orderhook.work()
    told += texts(follower)

    assert "evt-1 replayed" == told[0]
    assert "evt-1 succeeded" == told[-1]
    assert not [line for line in told if "dead" in line or "accepted" in line]


def test_only_wanted_events_are_followed(client, follow):
    """One source's storm must not hide the other's event."""
    follower = follow(source="open")
    accepted(client, an_event("evt-1"))
    accepted(client, an_event("evt-2", source="open"))

    assert ["evt-2 accepted"] == texts(follower)
