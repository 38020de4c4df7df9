"""What may happen to workers as processes: W1, W4 and W7 of the catalogue."""

import random
import signal
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from statistics import median

import pytest

from receiver.lifecycle import Status
from receiver.record import Record
from tests.chaos.load import Load, endless, orders
from tests.chaos.scene import (
    Deed,
    assert_whole,
    configure,
    deeds,
    drained,
    horses,
    passed,
    records,
    signalled,
    timed,
)
from tests.support.system import Process, System, descendants
from tests.support.waiting import until

LEASE_S = 2.0
#: Kills come far more often here than in a year of work: what they use up must not end an event.
HARDY = {
    "lease_s": LEASE_S,
    "call_deadline_s": 1.5,
    "max_crashes": 100,
    "retry": {"base_s": 0.1, "max_attempts": 100},
}


def now_ms() -> float:
    return time.time() * 1000


class _Killer:
    """Kills of workers what there is, mostly the process in which a shift runs, and notes whom and when."""

    def __init__(self, system: System, chance: random.Random, *, places: int) -> None:
        self.system, self.chance = system, chance
        self.places: list[Process] = [system.start_worker() for _ in range(places)]
        #: Process by the time of its end, milliseconds since 1970.
        self.killed: dict[int, float] = {}
        self.kinds: Counter[str] = Counter()

    def strike(self) -> None:
        """Kill one shift; one time in twenty with its rq worker, and one time in forty with the supervisor."""
        place = self.chance.randrange(len(self.places))
        drawn = self.chance.random()
        if drawn < 0.025:
            self._kill(
                "supervisor", [self.places[place].popen.pid, *descendants(self.places[place].popen.pid)]
            )
            self.places[place].popen.wait()
            self.places[place] = self.system.start(
                "worker", *self.system.command("worker", "--processes", "1")
            )
        elif drawn < 0.075:
            self._kill("worker", descendants(self.places[place].popen.pid))
        else:
            self._kill(
                "shift", self.chance.sample([pid for one in self.places for pid in horses(one)] or [0], 1)
            )

    def _kill(self, kind: str, pids: Iterable[int]) -> None:
        at = now_ms()
        if found := signalled(filter(None, pids), signal.SIGKILL):
            self.kinds[kind] += 1
            self.killed.update(dict.fromkeys(found, at))


def recoveries(done: Iterable[Deed], killed: Mapping[int, float]) -> list[tuple[str, float]]:
    """Return each event that was held by a killed process, and how many seconds later another one went on with it."""
    found, last = [], {}
    for deed in sorted(done, key=lambda one: one.at):
        before = last.get(deed.event_id)
        if before is not None and before.pid != deed.pid and before.pid in killed:
            found.append((deed.event_id, (deed.at - killed[before.pid]) / 1000))
        last[deed.event_id] = deed
    return found


@pytest.mark.within(600)
@pytest.mark.short
def test_w1_workers_killed_in_the_middle_of_events(system, scaled, chance, shown):
    """
    Every step that was recorded stays done, and the next one that claims the order goes on behind it.

    An event whose next holder is killed, too, waits for another lease, so recovery is that of those with one crash.
    """
    events, kills = scaled(10_000, least=400), scaled(400, least=15)
    configure(system, timed("first", seconds=0.02), timed("second", seconds=0.02), worker=HARDY)
    system.start_receiver()
    killer = _Killer(system, chance, places=3)

    with Load(
        ports=[system.receiver_port], streams=endless(100), rate=100, acked_file=system.folder / "acked"
    ) as load:
        while sum(killer.kinds.values()) < kills or len(load.acked) < events:
            done = len(system.deeds())
            until(passed(chance.uniform(0.1, 0.3)))
            until(lambda: len(system.deeds()) > done, within_s=30)  # noqa: B023
            killer.strike()
    drained(system, within_s=60)

    found = assert_whole(system, load.acked)
    held = recoveries(deeds(system), killer.killed)
    crashes = {record.id: _crashes(record) for record in records(system, {event_id for event_id, _ in held})}
    took = sorted(seconds for event_id, seconds in held if crashes[event_id] == 1)
    assert took
    assert took[-1] <= LEASE_S + 2
    shown(
        "W1",
        criterion=f"10 000 acked, ≥ 400 kills: LOST 0, DUP 0, ORDER 0; recovery ≤ lease + 2 s = {LEASE_S + 2:.0f} s",
        reached=f"{len(load.acked)} acked, {sum(killer.kinds.values())} kills ({dict(killer.kinds)}): 0, 0, 0;"
        f" {found.repeated} repeats under the same key; {len(took)} recoveries: p50 {median(took):.1f} s,"
        f" max {took[-1]:.1f} s",
    )


