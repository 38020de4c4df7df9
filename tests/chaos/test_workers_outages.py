"""Workers under deploys and without a Redis that takes writes: W8, W9 and the workers' half of I3 of the catalogue."""

import time
from statistics import median

import pytest

from tests.chaos.load import Event, Load, endless, worst
from tests.chaos.scene import assert_whole, configure, deeds, drained, in_flight, parents, passed, timed
from tests.support.system import System
from tests.support.waiting import until

HARDY = {
    "lease_s": 2.0,
    "call_deadline_s": 1.5,
    "max_crashes": 100,
    "retry": {"base_s": 0.1, "max_attempts": 100},
}


@pytest.mark.within(400)
def test_w8_redis_dies_while_workers_work(system, scaled, chance, shown):
    """They wait and go on by themselves; what a step did and could not write is done again under the same key."""
    kills = scaled(38, least=4)
    configure(system, timed("first", seconds=0.02), timed("second", seconds=0.02), worker=HARDY)
    system.start_receiver()
    workers = [system.start_worker(), system.start_worker(2)]
    before = [pid for one in workers for pid in parents(one)]

    with Load(
        ports=[system.receiver_port], streams=endless(60), rate=100, acked_file=system.folder / "acked"
    ) as load:
        for _ in range(kills):
            done = len(system.deeds())
            until(passed(chance.uniform(0.2, 1.0)))
            until(lambda: len(system.deeds()) > done, within_s=30)  # noqa: B023
            system.redis.kill()
            until(passed(chance.uniform(0.0, 1.0)))
            system.redis.start()
    drained(system, within_s=60)

    found = assert_whole(system, load.acked)
    assert before == [pid for one in workers for pid in parents(one)]
    shown(
        "W8",
        criterion="38 × kill -9 of Redis: LOST 0, DUP 0, 0 worker exits",
        reached=f"{kills} kills, {len(load.acked)} acked: 0, 0, 0 exits; {found.repeated} repeats under the same key",
    )


@pytest.mark.within(1200)
def test_w9_rolling_restarts_of_workers(system, scaled, shown):
    """
    A deploy: the step that is under way is finished and recorded, the order goes on elsewhere, nothing is repeated.

    The delay is that from the acknowledgement to the first step, with both processors busy with starting processes.
    """
    restarts = scaled(50, least=4)
    configure(system, timed("first", seconds=0.05), timed("second", seconds=0.05))
    system.start_receiver()
    workers = [system.start_worker() for _ in range(3)]
    stopping = []

    with Load(
        ports=[system.receiver_port], streams=endless(50), rate=50, acked_file=system.folder / "acked"
    ) as load:
        until(lambda: len(load.acked) > 50)
        for number in range(restarts):
            began = time.monotonic()
            assert 0 == workers[number % 3].stop()
            stopping.append(time.monotonic() - began)
            workers[number % 3] = system.start_worker()
    drained(system, within_s=60)

    found = assert_whole(system, load.acked)
    offset = time.time() - time.monotonic()
    started = {
        deed.event_id: deed.at / 1000 - offset for deed in reversed(deeds(system)) if deed.name == "first"
    }
    delays = sorted(started[event_id] - at for event_id, at in load.acked.items())
    late = sum(delay > 1.0 for delay in delays)
    assert 0 == found.repeated
    assert max(stopping) <= 10
    assert 0 == late
    shown(
        "W9",
        criterion="50 rolling restarts: 0 events delayed > 1 s, 0 repeats, exit ≤ 10 s",
        reached=f"{restarts} restarts, {len(delays)} events: {late} delayed > 1 s (p50 {median(delays):.3f} s, p99"
        f" {worst(delays):.2f} s, max {delays[-1]:.2f} s), 0 repeats, exit ≤ {max(stopping):.1f} s",
    )


def test_i3_workers_drain_a_redis_that_is_full(system, scaled, shown):
    """rq is refused each word it writes about a job; our scripts are allowed past the limit, and no operator is needed."""
    events = scaled(10_000, least=1000)
    configure(system, timed("first"), timed("second"), worker=HARDY)
    system.start_receiver()
    with system.client() as client:
        spare = 10 * 1024 * 1024 * events // 10_000
        client.config_set("maxmemory", int(client.info("memory")["used_memory"]) + spare)
    streams = [
        [
            Event(id=f"evt-{n}-{k}", subject=f"order-{n}", data={"number": k, "text": "x" * 4000})
            for k in range(events // 50)
        ]
        for n in range(50)
    ]
    with Load(
        ports=[system.receiver_port], streams=streams, acked_file=system.folder / "acked", patient=False
    ) as load:
        load.wait(within_s=120)
    _fill(system)

    began, left = time.monotonic(), len(in_flight(system))
    workers = [system.start("worker", *system.command("worker", "--processes", "1")) for _ in range(2)]
    until(system.deeds, within_s=20)
    before = [pid for one in workers for pid in parents(one)]
    drained(system, within_s=60)
    drained_s = time.monotonic() - began

    assert_whole(system, load.acked)
    assert 503 == system.post("open", "evt-full", {"id": "order-full"})
    assert before == [pid for one in workers for pid in parents(one)]
    with system.client() as client:
        client.config_set("maxmemory", 0)
    system.deliver("open", "evt-after", {"id": "order-after"})
    until(lambda: any(deed.event_id == "evt-after" for deed in deeds(system)), within_s=20)
    shown(
        "I3 drain",
        criterion="while Redis refuses writes: acked ⊆ stored, 0 worker exits, drains to 0 within 60 s, no operator",
        reached=f"{len(load.acked)} acked and {load.statuses()[503]} × 503; {left} to do, drained in"
        f" {drained_s:.1f} s with the start of the workers, 0 exits",
    )


def _fill(system: System) -> None:
    """Set the limit to what is used: the next write is one too many."""
    with system.client() as client:
        client.config_set("maxmemory", int(client.info("memory")["used_memory"]))
