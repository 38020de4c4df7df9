"""Events that take their worker down or hold it up: W2 and W5 of the catalogue."""

import resource
import time
from collections import Counter

import pytest

from receiver.lifecycle import Status
from tests.chaos.load import Event, Load, endless
from tests.chaos.scene import Deed, assert_whole, configure, deeds, drained, parents, passed, records, timed
from tests.support.processes import runs
from tests.support.proxy import Proxy
from tests.support.system import System
from tests.support.waiting import until

#: Bytes of address space that a worker may have in the scenario of a full memory.
MEMORY = 2 << 30


def rate_of(system: System, at: float, seconds: float) -> float:
    """Return how many events a second were done in that time."""
    return (
        sum(at <= deed.at / 1000 <= at + seconds and deed.name == "timed" for deed in deeds(system)) / seconds
    )


@pytest.mark.parametrize("does", ["kill", "memory"])
def test_w2_an_event_that_takes_its_worker_down(system, scaled, shown, does):
    """
    Its claims are counted before it acts, so it is dead after three; the others hardly notice.

    Where memory is limited without a killer (RLIMIT_AS), an allocation that fails is an error of the action and no
    death: nobody else is hurt, and the event is tried as often as any that fails.
    """
    seconds = scaled(20, least=8)
    attempts = {"kill": 3, "memory": 5}[does]
    worker = {
        "lease_s": 2.0,
        "call_deadline_s": 1.5,
        "retry": {"base_s": 0.1, "cap_s": 0.2, "max_attempts": 5},
    }
    configure(system, timed(), {"type": "evil"}, worker=worker)
    system.start_receiver()
    for _ in range(2):
        one = system.start_worker()
        if does == "memory":
            for pid in parents(one):
                resource.prlimit(pid, resource.RLIMIT_AS, (MEMORY, MEMORY))  # its shifts inherit it

    with Load(
        ports=[system.receiver_port], streams=endless(40), rate=100, acked_file=system.folder / "acked"
    ) as load:
        until(lambda: len(load.acked) > 100)
        calm = time.time()
        until(passed(seconds), within_s=seconds + 5)
        marked = Event(id="evt-bad", subject="order-bad", data={"does": does})
        struck = time.time()
        system.deliver("open", marked.id, {"id": marked.subject, **marked.data})
        until(passed(seconds), within_s=seconds + 5)
        until(lambda: _record(system).status is Status.DEAD, within_s=30)
    drained(system, within_s=30)

    tries = Counter(deed.name for deed in deeds(system) if deed.event_id == "evt-bad")["evil"]
    share = rate_of(system, struck, seconds) / rate_of(system, calm, seconds)
    assert attempts == tries == _record(system).attempt
    assert ("poison_crash" if does == "kill" else "attempts_exhausted") == _record(system).reason
    assert_whole(system, load.acked)
    assert share >= 0.9
    shown(
        f"W2 {does}",
        criterion="the marked event is dead after exactly 3 claims, other lanes keep ≥ 90 % of their throughput",
        reached=f"dead after {tries} attempts ({_record(system).reason}), others at {share:.0%}",
    )


def _record(system: System):
    (found,) = records(system, ["evt-bad"])
    return found


@pytest.mark.parametrize("how", ["loop", "thread"])
def test_w5_an_action_without_an_end(system, scaled, shown, how):
    """
    A coroutine that never awaits holds up its whole shift, which is killed when its leases have run out.

    A function that never returns holds up a thread: its step fails at its deadline, and the thread ends with the shift.
    """
    lease_s = scaled(30, least=6)
    shift_s = min(30.0, 2.0 * lease_s)
    worker = {
        "lease_s": float(lease_s),
        "call_deadline_s": lease_s * 2 / 3,
        "event_deadline_s": 2.0 * lease_s,
        "shift_s": shift_s,
        "retry": {"base_s": 0.1},
    }
    configure(system, {"type": "evil" if how == "loop" else "stuck"}, timed(), worker=worker)
    system.start_receiver()
    workers = [system.start_worker(), system.start_worker()]
    before = [pid for one in workers for pid in parents(one)]

    system.deliver("open", "evt-stuck", {"id": "order-stuck", "does": how})
    until(lambda: len(_of(system, "evt-stuck")) == 3, within_s=lease_s + 30)
    first, again, _ = _of(system, "evt-stuck")
    until(lambda: not runs(first.pid), within_s=lease_s + shift_s + 30)
    gone_s = time.time() - first.at / 1000
    for number in range(20):
        system.deliver("open", f"evt-{number}", {"id": f"order-{number}"})
    drained(system, within_s=60)

    retried_s = (again.at - first.at) / 1000
    assert retried_s <= lease_s + 5
    assert gone_s <= 2 * lease_s + 5
    assert before == [pid for one in workers for pid in parents(one)]
    shown(
        f"W5 {how}",
        criterion=f"killed ≤ {2 * lease_s + 5} s at a lease of {lease_s} s, retried elsewhere, worker reusable",
        reached=f"tried again after {retried_s:.1f} s, its process gone after {gone_s:.1f} s, both workers go on",
    )


def _of(system: System, event_id: str) -> list[Deed]:
    return [deed for deed in deeds(system) if deed.event_id == event_id]


def test_w5_an_api_that_swallows_everything(system, scaled, shown):
    """A black hole answers nothing and refuses nothing: each call has its deadline, and the worker is free for others."""
    deadline_s = scaled(20, least=3)
    worker = {
        "lease_s": deadline_s * 1.5,
        "call_deadline_s": float(deadline_s),
        "retry": {"base_s": 0.1, "cap_s": 1.0},
    }
    workflow = {
        "name": "Tag",
        "trigger": "order.created",
        "actions": [timed(), {"type": "assign_tag", "tag": "seen"}],
    }
    configure(system)
    system.configure([workflow], actions=["timed_deeds"], worker=worker)
    system.start_receiver()
    system.start_sandbox()
    with Proxy(system.sandbox_port) as proxy:
        way = {"ORDERHOOK_SOURCES__INSTALLER__API__BASE_URL": f"http://127.0.0.1:{proxy.port}"}
        worker_process = system.start_worker(env=way)
        proxy.set(black_hole=True)
        system.call_sandbox("POST", "/_sandbox/seed", {"orders": 20})
        until(lambda: len(system.deeds()) == 20)
        began = time.monotonic()
        until(lambda: _failed(system) == 20, within_s=deadline_s + 30)
        freed_s = time.monotonic() - began
        proxy.heal()
        until(lambda: len(system.effects("tag.assign")) == 20, within_s=deadline_s + 60)
        drained(system, within_s=30)

    assert freed_s <= deadline_s + 5
    assert {1} == set(Counter(effect["orderId"] for effect in system.effects("tag.assign")).values())
    assert worker_process.popen.poll() is None
    shown(
        "W5 black hole",
        criterion=f"each attempt over ≤ {deadline_s + 5} s, worker reusable, DUP 0",
        reached=f"20 attempts over after {freed_s:.1f} s; when the API was back, 20 effects, each once",
    )


def _failed(system: System) -> int:
    return sum(log.count('"outcome": "retrying"') for log in system.logs())
