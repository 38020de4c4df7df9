"""What comes in faster than it can be worked on: I3, I11, and fairness between orders and between sources."""

import json
import time

import pytest

from tests.chaos.load import Event, Load, orders, worst
from tests.chaos.scene import assert_whole, configure, deeds, drained, passed, timed
from tests.support.waiting import until

STREAMS = 40
#: Longest that a hot order or a flooding source may delay an event of another, in seconds.
FAIR_S = 1.0


def codes(system) -> set[str]:
    """Return the outcomes of deliveries that the receiver's log tells of."""
    lines = [line for log in system.logs() for line in log.splitlines() if '"event":"delivery"' in line]
    return {json.loads(line)["outcome"] for line in lines}


@pytest.mark.within(180)
@pytest.mark.short
def test_i3_the_soft_cap_comes_before_a_full_redis(system, scaled, shown):
    """A flood of 40 MB into 10 MB of room: the sender is told to come back, and Redis never has to say no."""
    configure(system, timed(seconds=0.01))
    system.start_receiver()
    many, room = scaled(10_000, least=4_000), 10 << 20
    with system.client() as client:
        client.config_set("maxmemory", client.info("memory")["used_memory"] + room)
    flood = [
        [
            Event(id=f"evt-{stream}-{n}", subject=f"order-{stream}-{n}", data={"pad": "x" * 4_000})
            for n in range(many // STREAMS)
        ]
        for stream in range(STREAMS)
    ]

    with Load(
        ports=[system.receiver_port], streams=flood, acked_file=system.folder / "acked", patient=False
    ) as load:
        load.wait(within_s=120)

    assert {200, 202, 503} >= set(load.statuses())
    refused = load.statuses()[503]
    assert refused
    assert "OVERLOADED" in codes(system)
    with system.client() as client:
        memory = client.info("memory")
    share = memory["used_memory"] / memory["maxmemory"]
    assert share < 0.95
    system.start_worker()
    began = time.monotonic()
    drained(system, within_s=60)
    took_s = time.monotonic() - began
    assert_whole(system, load.acked)
    with system.client() as client:
        client.config_set("maxmemory", 0)  # what is done is kept for its retention, so only this makes room
    system.deliver("open", "evt-after", {"id": "order-after"})
    shown(
        "I3 cap",
        criterion="503 OVERLOADED before Redis is full; acked ⊆ stored; drains by itself within 60 s",
        reached=f"{len(load.acked)} acked and {refused} × 503, Redis {share:.0%} full, drained in {took_s:.1f} s, 0 lost",
    )


@pytest.mark.within(240)
def test_i11_a_burst_a_hundred_times_the_usual(system, scaled, shown):
    """Whatever fits is taken in time, the rest is told to come back, and the backlog is gone soon after."""
    configure(system, timed())
    system.start_receiver()
    system.start_worker(2)
    rate, for_s = scaled(2_000, least=300), scaled(60, least=5)

    with Load(
        ports=[system.receiver_port],
        streams=orders(STREAMS, rate * for_s // STREAMS),
        rate=rate,
        acked_file=system.folder / "acked",
    ) as load:
        load.wait(within_s=3 * for_s + 30)
    ended = time.time()
    drained(system, within_s=60)

    p99 = worst(one.seconds for one in load.tries)
    behind_s = max(0.0, max(deed.at for deed in deeds(system)) / 1000 - ended)
    span_s = load.tries[-1].at - load.tries[0].at
    assert {200, 202, 503} >= set(load.statuses())
    assert p99 <= 0.25
    assert_whole(system, load.acked)
    shown(
        "I11",
        criterion=f"{rate}/s for {for_s} s: no 5xx but 503, p99 of an answer ≤ 250 ms, 0 lost",
        reached=f"{len(load.tries) / span_s:.0f}/s, {len(load.acked)} acked, {load.statuses()[503]} × 503,"
        f" p99 {p99 * 1000:.0f} ms, the last effect {behind_s:.1f} s after the last delivery, 0 lost",
    )


def delays(system, event_ids: dict[str, float]) -> list[float]:
    """Return the seconds from an event's acknowledgement to its deed."""
    done = {deed.event_id: deed.at / 1000 for deed in deeds(system)}
    return [done[event_id] - acked for event_id, acked in event_ids.items()]


def sent_beside(system, source: str, count: int, prefix: str) -> dict[str, float]:
    """Send events one after the other, 200 ms apart; return when each was acknowledged, by the clock of deeds."""
    acked = {}
    for number in range(count):
        event_id = f"{prefix}-{number}"
        system.deliver(source, event_id, {"id": f"{prefix}-order-{number}"})
        acked[event_id] = time.time()
        until(passed(0.2))
    until(lambda: acked.keys() <= {deed.event_id for deed in deeds(system)}, within_s=60)
    return acked


@pytest.mark.within(240)
def test_one_flooding_source_delays_the_others_by_less_than_a_second(system, scaled, shown):
    """Claims take turns between sources: who has waited longest among ten thousand does not come before all others."""
    configure(system, timed(seconds=0.05))
    system.start_receiver()
    many = scaled(20_000, least=2_000)
    flood = [
        [Event(id=f"evt-{s}-{n}", subject=f"order-{s}-{n}") for n in range(many // STREAMS)]
        for s in range(STREAMS)
    ]
    with Load(ports=[system.receiver_port], streams=flood, acked_file=system.folder / "acked") as load:
        load.wait(within_s=120)
    system.start_worker()
    until(lambda: len(deeds(system)) > many // 100, within_s=30)

    acked = sent_beside(system, "installer", scaled(20, least=5), "other")
    left = len(load.acked) - len(deeds(system))
    found = delays(system, acked)

    assert left > 0, "the flood was over before the others were sent"
    assert max(found) <= FAIR_S
    shown(
        "I11 sources",
        criterion="a flooding source delays others by ≤ 1 s",
        reached=f"{len(load.acked)} waiting of one source: {len(found)} events of another done after at most"
        f" {max(found):.2f} s, {left} of the flood still to do",
    )


@pytest.mark.within(240)
def test_one_hot_order_delays_the_others_by_less_than_a_second(system, scaled, shown):
    """An order's events are worked on one at a time, and take one place however many they are."""
    configure(system, timed(seconds=0.05))
    system.start_receiver()
    hot = orders(1, scaled(1_000, least=150))
    with Load(ports=[system.receiver_port], streams=hot, acked_file=system.folder / "acked") as load:
        load.wait(within_s=60)
    system.start_worker()
    until(lambda: len(deeds(system)) > 5, within_s=30)

    found = delays(system, sent_beside(system, "open", scaled(20, least=5), "other"))
    left = len(load.acked) - len(deeds(system))

    assert left > 0, "the hot order was done before the others were sent"
    assert max(found) <= FAIR_S
    drained(system, within_s=120)
    assert_whole(system, load.acked)
    shown(
        "I11 orders",
        criterion="one hot order delays others by ≤ 1 s, and stays in order",
        reached=f"{len(load.acked)} events of one order: {len(found)} events of others done after at most"
        f" {max(found):.2f} s, 0 inverted",
    )
