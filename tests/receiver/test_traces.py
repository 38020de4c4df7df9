"""Which deliveries leave a trace: of a few all, of a flood one now and then, and none unaccounted."""

from hypothesis import given
from hypothesis import strategies as st

from receiver.traces import BURST, Kept, Sampler, Trace


def a_trace(code: str = "SIGNATURE_INVALID", *, source: str = "shop") -> Kept:
    return Kept(source, Trace(at=1, source=source, outcome="rejected", code=code, status=401), b"")


def told(sampler: Sampler, deliveries: int, now: float = 0.0, **changes) -> int:
    """Return how many of so many deliveries left a trace."""
    return sum(sampler.take(a_trace(**changes), now) is not None for _ in range(deliveries))


def test_a_few_leave_a_trace_each():
    """Who looks for one wrong signature must find it."""
    assert BURST == told(Sampler(), BURST)


def test_of_a_flood_one_in_ten_seconds_does():
    """A week of forgeries must not cost more of Redis than the traces of a day."""
    sampler = Sampler()
    told(sampler, BURST)

    assert sum(told(sampler, 100, now=float(second)) for second in range(1, 601)) in (59, 60)


def test_a_flood_of_one_kind_leaves_room_for_the_others():
    """While a source is flooded with forgeries, a duplicate of it and a forgery of another are still told."""
    sampler = Sampler()
    told(sampler, 10_000)

    assert 5 == told(sampler, 5, code="PAYLOAD_INVALID")
    assert 5 == told(sampler, 5, source="other")


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.floats(0, 40)), max_size=300))
def test_every_delivery_is_told_of_or_counted_in_one_that_is(deliveries):
    """How many there were must be known, however many they were."""
    sampler = Sampler(burst=5, per_s=0.5)
    now, traces = 0.0, []
    for code, pause in deliveries:
        now += pause
        traces += list(sampler.late(now))
        taken = sampler.take(a_trace(code), now)
        traces += [taken] if taken else []
    traces += list(sampler.late(now + 1_000))

    assert len(deliveries) == sum(1 + kept.trace.more for kept in traces)
