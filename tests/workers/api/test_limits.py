"""What headers say of limits: total functions of what the other side wrote."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict

from workers.api.limits import Window, asked_wait, window_of

NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
EPOCH = int(NOW.timestamp())


def headers(**values: str) -> CIMultiDict:
    return CIMultiDict({name.replace("_", "-"): value for name, value in values.items()})


@pytest.mark.parametrize(
    ("said", "window"),
    [
        pytest.param(("100", "40", str(EPOCH + 60)), (100, 40, 60.0), id="Unix seconds"),
        pytest.param(("100", "40", "60"), (100, 40, 60.0), id="seconds"),
        pytest.param(("100, 100;w=60", "40;x", "60.5"), (100, 40, 60.0), id="with more behind"),
        pytest.param(("", "40", "60"), (40, 40, 60.0), id="without a limit"),
        pytest.param(("100", "0", str(EPOCH - 60)), (100, 0, 0.0), id="a reset that has been"),
        pytest.param(("100", "0", "99999999"), (100, 0, 3600.0), id="a reset next year"),
        pytest.param(("100", "", "60"), None, id="without a count"),
        pytest.param(("100", "40", ""), None, id="without a reset"),
        pytest.param(("100", "-1", "60"), None, id="negative"),
        pytest.param(("100", "many", "soon"), None, id="words"),
    ],
)
def test_a_window_is_read_tolerantly(said, window):
    """Names are documented, units are not; what cannot be read was not said."""
    limit, remaining, reset = said
    found = window_of(
        headers(X_RateLimit_Limit=limit, X_RateLimit_Remaining=remaining, X_RateLimit_Reset=reset), now=NOW
    )

    expected = window and Window(limit=window[0], remaining=window[1], reset_s=window[2])
    assert expected == found


@pytest.mark.parametrize(
    ("date", "wait_s"),
    [
        pytest.param("Thu, 15 Jan 2026 10:30:01 GMT", 90.0, id="clocks agree: ours is the finer"),
        pytest.param("Thu, 15 Jan 2026 10:40:00 GMT", 30.0, id="theirs is ahead"),
        pytest.param("Thu, 15 Jan 2026 10:20:30 GMT", 1200.0 - 540.0, id="theirs is behind"),
        pytest.param("yesterday", 90.0, id="unreadable"),
    ],
)
def test_a_date_is_measured_by_the_clock_that_wrote_it(date, wait_s):
    """A worker whose clock is ten minutes off would come back ten minutes too early, or too late."""
    shift = {30.0: "Thu, 15 Jan 2026 10:40:30 GMT"}.get(wait_s, "Thu, 15 Jan 2026 10:31:30 GMT")

    assert wait_s == asked_wait(headers(Date=date, Retry_After=shift), now=NOW)


def test_retry_after_comes_before_a_reset():
    """It is meant for this very answer."""
    assert 9.0 == asked_wait(headers(Retry_After="9", X_RateLimit_Reset="60"), now=NOW)
    assert 60.0 == asked_wait(headers(Retry_After="soon", X_RateLimit_Reset="60"), now=NOW)


@given(
    st.dictionaries(
        st.sampled_from(
            ["Retry-After", "X-RateLimit-Limit", "X-RateLimit-Remaining", "X-RateLimit-Reset", "Date"]
        ),
        st.text(max_size=30)
        | st.integers().map(str)
        | st.sampled_from(["1e9", "٣", "1 Jan 99999999999 00:00:00"]),
    )
)
def test_any_headers_are_a_wait_within_an_hour_or_none(values):
    """The other side writes them; a crash here would be booked as a bug of an action."""
    found, wait_s = window_of(CIMultiDict(values), now=NOW), asked_wait(CIMultiDict(values), now=NOW)

    assert found is None or (0 <= found.remaining <= found.limit and 0 <= found.reset_s <= 3_600)
    assert wait_s is None or 0 <= wait_s <= 3_600
