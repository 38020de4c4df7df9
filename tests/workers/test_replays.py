"""Replays on record: broken off, taken up, paused, cancelled and doubled, no event is moved twice."""

import itertools

import pytest

from receiver import keys
from receiver.inbox import Filter, Inbox
from receiver.lifecycle import Status
from tests.support.events import accepted, an_event, record
from workers import dead_letters
from workers.audit import audit
from workers.pacing import CEILING
from workers.replaying import Replaying, Stopped
from workers.replays import SILENT_MS, Register, Replay, State, Terms

ALL = Terms(by="ola", ahead=CEILING)


def now_ms(client) -> int:
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000


@pytest.fixture(name="register")
def _register(client) -> Register:
    return Register(client)


@pytest.fixture(name="dead")
def _dead(client):
    """Makes so many dead letters, each of an order of its own."""

    def make(number: int, *, prefix: str = "evt", **changes) -> list[str]:
        ids = [f"{prefix}-{n}" for n in range(number)]
        accepted(client, *[an_event(one, subject=one, quarantine="timeout", **changes) for one in ids])
        return [keys.event(changes.get("source", "shop"), one) for one in ids]

    return make


def replaying(client, replay: Replay, holder: str) -> Replaying:
    """Return a replay under way, on a clock of its own: a wait takes no time, and what is moved is done in it."""
    clock = itertools.count(0.0, 0.1)

    def work(_: float) -> None:
        for key in list(Inbox(client).in_flight()):
            client.zrem(keys.ready("shop"), client.hget(key, "lane"))
            client.zrem(keys.open_events(), key)

    return Replaying(client=client, replay=replay, holder=holder, clock=lambda: next(clock), wait=work)


def started(client, terms: Terms = ALL) -> Replaying:
    replay, holder = Register(client).start(terms, now=now_ms(client))
    return replaying(client, replay, holder)


def replays(client, *event_keys: str) -> list[int]:
    return [int(client.hget(key, "replays") or 0) for key in event_keys]


def test_a_replay_moves_what_was_dead_when_it_began(client, register, dead):
    """What dies meanwhile has another cause, and what it moved itself may die again: neither is meant."""
    before = dead(30)
    under_way = started(client)
    later = dead(3, prefix="later")
    client.zadd(keys.dead(), dict.fromkeys(later, now_ms(client) + 5))

    list(under_way.run())

    found = register.get(under_way.replay.id)
    assert (State.DONE, 30, 30, 0) == (found.state, found.total, found.moved, found.elsewhere)
    assert [1] * 30 + [0] * 3 == replays(client, *before, *later)
    assert under_way.replay.id == record(client, "evt-0").replay


def test_only_what_the_filter_wants_is_moved(client, register, dead):
    """The rest has other reasons."""
    dead(5)
    wanted = dead(5, prefix="paid", type="order.paid")
    dead(5, prefix="other", source="other", type="order.paid")
    terms = Terms(by="ola", ahead=CEILING, wanted=Filter(source="shop", type="order.paid"))

    under_way = started(client, terms)
    list(under_way.run())

    assert (5, 5) == (under_way.replay.total, register.get(under_way.replay.id).moved)
    assert [1] * 5 == replays(client, *wanted)
    assert 10 == client.zcard(keys.dead())


def test_a_replay_that_was_broken_off_is_taken_up_where_it_was(client, register, dead):
    """Killed after any portion: what was moved stays moved, and nothing is moved again."""
    event_keys = dead(60)
    first = started(client)
    moved = sum(len(step.events) for step in itertools.islice(first.run(), 2))
    assert 0 < moved < 60

    replay, holder = register.take_up(first.replay.id)
    assert moved == replay.moved
    list(replaying(client, replay, holder).run())

    assert (State.DONE, 60) == (register.get(replay.id).state, register.get(replay.id).moved)
    assert [1] * 60 == replays(client, *event_keys)


def test_named_events_that_were_moved_and_died_again_are_not_moved_twice(client, register, dead):
    """They are named and not searched for, so being dead again would look like not having been moved."""
    event_keys = dead(40)
    first = started(client, Terms(by="ola", events=tuple(event_keys), ahead=10))
    (step,) = itertools.islice(first.run(), 1)
    again = [key for key, _ in step.events]
    for key in again:
        client.hset(key, "status", "dead")

    replay, holder = register.take_up(first.replay.id)
    list(replaying(client, replay, holder).run())

    assert [1] * 40 == replays(client, *event_keys)
    assert 40 == register.get(replay.id).moved


