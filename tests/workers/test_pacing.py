"""The pace of a replay: what live traffic leaves, and no more than was asked for."""

from itertools import count

from hypothesis import given
from hypothesis import strategies as st

from workers.pacing import FIRST, LATE_MS, Pace


def looks(pace: Pace, overdue: list[int], *, opened: int = 0, every_s: float = 0.1) -> list[int | None]:
    """Return the room at each look; what there is room for is taken, and over by the next look."""
    found = []
    for overdue_ms, number in zip(overdue, count(), strict=False):
        room = pace.room(opened=opened, overdue_ms=overdue_ms, now_s=number * every_s)
        pace.used(room or 0)
        found.append(room)
    return found


def test_it_begins_carefully_and_grows_while_nobody_waits():
    """Nobody knows beforehand what the workers can take."""
    rooms = looks(Pace(ceiling=100), [0] * 20)

    assert FIRST == rooms[0]
    assert sorted(rooms) == rooms
    assert 100 == rooms[-1]


def test_it_stops_while_a_lane_waits_and_comes_back_with_less():
    """Live traffic goes first: a lane that waits is one that a worker should have taken."""
    pace = Pace(ceiling=100)
    before = looks(pace, [0] * 12)[-1]

    during = looks(pace, [LATE_MS + 1] * 2)
    after = looks(pace, [0])[0]

    assert [0, 0] == during
    assert 0 < after < before / 2


def test_what_is_still_open_counts():
    """An API that hangs holds every slot: more events in front of it would only wait there."""
    assert 0 == Pace(ceiling=100).room(opened=FIRST, overdue_ms=0, now_s=0)


def test_a_window_that_is_not_used_does_not_grow():
    """Else the first burst behind a lull would come all at once."""
    pace = Pace(ceiling=100)
    for number in range(20):
        pace.room(opened=0, overdue_ms=0, now_s=number)
        pace.used(1)

    assert FIRST == pace.room(opened=0, overdue_ms=0, now_s=21)


def test_a_rate_is_kept_over_time():
    """Ten looks a second at a rate of five a second."""
    rooms = looks(Pace(ceiling=0, rate=5.0), [0] * 101)

    assert 50 <= sum(rooms) <= 52


def test_a_rate_is_a_limit_beside_the_window():
    """Whichever is less."""
    assert 1 == Pace(ceiling=100, rate=1.0).room(opened=0, overdue_ms=0, now_s=0)
    assert 0 == Pace(ceiling=100, rate=1.0).room(opened=0, overdue_ms=LATE_MS + 1, now_s=0)


def test_no_limit_is_no_limit():
    """Who asks for it, as with workers that are stopped, gets all at once."""
    assert [None] * 3 == looks(Pace(ceiling=0), [0, LATE_MS * 50, 0])


@given(st.lists(st.tuples(st.integers(0, 600), st.integers(0, 10_000)), max_size=50), st.integers(1, 500))
def test_there_is_never_more_open_than_the_ceiling(found, ceiling):
    """The promise behind `--ahead N`."""
    pace = Pace(ceiling=ceiling)

    for number, (opened, overdue_ms) in enumerate(found):
        room = pace.room(opened=opened, overdue_ms=overdue_ms, now_s=number * 0.1)
        pace.used(room)
        assert 0 <= room <= max(0, ceiling - opened)
