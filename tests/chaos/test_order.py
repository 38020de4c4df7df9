"""Events that come late, and a Redis that is not what it was: E2, E3 and I15 of the catalogue."""

import shutil
from collections import defaultdict

import pytest

from receiver import keys
from tests.chaos.load import Event, Load, endless
from tests.chaos.scene import configure, deeds, drained, passed, timed
from tests.support.waiting import until

STREAMS = 20
EACH = 5
DAY_MS = 24 * 60 * 60 * 1000


@pytest.mark.within(180)
@pytest.mark.short
def test_e2_shuffled_events_never_set_an_order_back(system, scaled, chance, shown):
    """The order of acceptance is the order of work; what is older than what was applied is recorded and left alone."""
    configure(system, timed(), source={"mapping": {"occurred_at": "data.at"}})
    system.start_receiver()
    system.start_worker(2)
    count = scaled(1_000, least=60)
    streams = [[] for _ in range(STREAMS)]
    for order in range(count):
        for number in chance.sample(range(EACH), EACH):
            data = {"number": number, "at": 1_700_000_000_000 + number}
            streams[order % STREAMS].append(
                Event(id=f"evt-{order}-{number}", subject=f"order-{order}", data=data)
            )

    with Load(ports=[system.receiver_port], streams=streams, acked_file=system.folder / "acked") as load:
        load.wait(within_s=120)
    drained(system, within_s=60)

    applied = defaultdict(list)
    for deed in deeds(system):
        applied[deed.subject].append(deed.data["number"])
    assert count * EACH == len(load.acked)
    assert count == len(applied)
    assert {EACH - 1} == {numbers[-1] for numbers in applied.values()}
    assert [] == [order for order, numbers in applied.items() if numbers != sorted(numbers)]
    late = count * EACH - sum(map(len, applied.values()))
    assert late
    shown(
        "E2",
        criterion=f"{count} orders × {EACH} shuffled: the last state of each is its newest, 0 set back",
        reached=f"{len(load.acked)} acked, {late} came late and were left alone, 0 set back",
    )


@pytest.mark.within(120)
def test_e3_a_late_repeat_inside_the_window_is_a_duplicate(system, scaled, shown):
    """A sender that resends for days must not start anything twice; ends of events are set back in time here."""
    configure(system, timed())
    system.start_receiver()
    system.start_worker()
    later_ms = {"1 h": DAY_MS // 24, "3 d": 3 * DAY_MS, "6.9 d": int(6.9 * DAY_MS)}
    count = scaled(50, least=5)
    for age in later_ms:
        for number in range(count):
            system.deliver("open", f"evt-{age}-{number}", {"id": f"order-{age}-{number}"})
    drained(system, within_s=30)
    with system.client() as client:
        for age, past_ms in later_ms.items():
            for number in range(count):
                _age(client, keys.event("open", f"evt-{age}-{number}"), past_ms)

    found = {
        system.post("open", f"evt-{age}-{number}", {"id": f"order-{age}-{number}"})
        for age in later_ms
        for number in range(count)
    }
    drained(system, within_s=30)

    assert {200} == found
    assert count * len(later_ms) == len(deeds(system))
    shown(
        "E3",
        criterion="resent after 1 h, 3 d and 6.9 d: 0 processed again",
        reached=f"{count * len(later_ms)} resent, all answered 200 duplicate, 0 processed again",
    )


def _age(client, key: str, past_ms: int) -> None:
    """Let a closed event have ended so much earlier: its times, and the time that Redis keeps it for."""
    for field in ("accepted", "closed"):
        client.hincrby(key, field, -past_ms)
    for name in (key, keys.body(keys.EventKey(key))):
        client.pexpire(name, client.pttl(name) - past_ms)


@pytest.mark.within(120)
@pytest.mark.parametrize("how", ["flushed", "older"])
def test_i15_a_redis_that_is_not_what_it_was_gets_nothing(system, tmp_path, scaled, shown, how):
    """Emptied, or with the files of an hour ago: no 2xx until an operator has looked and started the receiver again."""
    configure(system, timed(), source={"durability": "disk"})
    receiver = system.start_receiver()
    system.start_worker()
    older, data = tmp_path / "older", system.redis.folder

    with Load(
        ports=[system.receiver_port], streams=endless(STREAMS), rate=200, acked_file=system.folder / "acked"
    ) as load:
        until(lambda: len(load.acked) > scaled(500, least=50), within_s=30)
        if how == "flushed":
            with system.client() as client:
                client.flushall()
        else:
            shutil.copytree(data, older)  # under `always` the files are whole up to some moment
            enough = len(load.acked) + 50
            until(lambda: len(load.acked) > enough)
            system.redis.kill()
            shutil.rmtree(data)
            shutil.copytree(older, data)
            system.redis.start()
        until(lambda: load.statuses(load.tries[-STREAMS:]) == {503: STREAMS}, within_s=10)
        refused_from = len(load.tries)
        until(passed(3.0))
        assert {503} == set(load.statuses(load.tries[refused_from:]))
        refused = len(load.tries) - refused_from

        assert receiver.popen.poll() is None
        receiver.stop()
        before = len(load.acked)
        system.start_receiver()
        until(lambda: len(load.acked) > before, within_s=10)
    drained(system, within_s=60)
    shown(
        f"I15 {how}",
        criterion="0 × 2xx until an operator confirms, by starting the receiver again",
        reached=f"{refused} × 503 in 3 s and nothing else; taken again after the start",
    )
