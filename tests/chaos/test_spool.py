"""
I14: senders that never repeat, and Redis goes away: what the spool has acknowledged is there, in order, once.

The catalogue asks for a reconciliation over the sender's API within one period; the spool needs none for what reaches
a receiver.
"""

import contextlib
import random
import signal
import time
from collections import Counter
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from console.embedded import free_port
from receiver import keys
from tests.chaos.load import Load, endless, worst
from tests.chaos.scene import assert_whole, configure, drained, passed, timed
from tests.support import broken_redis
from tests.support.system import Process, System
from tests.support.waiting import until

STREAMS = 40


def started(system: System) -> dict[int, Process]:
    """Start a worker and two receivers side by side; return the receivers by port."""
    with ThreadPoolExecutor() as pool:
        worker = pool.submit(system.start_worker)
        receivers = {
            port: pool.submit(system.start_receiver, port) for port in (system.receiver_port, free_port())
        }
        worker.result()
        return {port: receiver.result() for port, receiver in receivers.items()}


@contextlib.contextmanager
def never_repeating(system: System, ports: Collection[int], rate: float) -> Iterator[Load]:
    """Send each event once, to either receiver; the next one of its order follows its answer, whatever that was."""
    acked = system.folder / "acked"
    with Load(
        ports=[*ports], streams=endless(STREAMS), rate=rate, patient=False, rotating=True, acked_file=acked
    ) as load:
        until(lambda: len(load.acked) > STREAMS)
        yield load


def recorded(system: System) -> int:
    """Return how many events Redis has accepted."""
    with system.client() as client:
        return int(client.hget(keys.counts(), "open:accepted") or 0)


def spooling(system: System) -> bool:
    return (system.folder / "spool" / "open.waiting").exists()


@pytest.mark.within(240)
@pytest.mark.short
def test_i14_an_outage_of_redis_costs_a_sender_that_never_repeats_nothing(system, scaled, shown):
    """GitHub tries once: with a spool it does not notice, and neither does the order."""
    outage_s = scaled(60, least=1)
    configure(system, timed(), source={"spool": "spool"})
    receivers = started(system)

    with never_repeating(system, receivers, rate=100) as load:
        system.redis.kill()
        down = time.monotonic()
        until(passed(outage_s), within_s=outage_s + 5)
        system.redis.start()
        pong = time.monotonic()
        until(lambda: not spooling(system), within_s=30, what="drained under load")
        back_s = time.monotonic() - pong
        until(passed(0.5))

    during = [one for one in load.tries if down <= one.at <= pong]
    assert {202} == set(load.statuses())
    drained(system, within_s=60)
    assert_whole(system, [one.event_id for one in load.tries])
    shown(
        "I14 outage",
        criterion="all events of the outage present, none twice, in order",
        reached=f"{len(during)} sent once in {outage_s} s without Redis, {len(during)} × 202 (p99 "
        f"{worst(one.seconds for one in during) * 1000:.0f} ms, longest {max(one.seconds for one in during):.2f} s), "
        f"drained {back_s:.1f} s after PONG at 100/s; of {len(load.tries)} in all 0 lost, 0 twice, 0 inverted",
    )


class Trouble:
    """What happens to Redis and to the receivers, round by round."""

    def __init__(self, system: System, receivers: dict[int, Process], chance: random.Random) -> None:
        self.system = system
        self.chance = chance
        self.receivers = receivers
        self.done: Counter[str] = Counter()

    def round(self) -> None:
        """Take Redis away, trouble the receivers while they spool, give it back, trouble them while they drain."""
        before = recorded(self.system)
        with self.chance.choice([broken_redis.down, broken_redis.frozen])(self.system.redis):
            until(lambda: spooling(self.system), what="spooling")
            for _ in range(self.chance.randint(1, 2)):
                until(passed(self.chance.uniform(0, 1)))
                self.trouble("spooling")
        if self.chance.random() < 0.7:
            # The first batches are through, and the rest is on its way.
            until(lambda: recorded(self.system) > before or not spooling(self.system), within_s=20)
        else:
            until(passed(self.chance.uniform(0, 2)))
        self.trouble("draining" if spooling(self.system) else "drained")
        until(lambda: not spooling(self.system), within_s=30, what="drained")

    def trouble(self, when: str) -> None:
        port = self.chance.choice(list(self.receivers))
        receiver = self.receivers[port]
        if self.chance.random() < 0.8:
            receiver.kill()
            self.done[f"kills while {when}"] += 1
            self.receivers[port] = self.system.start_receiver(port)
        else:
            receiver.popen.send_signal(signal.SIGSTOP)
            until(passed(1.5))
            receiver.popen.send_signal(signal.SIGCONT)
            self.done[f"freezes while {when}"] += 1


@pytest.mark.within(600)
def test_i14_kills_while_it_spools_and_drains_lose_nothing_that_was_acknowledged(
    system, scaled, chance, shown
):
    """At every point: before the commit and behind it, between Redis' answer and the removal, with the mark or without."""
    configure(system, timed(), source={"spool": "spool"})
    trouble = Trouble(system, started(system), chance)

    with never_repeating(system, trouble.receivers, rate=150) as load:
        for _ in range(scaled(30)):
            trouble.round()

    drained(system, within_s=60)
    # What the sender heard nothing of may come late: the promise of order begins with the acknowledgement.
    found = assert_whole(system, load.acked, ordered=load.acked)
    said = ", ".join(f"{number} {what}" for what, number in sorted(trouble.done.items()))
    refused = sum(number for status, number in load.statuses().items() if status not in (200, 202))
    shown(
        "I14 kills",
        criterion="kill -9 at random points of spooling and draining: LOST 0, DUP 0, ORDER 0 among what was acknowledged",
        reached=f"{said}; {len(load.acked)} acked, {refused} not; 0 lost, 0 twice, 0 inverted, {found.repeated} repeated",
    )
