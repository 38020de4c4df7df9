"""Workers that are paused for longer than their leases: W6 of the catalogue."""

import asyncio
import signal
from collections import Counter
from collections.abc import Iterable

from receiver import keys, store
from receiver.lifecycle import Status
from receiver.record import Record
from tests.chaos.scene import configure, deeds, drained, passed, signalled, timed
from tests.support.system import System, descendants
from tests.support.waiting import until
from workers.ledger import Claim, End, LeaseLost, Ledger

LEASE_S = 2.0
#: Freezes come far more often here than in a year of work: what they use up must not end an event.
HARDY = {
    "lease_s": LEASE_S,
    "call_deadline_s": 1.5,
    "max_crashes": 100,
    "retry": {"base_s": 0.1, "max_attempts": 100},
}


def test_w6_a_zombie_wakes_up(system, scaled, shown):
    """
    Whoever was paused for longer than its lease is told at its next write, which is the intent right before an action.

    So no action is begun with a stale token. One that was under way is cancelled before its next call, since its
    deadline, which is shorter than the lease, has passed as well. What it had already sent carries the same key as the
    call of the worker that took over: the sandbox, which honours keys, has each effect once.
    """
    freezes = scaled(50, least=4)
    tag = {"type": "assign_tag", "tag": "seen"}
    workflow = {
        "name": "Zombie",
        "trigger": "order.created",
        "actions": [timed("first"), tag, timed("last"), {"type": "dispatch_order"}],
    }
    configure(system, worker=HARDY)
    system.configure([workflow], actions=["timed_deeds"], worker=HARDY)
    system.start_receiver()
    system.start_sandbox()
    latency = {"fault": "latency_ms", "ms": 150}
    system.call_sandbox("PUT", "/_sandbox/faults", {"faults": [latency]})
    places = [system.start_worker(), system.start_worker()]
    refused = stolen = 0

    for _ in range(freezes):
        before = len(system.deeds())
        system.call_sandbox("POST", "/_sandbox/seed", {"orders": 6})
        until(lambda: len(system.deeds()) > before, within_s=20)  # noqa: B023
        holder = deeds(system)[-1].pid
        place = next((one for one in places if holder in descendants(one.popen.pid)), places[0])
        zombie = [place.popen.pid, *descendants(place.popen.pid)]
        signalled(zombie, signal.SIGSTOP)
        until(passed(1.3 * LEASE_S))
        stale = [record for record in _open_records(system) if record.attempts_now > 1]
        signalled(zombie, signal.SIGCONT)
        stolen += len(stale)
        refused += asyncio.run(_refused(system, stale))
    drained(system, within_s=60)

    lost_leases = sum(log.count('"outcome": "lease_lost"') for log in system.logs())
    dispatched = Counter(effect["orderId"] for effect in system.effects("order.dispatch"))
    tagged = Counter(effect["orderId"] for effect in system.effects("tag.assign"))
    assert 6 * freezes == len(dispatched) == len(tagged)
    assert {1} == set(dispatched.values()) == set(tagged.values())
    assert 2 * stolen == refused
    assert lost_leases
    shown(
        "W6",
        criterion="50 × SIGSTOP 1.3 × lease: 0 stale ledger writes accepted, DUP 0 at an API that honours keys",
        reached=f"{freezes} freezes of workers, {lost_leases} attempts refused on waking, {refused} of {refused} writes"
        f" with a stale token refused, {len(dispatched)} + {len(tagged)} effects, each once",
    )


def _open_records(system: System) -> list[Record]:
    with system.client() as client:
        found = client.zrange(keys.open_events(), 0, -1)
        return [Record.read(key, client.hgetall(key)) for key in found]


async def _refused(system: System, stale: Iterable[Record]) -> int:
    """Write with the token of each event's first claim, as its zombie would; return how often that was refused."""
    refused = 0
    async with store.async_client(system.redis.url, timeout_s=5) as client:
        ledger = Ledger(client, shift_id="zombie", lease_s=LEASE_S, max_crashes=3, hold=(), dedupe_ms=1000)
        for record in stale:
            token = record.attempts[0].token
            claim = Claim(lane=record.lane, token=token, record=record, body=None, now=0)
            for write in (
                ledger.note(claim, {"step:0.0": "@now done 1 "}),
                ledger.end(claim, End(status=Status.SUCCEEDED, keep_ms=1000)),
            ):
                try:
                    await write
                except LeaseLost:
                    refused += 1
        await ledger.close()
    return refused
