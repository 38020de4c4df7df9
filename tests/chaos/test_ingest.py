"""What may happen to Redis while deliveries come in: I1, I2, I6 and I13 of the catalogue."""

import contextlib
import http.client
import time
from collections.abc import Callable, Iterator

import pytest

from receiver import keys
from tests.chaos.load import Load, endless, orders, worst
from tests.chaos.scene import (
    assert_whole,
    configure,
    drained,
    lanes,
    passed,
    resident_mb,
    timed,
)
from tests.support import broken_redis
from tests.support.proxy import Proxy
from tests.support.system import System
from tests.support.waiting import until

STREAMS = 40


@pytest.fixture(name="taking")
def _taking(system: System) -> Callable[..., None]:
    """Configures one quick step for each event."""
    configure(system, timed())
    return system


def health(system: System, path: str) -> tuple[int, str | None]:
    """Return status and Retry-After of an answer of the receiver."""
    connection = http.client.HTTPConnection("127.0.0.1", system.receiver_port, timeout=5)
    with contextlib.closing(connection):
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.getheader("retry-after")


@pytest.mark.within(180)
def test_i1_redis_is_down(taking, scaled, shown):
    """Each delivery of the outage is told so in time, and the first one behind it is taken; nobody restarts anything."""
    system, outage_s = taking, scaled(30, least=4)
    receiver = system.start_receiver()
    system.start_worker()

    with Load(
        ports=[system.receiver_port], streams=endless(STREAMS), rate=200, acked_file=system.folder / "acked"
    ) as load:
        until(lambda: len(load.acked) > 100)
        system.redis.kill()
        down = time.monotonic()
        until(lambda: 503 in load.statuses())
        assert (200, 503) == (health(system, "/healthz")[0], health(system, "/readyz")[0])
        until(passed(outage_s), within_s=outage_s + 5)
        up = time.monotonic()
        system.redis.start()
        pong = time.monotonic()
        until(lambda: any(at > pong for at in load.acked.values()), within_s=10)
        until(passed(1.0))

    refused = [one for one in load.tries if one.status == 503]
    # What Redis had answered may still have been on its way to the sender.
    early = [event for event, at in load.acked.items() if down + 0.2 < at < up]
    back_s = min(at for at in load.acked.values() if at > pong) - pong
    p99 = worst(one.seconds for one in refused)
    assert [] == early
    assert {200, 202, 503} >= set(load.statuses())
    assert p99 <= 1.5
    assert back_s <= 2.0
    assert receiver.popen.poll() is None
    drained(system, within_s=60)
    assert_whole(system, load.acked)
    shown(
        "I1",
        criterion="0 × 2xx without a record, 503 p99 ≤ 1.5 s, first 2xx ≤ 2 s after PONG, 0 receiver restarts, LOST 0",
        reached=f"{len(load.acked)} acked, {len(refused)} × 503 in {outage_s} s, p99 {p99:.3f} s, back in {back_s:.2f} s,"
        " 0 lost",
    )


def asleep(system: System) -> Iterator[None]:
    with contextlib.closing(system.redis.client()) as client:
        client.connection_pool.connection_kwargs["socket_timeout"] = 20
        client.execute_command("DEBUG", "SLEEP", 3)
    yield


def paused(system: System) -> Iterator[None]:
    with system.client() as client:
        client.execute_command("CLIENT", "PAUSE", 3000, "WRITE")
    until(passed(3.0))
    yield


def frozen(system: System) -> Iterator[None]:
    with broken_redis.frozen(system.redis):
        until(passed(10.0), within_s=15)
    yield


@pytest.mark.parametrize("slow", [asleep, paused, frozen], ids=["sleep", "pause", "stop"])
def test_i2_redis_is_slow(system, slow, shown):
    """A sender that waits five seconds gets its answer; what landed after all is a duplicate when it comes again."""
    patient = {"lease_s": 30.0, "call_deadline_s": 20.0}  # as it is by default: longer than each of these
    configure(system, timed(), worker=patient)
    receiver = system.start_receiver()
    system.start_worker()
    before = resident_mb(receiver.popen.pid)
    mark: list[float] = []

    with Load(
        ports=[system.receiver_port], streams=endless(300), rate=200, acked_file=system.folder / "acked"
    ) as load:
        until(lambda: len(load.acked) > 100)
        mark.append(time.monotonic())
        next(slow(system))
        mark.append(time.monotonic())
        memory = resident_mb(receiver.popen.pid) - before
        until(lambda: any(at > mark[1] for at in load.acked.values()))
        until(passed(1.0))

    p99 = worst(one.seconds for one in load.tries if one.at + one.seconds > mark[0])
    assert {200, 202, 503} >= set(load.statuses())
    assert p99 <= 2.0
    assert memory <= 50
    drained(system, within_s=60)
    found = assert_whole(system, load.acked)
    assert 0 == found.repeated
    shown(
        f"I2 {slow.__name__}",
        criterion="p99 ≤ 2 s, each id once, RSS + ≤ 50 MB",
        reached=f"{len(load.acked)} acked, {load.statuses()[503]} × 503, {load.statuses()[200]} × 200, p99 {p99:.2f} s,"
        f" RSS + {memory:.0f} MB",
    )


