"""Which deliveries leave a trace: of a few all, of a flood one now and then, and none unaccounted."""

from hypothesis import given
from hypothesis import strategies as st

from receiver.traces import BURST, Sampler

WRONG = ("shop", "SIGNATURE_INVALID")


def told(sampler: Sampler[str], deliveries: int, now: float = 0.0, *, kind: tuple[str, str] = WRONG) -> int:
    """Return how many of so many deliveries left a trace."""
    return sum(sampler.take(kind, "", now) is not None for _ in range(deliveries))


def test_a_few_leave_a_trace_each():
    """Who looks for one wrong signature must find it."""
    assert BURST == told(Sampler[str](), BURST)


def test_of_a_flood_one_in_ten_seconds_does():
    """A week of forgeries must not cost more of Redis than the traces of a day."""
    sampler = Sampler[str]()
    told(sampler, BURST)

    assert sum(told(sampler, 100, now=float(second)) for second in range(1, 601)) in (59, 60)


def test_a_flood_of_one_kind_leaves_room_for_the_others():
    """While a source is flooded with forgeries, a duplicate of it and a forgery of another are still told."""
    sampler = Sampler[str]()
    told(sampler, 10_000)

    assert 5 == told(sampler, 5, kind=("shop", "PAYLOAD_INVALID"))
    assert 5 == told(sampler, 5, kind=("other", "SIGNATURE_INVALID"))


@given(st.lists(st.tuples(st.sampled_from(["a", "b"]), st.floats(0, 40)), max_size=300))
def test_every_delivery_is_told_of_or_counted_in_one_that_is(deliveries):
    """How many there were must be known, however many they were."""
    sampler = Sampler[str](burst=5, per_s=0.5)
    now, traces = 0.0, []
    for code, pause in deliveries:
        now += pause
        traces += [more for _, more in sampler.late(now)]
        more = sampler.take(("shop", code), code, now)
        traces += [] if more is None else [more]
    traces += [more for _, more in sampler.late(now + 1_000)]

    assert len(deliveries) == sum(1 + more for more in traces)