def _crashes(record: Record) -> int:
    return sum(attempt.outcome == "crashed" for attempt in record.attempts)


def test_w4_a_host_vanishes(system, scaled, shown):
    """Nobody cleans up behind it; its leases run out, and who is left has its orders. There is no leader to lose."""
    lease_s = scaled(30, least=3)
    configure(system, timed("first", seconds=0.5), timed("second"), worker=HARDY | {"lease_s": lease_s})
    system.start_receiver()
    host = system.start_worker(2)
    with Load(
        ports=[system.receiver_port], streams=orders(60, 5), acked_file=system.folder / "acked"
    ) as load:
        load.wait(within_s=20)
        until(lambda: len(system.deeds()) > 40)
        other = system.start_worker(1)
        until(lambda: horses(host))
        gone = set(descendants(host.popen.pid))
        host.kill()
        at = now_ms()

    drained(system, within_s=lease_s + 60)
    assert_whole(system, load.acked)
    took = [seconds for _, seconds in recoveries(deeds(system), dict.fromkeys(gone, at))]
    assert took
    assert max(took) <= lease_s + 5
    assert other.popen.poll() is None
    shown(
        "W4",
        criterion=f"all lanes resume ≤ lease + 5 s = {lease_s + 5} s; no scheduler to move",
        reached=f"{len(took)} orders held by the host, all resumed, last after {max(took):.1f} s",
    )


@pytest.mark.parametrize("who", ["shift", "host"])
def test_w7_who_waits_for_a_retry_dies(system, scaled, shown, who):
    """A retry is due by its place in Redis: nobody schedules it, and whoever is there starts it."""
    times = scaled(20, least=2)
    retry = {"base_s": 2.0, "cap_s": 2.0, "max_attempts": 100}
    configure(system, {"type": "flaky"}, worker=HARDY | {"retry": retry})
    system.start_receiver()
    system.start_worker()
    late = []

    for number in range(times):
        system.deliver("open", f"evt-{number}", {"id": f"order-{number}"})
        until(lambda: _waits(system, number))  # noqa: B023
        (record,) = records(system, [f"evt-{number}"])
        workers = [one for one in system.processes if one.name == "worker" and one.popen.poll() is None]
        if who == "host":
            survivor = system.start_worker()
            for one in workers:
                one.kill()
            assert survivor.popen.poll() is None
        else:
            signalled([pid for one in workers for pid in horses(one)], signal.SIGKILL)
        until(lambda: len(system.deeds()) == 2 * (number + 1), within_s=20)  # noqa: B023
        late.append((deeds(system)[-1].at - record.due) / 1000)

    assert max(late) <= 2.0
    shown(
        f"W7 {who}",
        criterion="a due retry starts ≤ 2 s late when who waits for it dies",
        reached=f"{times} times the {who} was killed: {median(late):.2f} s late in the median, {max(late):.2f} s at most",
    )


def _waits(system: System, number: int) -> bool:
    (record,) = records(system, [f"evt-{number}"])
    return record.status is Status.RETRYING