@pytest.mark.short
def test_i6_replies_that_get_lost_cost_no_event(taking, scaled, seed, shown):
    """The write has landed and the sender hears 503: its next try is a duplicate, and the lane holds the event once."""
    system, events = taking, scaled(10_000, least=500)

    with Proxy(system.redis.port, seed=seed) as proxy:
        system.start_receiver(env={"ORDERHOOK_REDIS_URL": proxy.redis_url})
        proxy.set(lose_share=0.1)
        with Load(
            ports=[system.receiver_port],
            streams=orders(STREAMS, events // STREAMS),
            acked_file=system.folder / "acked",
        ) as load:
            load.wait(within_s=150)
        lost = proxy.seen.lost
    in_lanes = lanes(system)

    assert lost > 0
    assert {200, 202, 503} >= set(load.statuses())
    assert {keys.event("open", event_id): 1 for event_id in load.acked} == in_lanes
    system.start_worker()
    drained(system, within_s=90)
    assert_whole(system, load.acked)
    shown(
        "I6",
        criterion="10 000 unique records, each id once in its lane, only 2xx and 503",
        reached=f"{len(load.acked)} unique, each once in its lane; {lost} replies lost, {load.statuses()[503]} × 503,"
        f" {load.statuses()[200]} × 200 duplicate",
    )


@contextlib.contextmanager
def foreign(system: System, key: str) -> Iterator[None]:
    """Another program has written over a key that all events share; what it held comes back afterwards."""
    with system.client() as client:
        with client.pipeline(transaction=True) as at_once:
            at_once.rename(key, f"{key}.aside").set(key, "not ours").execute()
        try:
            yield
        finally:
            client.rename(f"{key}.aside", key)


@pytest.mark.within(300)
def test_i13_what_was_refused_is_no_duplicate_of_nothing(taking, scaled, chance, seed, shown):
    """Sent again it is taken or known, and in either case it is worked on: the dedupe mark is the record itself."""
    system, events = taking, scaled(10_000, least=1000)
    proxy = Proxy(system.redis.port, seed=seed)

    def killed() -> contextlib.AbstractContextManager[None]:
        return broken_redis.down(system.redis)

    def full() -> contextlib.AbstractContextManager[None]:
        return broken_redis.full(system.redis)

    def written_over() -> contextlib.AbstractContextManager[None]:
        return foreign(system, chance.choice((keys.counts(), keys.open_events(), keys.sources())))

    blows = [killed, full, written_over] * scaled(4, least=1)
    chance.shuffle(blows)
    with proxy:
        system.start_receiver(env={"ORDERHOOK_REDIS_URL": proxy.redis_url})
        with Load(
            ports=[system.receiver_port],
            streams=orders(STREAMS, events // STREAMS),
            rate=events / (2.0 * len(blows)),
            acked_file=system.folder / "acked",
            patient=False,
        ) as first:
            until(lambda: len(first.acked) > 20)
            proxy.set(lose_share=0.1)
            for blow in blows:
                with blow():
                    until(passed(0.5))
                until(passed(0.8))
            first.wait(within_s=120)
        proxy.set(lose_share=0.0)
        failed = {one.event_id for one in first.tries if not one.acked} - set(first.acked)
        streams = [
            [event for event in stream if event.id in failed] for stream in orders(STREAMS, events // STREAMS)
        ]
        with Load(ports=[system.receiver_port], streams=streams, acked_file=system.folder / "acked") as again:
            again.wait(within_s=60)

        assert set(again.acked) == failed
        assert {200, 202} >= set(again.statuses())
        system.start_worker()
        drained(system, within_s=90)
    missing = set(first.acked) | failed
    found = {deed[1] for deed in system.deeds()}
    assert set() == missing - found
    assert len(found) == len(missing) == len(system.deeds())
    shown(
        "I13",
        criterion="for every 503 id a later resend gives 202 or 200, and it is worked on",
        reached=f"{len(missing)} ids, {len(failed)} refused at first: {again.statuses()[202]} × 202 and"
        f" {again.statuses()[200]} × 200 when sent again; all {len(found)} worked on once",
    )
