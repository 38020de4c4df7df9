"""A shift that is past saving is killed; one that is busy, frozen together with its parent, or not begun, is not."""

import threading

import pytest
import redis

from tests.support.waiting import until
from workers.watch import LONGEST_LOOK_S, Vigil, Watch

SHIFT = 4711


@pytest.fixture(name="vigil")
def _vigil():
    """As of a worker with a lease of 30 s."""
    return Vigil(silence_s=30.0, whole_s=100.0, stop_s=8.5)


def looks(vigil: Vigil, beats, *, pid: int = SHIFT, elapsed_s: float = 1.0) -> list[str]:
    """Return what a look each second says, one for each of *beats*."""
    return [vigil.look(pid, beat, elapsed_s) for beat in beats]


def test_a_shift_that_beats_is_left_alone(vigil):
    """However long it takes within its time."""
    assert {""} == set(looks(vigil, range(1, 100)))


def test_a_loop_that_is_held_up_is_killed_when_its_leases_have_run_out(vigil):
    """From then on others have its lanes, and all it does is in vain."""
    looks(vigil, [1])

    said = looks(vigil, [1] * 31)

    assert [""] * 30 == said[:30]
    assert "held up for 31 s" in said[30]


def test_a_beat_between_two_silences_counts(vigil):
    """Slow is not stuck."""
    assert {""} == set(looks(vigil, [1] * 20 + [2] * 20 + [3] * 20))


def test_a_short_lease_does_not_make_it_hasty():
    """On a busy machine a second of silence is nothing."""
    vigil = Vigil(silence_s=0.5, whole_s=100.0, stop_s=8.5)

    assert {""} == set(looks(vigil, [1] * 5))


def test_a_shift_without_an_end_is_killed(vigil):
    """An action may swallow its cancellation while the event loop turns happily."""
    said = looks(vigil, range(1, 104))

    assert [""] * 101 == said[:101]
    assert "has not ended" in said[101]


def test_what_was_frozen_with_its_parent_gets_its_time_back(vigil):
    """A machine that slept for an hour must not kill its shift for having slept, too."""
    looks(vigil, [1])

    assert [""] == looks(vigil, [1], elapsed_s=3600.0)
    assert LONGEST_LOOK_S < vigil.silence_s


@pytest.mark.parametrize(("pid", "beats"), [(0, 0), (SHIFT, 0)], ids=["no shift", "not begun"])
def test_without_a_shift_nothing_is_killed(vigil, pid, beats):
    """Before and behind its event loop rq waits for Redis, as long as that takes."""
    assert {""} == set(looks(vigil, [beats] * 200, pid=pid))


def test_the_next_shift_begins_anew(vigil):
    """The silence of one is not that of another."""
    looks(vigil, [1] * 30)

    assert {""} == set(looks(vigil, [1] * 30, pid=SHIFT + 1))


@pytest.mark.parametrize("beats", [0, 1], ids=["in rq", "in its event loop"])
def test_a_shift_that_was_told_to_stop_is_killed_when_its_time_is_over(vigil, beats):
    """A deploy waits ten seconds, whatever an action or a Redis that is away says."""
    vigil.stop()

    said = looks(vigil, [beats] * 9)

    assert [""] * 8 == said[:8]
    assert "told to stop" in said[8]


def test_the_watch_looks_on_when_redis_is_away():
    """It must be able to kill a shift while Redis does not answer."""
    relayed, killed = [], threading.Event()

    def relay() -> None:
        relayed.append(1)
        raise redis.ConnectionError

    vigil = Vigil(silence_s=0.0, whole_s=1.5, stop_s=0.0)
    watch = Watch(vigil, shift=lambda: (SHIFT, 1 + len(relayed)), kill=killed.set, relay=relay)
    watch.start()

    assert killed.wait(10)
    assert len(relayed) >= 2
    watch.end()
    until(lambda: not watch.is_alive())
