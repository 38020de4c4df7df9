"""
The retry policy: which failure waits how long, and which ends the event.
"""

import math
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.failures import (
    BadResponse,
    CircuitOpen,
    Conflict,
    OrderGone,
    Permanent,
    RateLimited,
    Transient,
    Unauthorized,
)
from workers.retry import RETRY_AFTER_CAP_S, GiveUp, RetryAfter, RetryPolicy, decide, parse_retry_after

POLICY = RetryPolicy(base_s=1.0, cap_s=300.0, max_attempts=8, max_age_s=86_400.0)
NOW = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
ALMOST_1 = math.nextafter(1.0, 0.0)


def decision(failure, *, attempt=1, age_s=0.0, policy=POLICY, chance=0.5):
    return decide(failure, attempt=attempt, age_s=age_s, policy=policy, chance=chance)


@pytest.mark.parametrize(
    ("attempt", "chance", "wait_s"),
    [
        pytest.param(1, 0.0, 0.0, id="first-no-luck"),
        pytest.param(1, 0.5, 0.5, id="first"),
        pytest.param(2, 0.5, 1.0, id="second"),
        pytest.param(7, 0.5, 32.0, id="seventh-is-the-last"),
    ],
)
def test_a_transient_failure_waits_a_random_share_of_a_doubling_time(attempt, chance, wait_s):
    """Full jitter: a crowd that failed together does not come back together."""
    assert decision(Transient("503"), attempt=attempt, chance=chance) == RetryAfter(wait_s, counts=True)


@pytest.mark.parametrize("attempt", [10, 64, 1_025, 10**6, 10**18])
def test_absurd_attempts_wait_at_most_the_cap(attempt):
    """2.0 ** 1024 overflows; an event with that many attempts must not crash its worker."""
    patient = RetryPolicy(max_attempts=10**20)

    assert decision(Transient("503"), attempt=attempt, policy=patient) == RetryAfter(150.0)


@pytest.mark.parametrize(
    ("failure", "attempt", "age_s", "reason"),
    [
        pytest.param(Transient("503"), 8, 0, "attempts_exhausted", id="last-attempt"),
        pytest.param(Transient("503"), 9, 0, "attempts_exhausted", id="past-it"),
        pytest.param(Transient("503"), 1, 86_400, "too_old", id="too-old"),
        pytest.param(Transient("503"), 8, 86_400, "too_old", id="too-old-comes-first"),
        pytest.param(BadResponse("<html>"), 3, 0, "upstream_bad_response", id="third-bad-response"),
        pytest.param(Permanent("422"), 1, 0, "upstream_rejected", id="permanent"),
        pytest.param(Permanent("no", reason="code_bug"), 1, 0, "code_bug", id="permanent-own-reason"),
        pytest.param(Conflict("409"), 1, 0, "upstream_conflict", id="conflict"),
        pytest.param(OrderGone("404"), 1, 0, "order_gone", id="order-gone"),
    ],
)
def test_it_gives_up_with_a_reason(failure, attempt, age_s, reason):
    """The reason is what a dead letter is filtered by."""
    assert decision(failure, attempt=attempt, age_s=age_s) == GiveUp(reason)


@pytest.mark.parametrize(
    ("failure", "shortest", "longest"),
    [
        pytest.param(RateLimited("429"), 5.0, 10.0, id="rate-limited"),
        pytest.param(CircuitOpen("open"), 5.0, 10.0, id="circuit-open"),
        pytest.param(Unauthorized("401"), 30.0, 60.0, id="unauthorized"),
    ],
)
@pytest.mark.parametrize("attempt", [1, 8, 10**6])
def test_what_uses_no_attempt_waits_within_fixed_bounds(failure, shortest, longest, attempt):
    """
    A rate limit, an open circuit or a revoked token kills no event by count, and hammers nobody.

    Source: faults U1, U3, U7.
    """
    first, last = (decision(failure, attempt=attempt, chance=chance) for chance in (0.0, ALMOST_1))

    assert first == RetryAfter(shortest, counts=False)
    assert isinstance(last, RetryAfter)
    assert last.wait_s == pytest.approx(longest)


@pytest.mark.parametrize("kind", [RateLimited, CircuitOpen, Unauthorized])
def test_trouble_of_the_api_makes_no_event_too_old(kind):
    """A token that expires on Friday evening must not have buried the weekend's orders by Monday."""
    assert isinstance(decision(kind("not now"), age_s=10 * 86_400), RetryAfter)


@pytest.mark.parametrize("kind", [RateLimited, CircuitOpen])
def test_trouble_of_one_target_of_several_does(kind):
    """An order must not wait for ever because somebody's webhook is down: others are to be told of it too."""
    failure = kind("not now", retry_after_s=5.0, punctual=True)
    failure.ages = True

    assert decision(failure, age_s=86_400) == GiveUp("too_old")
    assert decision(failure, age_s=86_399, attempt=100) == RetryAfter(5.0, counts=False)


