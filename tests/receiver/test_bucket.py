"""A token bucket in memory: a rate, and two seconds' worth at once."""

from hypothesis import given
from hypothesis import strategies as st

from receiver.bucket import Bucket


def taken(bucket: Bucket, *, at: float, tries: int) -> int:
    return sum(bucket.take(at) for _ in range(tries))


def test_two_seconds_worth_passes_at_once():
    """A sender that saved up a few events must not be refused for it."""
    assert 20 == taken(Bucket(10), at=1000.0, tries=50)


def test_a_drained_bucket_fills_at_its_rate():
    """What is let through in the long run is the rate."""
    bucket = Bucket(10)
    taken(bucket, at=1000.0, tries=50)

    assert 5 == taken(bucket, at=1000.5, tries=50)


def test_a_rest_never_saves_up_more_than_the_burst():
    """A quiet night is no licence for a storm in the morning."""
    bucket = Bucket(10)
    taken(bucket, at=1000.0, tries=50)

    assert 20 == taken(bucket, at=90_000.0, tries=50)


def test_a_rate_below_one_still_lets_one_through():
    """One event in ten seconds must be possible, or the source is dead."""
    bucket = Bucket(0.1)

    assert [True, False, False, True] == [bucket.take(at) for at in (1000.0, 1000.1, 1009.0, 1010.1)]


def test_a_source_may_begin_when_the_clock_is_young():
    """A monotonic clock begins at the machine's start, where a fresh container is not far from 0."""
    assert Bucket(10).take(0.0)


@given(st.floats(0.5, 1000), st.lists(st.floats(0, 5), min_size=1, max_size=100))
def test_never_more_than_burst_and_rate_allow(rate, pauses):
    """Over any span: at most what the bucket held and what the rate added."""
    bucket, now, passed = Bucket(rate), 1000.0, 0
    for pause in pauses:
        now += pause
        passed += bucket.take(now)

    assert passed <= max(1.0, 2 * rate) + rate * (now - 1000.0) + 1e-6