def test_whoever_had_it_before_is_stopped_when_it_is_taken_up(client, register, dead):
    """A command that was thought dead and was only frozen wakes up, and moves nothing more."""
    event_keys = dead(60)
    frozen = started(client)
    steps = frozen.run()
    next(steps)

    register.take_up(frozen.replay.id)

    with pytest.raises(Stopped) as stopped:
        list(steps)
    assert "taken" == stopped.value.state
    assert sum(replays(client, *event_keys)) == register.get(frozen.replay.id).moved < 60


@pytest.mark.parametrize("end", [State.PAUSED, State.CANCELLED])
def test_a_replay_is_stopped_from_elsewhere(client, register, dead, end):
    """From the moment of the answer not one event more is moved."""
    event_keys = dead(60)
    under_way = started(client)
    steps = under_way.run()
    moved = len(next(steps).events)

    if end is State.PAUSED:
        assert register.pause(under_way.replay.id)
    else:
        assert register.cancel(under_way.replay.id, now=now_ms(client))

    with pytest.raises(Stopped) as stopped:
        list(steps)
    assert end == stopped.value.state
    assert moved == sum(replays(client, *event_keys))


def test_a_cancelled_replay_accounts_for_every_event(client, register, dead):
    """Moved by it, moved or closed by others, or left: nothing in between."""
    event_keys = dead(60)
    under_way = started(client)
    moved = len(next(under_way.run()).events)
    list(dead_letters.replay(client, Inbox(client).records(event_keys[-7:])))

    register.cancel(under_way.replay.id, now=now_ms(client))

    found = register.get(under_way.replay.id)
    assert (60, moved, 7, 53 - moved) == (found.total, found.moved, found.elsewhere, found.left)
    assert not register.cancel(under_way.replay.id, now=now_ms(client))
    assert register.take_up(under_way.replay.id) is None


def test_two_replays_of_the_same_dead_letters_share_them(client, register, dead):
    """Two operators press the button: each event runs once, and both are told who moved how many."""
    event_keys = dead(100)
    under_way = [started(client), started(client)]

    for _ in itertools.zip_longest(*(one.run() for one in under_way)):
        pass

    assert [1] * 100 == replays(client, *event_keys)
    found = [register.get(one.replay.id) for one in under_way]
    assert [100, 100] == [one.moved + one.elsewhere for one in found]
    assert 100 == sum(one.moved for one in found)


@pytest.mark.parametrize("became", [Status.SUCCEEDED, Status.DEAD])
def test_what_another_replay_took_from_under_it_is_not_started_again(client, register, dead, became):
    """Between finding an event and moving it, another replay may have started it, and a worker ended it again."""
    event_keys = dead(30)
    slow = started(client)
    steps = slow.run()
    found = len(next(steps).events)

    list(started(client).run())
    for key in event_keys[found:]:
        client.hset(key, "status", became.value)
        if became is Status.DEAD:
            client.zadd(keys.dead(), {key: slow.replay.died_before})
    list(steps)

    assert [1] * 30 == replays(client, *event_keys)
    assert (found, 30 - found) == (register.get(slow.replay.id).moved, register.get(slow.replay.id).elsewhere)


def test_a_replay_that_gives_no_sign_of_life_was_broken_off(client, register, dead):
    """Its record says running for ever: a killed process cannot correct it."""
    dead(5)
    replay, _ = register.start(ALL, now=now_ms(client))

    assert not replay.broken_off(replay.seen + SILENT_MS)
    assert replay.broken_off(replay.seen + SILENT_MS + 1)


def test_a_waiting_replay_gives_signs_of_life(client, register, dead):
    """Behind an hour of backlog it moves nothing for an hour, and has not been broken off."""
    dead(60)
    under_way = started(client)
    steps = under_way.run()
    next(steps)
    client.hset(keys.replay(under_way.replay.id), "seen", 5)
    client.zadd(keys.ready("shop"), {keys.lane("shop", "waits"): now_ms(client) - 60_000})

    assert () == tuple(next(steps).events)

    assert register.get(under_way.replay.id).seen > 5


def test_replays_leave_the_index_with_their_record(client, register, dead):
    """Nothing grows without bound, not even the list of what operators did."""
    dead(1)
    first, _ = register.start(ALL, now=1000)
    second, _ = register.start(ALL, now=2000)
    assert [second.id, first.id] == [one.id for one in register.newest(10)]
    assert 0 < client.ttl(keys.replay(first.id)) <= 90 * 24 * 60 * 60

    client.delete(keys.replay(first.id))

    assert [second.id] == [one.id for one in register.newest(10)]
    assert [second.id] == client.zrange(keys.replays(), 0, -1)


def test_the_loss_equation_holds_after_any_of_it(client, dead):
    """Every event is in exactly one place."""
    dead(60)
    next(started(client).run())

    assert [True] == [one.holds for one in audit(Inbox(client))]
    assert {Status.PENDING, Status.DEAD} == {one.status for one in Inbox(client).events(Filter())}
