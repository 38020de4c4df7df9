"""What a process has heard and not yet told."""

from workers.api.limits import Window
from workers.budget.notes import Notes


def window(remaining: int, reset_s: float) -> Window:
    return Window(limit=100, remaining=remaining, reset_s=reset_s)


def test_nothing_heard_is_nothing_to_tell():
    """An empty telling would be a write to Redis each second."""
    assert not Notes()


def test_of_several_waits_the_longest_counts():
    """Who comes back after the shorter one is refused again."""
    notes = Notes()
    for wait_s in (2.0, None, 5.0, 1.0):
        notes.limit(wait_s)

    assert (4, 5.0) == (notes.limited, notes.wait_s)


def test_of_one_window_the_lowest_count_holds():
    """Answers overtake each other, and what is left only falls."""
    notes = Notes()
    for remaining in (9, 7, 8):
        notes.advertise(window(remaining, 60.0))

    assert window(7, 60.0) == notes.window


def test_a_later_window_replaces_an_earlier_one():
    """A late answer of the old window must not bring it back."""
    notes = Notes()
    for one in (window(1, 60.0), window(99, 120.0), window(0, 60.0)):
        notes.advertise(one)

    assert window(99, 120.0) == notes.window
