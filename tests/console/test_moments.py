"""Times as operators write and read them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from console import moments

NOW = 1_790_000_000_000


@pytest.mark.parametrize(
    ("text", "ago_s"),
    [("45s", 45), ("30m", 1_800), ("2h", 7_200), ("7d", 604_800), ("1w", 604_800), (" 2h ", 7_200)],
)
def test_a_relative_time_is_counted_back_from_now(text, ago_s):
    """The time now is given once, so that a long replay means the same events at its end as at its start."""
    assert NOW - ago_s * 1000 == moments.resolve(text, now_ms=NOW)


def test_a_time_with_a_zone_is_that_instant():
    """Who copies a time from a log in UTC must not get the same wall clock in another zone."""
    assert 1_790_000_000_000 == moments.resolve("2026-09-21T14:13:20Z", now_ms=0)


def test_a_time_without_a_zone_is_local():
    """Operators read the clock on their wall, and lists show local times."""
    shown = moments.stamp(NOW)

    assert NOW == moments.resolve(shown, now_ms=0)


@pytest.mark.parametrize("text", ["", "yesterday", "2x", "-2h", "2026-13-01", "9999999d", "٢h"])
def test_what_is_no_time_is_refused_with_what_was_expected(text):
    """A filter that is silently ignored would replay everything."""
    with pytest.raises(ValueError, match="expected a time ago"):
        moments.resolve(text, now_ms=NOW)


@given(st.text(max_size=40))
def test_any_text_is_a_time_or_a_value_error(text):
    """What is typed is untrusted: a traceback helps nobody at three in the morning."""
    try:
        assert isinstance(moments.resolve(text, now_ms=NOW), int)
    except ValueError:
        return


@pytest.mark.parametrize(
    ("milliseconds", "shown"),
    [(0, "0 ms"), (84.4, "84 ms"), (1_400, "1.4 s"), (60_000, "60 s"), (720_000, "12 min"), (12_600_000, "3.5 h"),
     (259_200_000, "3 d")],
)  # fmt: skip
def test_a_span_is_shown_in_its_largest_fitting_unit(milliseconds, shown):
    """Three hours in milliseconds is a number that nobody can judge."""
    assert shown == moments.span(milliseconds)


def test_a_time_that_has_not_come_is_a_dash():
    """1970 in a column of dates would send somebody looking for it."""
    assert "-" == moments.stamp(0)