def test_a_moment_of_the_budget_is_kept_to_the_millisecond():
    """It is spread already; jitter would pile events up again, and the hour's cap bring back a whole queue at once."""
    failure = RateLimited("not yet", retry_after_s=7_200.5, punctual=True)

    assert decision(failure, chance=0.9) == RetryAfter(7_200.5, counts=False)


@pytest.mark.parametrize(
    ("retry_after_s", "chance", "wait_s"),
    [
        pytest.param(30.0, 0.0, 30.0, id="extends"),
        pytest.param(30.0, 0.5, 31.5, id="spread-over-ten-percent"),
        pytest.param(0.2, 0.5, 0.5, id="shortens-nothing"),
        pytest.param(86_400.0, 0.0, 3_600.0, id="capped-at-an-hour"),
        pytest.param(-5.0, 0.5, 0.5, id="negative"),
        pytest.param(math.nan, 0.5, 0.5, id="nan"),
        pytest.param(math.inf, 0.0, 3_600.0, id="infinite"),
    ],
)
def test_retry_after_extends_the_wait(retry_after_s, chance, wait_s):
    """The cap of the policy comes before it; the other side knows best, up to an hour."""
    failure = Transient("503", retry_after_s=retry_after_s)

    assert decision(failure, chance=chance) == RetryAfter(wait_s)


def test_retry_after_does_not_revive_an_event_that_is_out_of_attempts():
    """Else a sender of Retry-After could keep an event for ever."""
    assert decision(Transient("503", retry_after_s=1.0), attempt=8) == GiveUp("attempts_exhausted")


@given(
    failure=st.sampled_from([Transient, RateLimited, Unauthorized, BadResponse, Permanent]).map(
        lambda kind: kind("x")
    ),
    attempt=st.integers(1, 10**9),
    age_s=st.floats(0, 1e9),
    chance=st.floats(0, 1, exclude_max=True),
)
def test_every_wait_is_finite_and_not_negative(failure, attempt, age_s, chance):
    """It becomes a score in Redis, where NaN is an error and the past is at once."""
    outcome = decision(failure, attempt=attempt, age_s=age_s, chance=chance)

    assert isinstance(outcome, GiveUp) or 0 <= outcome.wait_s <= 1.1 * RETRY_AFTER_CAP_S


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        pytest.param("0", 0.0, id="now"),
        pytest.param("120", 120.0, id="seconds"),
        pytest.param(" 120 ", 120.0, id="spaces"),
        pytest.param("1.5", 1.5, id="fraction"),
        pytest.param("99999999", 3_600.0, id="capped"),
        pytest.param("Thu, 15 Jan 2026 10:31:30 GMT", 90.0, id="http-date"),
        pytest.param("Thursday, 15-Jan-26 10:31:30 GMT", 90.0, id="rfc-850"),
        pytest.param("Thu Jan 15 10:31:30 2026", 90.0, id="asctime-is-utc"),
        pytest.param("Thu, 15 Jan 2026 09:00:00 GMT", 0.0, id="past-date"),
        pytest.param("Thu, 15 Jan 2099 10:30:00 GMT", 3_600.0, id="far-date"),
        pytest.param("", None, id="empty"),
        pytest.param("soon", None, id="word"),
        pytest.param("-5", None, id="negative"),
        pytest.param("nan", None, id="nan"),
        pytest.param("1e9", None, id="exponent"),
        pytest.param("١٢", None, id="other-digits"),
        pytest.param("9" * 5_000, None, id="very-long"),
        pytest.param("1 Jan 99999999999 00:00:00", None, id="huge-year"),
    ],
)
def test_retry_after_is_seconds_or_a_date(value, seconds):
    """RFC 9110 allows both; anything else counts as not sent."""
    assert parse_retry_after(value, now=NOW) == seconds


dates = st.datetimes(timezones=st.just(UTC)).map(lambda moment: moment.strftime("%a, %d %b %Y %H:%M:%S GMT"))
pieces = st.sampled_from(
    ["Thu,", "15", "Jan", "2026", "10:31:30", "GMT", "-2359", "+9999", ":", "99999999999", "\0"]
)


@given(st.one_of(st.text(), dates, st.lists(pieces, max_size=7).map(" ".join)), st.integers(-(10**6), 10**6))
def test_any_retry_after_is_a_number_of_bounds_or_none(value, offset_s):
    """The header is the other side's: it must not raise, whatever it says."""
    seconds = parse_retry_after(value, now=NOW + timedelta(seconds=offset_s))

    assert seconds is None or 0 <= seconds <= RETRY_AFTER_CAP_S


def test_a_rate_limit_that_says_when_is_waited_out_and_no_longer():
    """Bug: a Retry-After of one second was stretched to our own guess of up to ten."""
    wait = decision(RateLimited("429", retry_after_s=1.0), chance=0.5)

    assert wait == RetryAfter(1.05, counts=False)
