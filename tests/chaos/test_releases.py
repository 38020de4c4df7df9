"""
Two releases that write different records, on one Redis: E8 of the catalogue.

The old release is this one. The next one is a copy of it that writes records of the next version, in which a time is
kept in another unit: who takes such a record for one of today's finds every event late, and ignores it.
"""

import itertools
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path

import pytest

from console.embedded import free_port
from receiver.record import NEWEST, VERSION, Record
from tests.chaos.load import Event, Load
from tests.chaos.scene import assert_whole, deeds, drained, records
from tests.support.code import PACKAGES, ROOT
from tests.support.system import Process, System
from tests.support.waiting import until

#: An action that also notes which release it ran in.
RELEASED = """
import asyncio, json, os, time
from receiver.record import NEWEST
from workers.actions import action


@action("released", effect="keyed")
async def released(step):
    at = int(time.clock_gettime(time.CLOCK_REALTIME) * 1000)
    data = {**step.event.payload["data"], "release": NEWEST}
    deed = ["released", step.event.id, step.event.subject, step.idempotency_key, data, at, os.getpid()]
    file = os.open(os.environ["DEEDS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, json.dumps(deed).encode() + b"\\n")
    os.close(file)
    await asyncio.sleep(0.01)
"""
NEXT = VERSION + 1
IN_SECONDS = f"  if redis.call('HGET', event, 'v') == '{NEXT}' then occurred = ms(occurred * 1000) end"
#: What the next release changes: in the file, this for that.
CHANGES = [
    ("record.py", f"\nVERSION = {VERSION}\nNEWEST = {NEWEST}\n", f"\nVERSION = {NEXT}\nNEWEST = {NEXT}\n"),
    ("lua/_shared.lua", f"VERSION, NEWEST = {VERSION}, {NEWEST}", f"VERSION, NEWEST = {NEXT}, {NEXT}"),
    ("lua/accept.lua", "'occurred', occurred)", "'occurred', math.floor(occurred / 1000))"),
    (
        "lua/claim.lua",
        "is_stale(lane, occurred) and",
        f"is_stale(lane, occurred and version == '{NEXT}' and occurred * 1000 or occurred) and",
    ),
    (
        "lua/settle.lua",
        "  if not occurred then return end\n",
        f"  if not occurred then return end\n{IN_SECONDS}\n",
    ),
]
STREAMS = 20
EACH = 5


def next_release(folder: Path) -> dict[str, str]:
    """Make a copy of the distribution that is the next release; return the environment that runs it."""
    for package in PACKAGES:
        shutil.copytree(ROOT / package, folder / package, ignore=shutil.ignore_patterns("__pycache__"))
    for name, before, after in CHANGES:
        path = folder / "receiver" / name
        text = path.read_text()
        assert text.count(before) == 1, f"{name} has changed: what is the next release to change now?"
        path.write_text(text.replace(before, after))
    return {"PYTHONPATH": str(folder), "PYTHONSAFEPATH": "1"}


def started(system: System, newer: dict[str, str]) -> tuple[int, int, Process]:
    """Start a receiver and a worker of each release, all at once; return the ports, old and new, and the new worker."""
    system.start("worker", *system.command("worker"))
    new_worker = system.start("worker", *system.command("worker"), env=newer)
    old, new = system.receiver_port, free_port()
    system.start_receiver(old)
    system.start_receiver(new, env=newer)
    until(lambda: len(system.workers()) == 2, what="both workers are there", within_s=30)
    return old, new, new_worker


def mixed(system: System, old: int, new: int, batch: str, orders: int) -> set[str]:
    """Deliver *orders*: of the even ones, the first events to the old receiver and the others to the new, of odd ones the reverse."""
    first = deliver(system, [old, new], batch, orders, range(2))
    return first | deliver(system, [new, old], batch, orders, range(2, EACH))


def deliver(system: System, ports: list[int], batch: str, orders: int, numbers: range) -> set[str]:
    """Deliver events of *orders*, those of even ones to the first port and of odd ones to the second."""

    def event(order: int, number: int) -> Event:
        data = {"number": number, "at": 1_700_000_000_000 + 1000 * number}
        return Event(id=f"{batch}-{order}-{number}", subject=f"order-{batch}-{order}", data=data)

    streams = [
        [event(order, number) for order in range(stream, orders, STREAMS) for number in numbers]
        for stream in range(STREAMS)
    ]
    with Load(ports=ports, streams=streams, acked_file=system.folder / "acked") as load:
        load.wait(within_s=120)
    return set(load.acked)


def found(system: System, ids: Iterable[str]) -> dict[str, Record]:
    return {record.id: record for record in records(system, ids)}


def done_by(system: System, release: int, among: Collection[str]) -> set[str]:
    return {d.event_id for d in deeds(system) if d.event_id in among and d.data["release"] == release}


@pytest.mark.within(240)
@pytest.mark.short
def test_e8_two_releases_side_by_side_then_the_old_one_alone_lose_nothing(system, tmp_path, scaled, shown):
    """An upgrade and a way back, in the middle of the queue: what the old release cannot read waits, and nothing dies."""
    (system.folder / "released_deeds.py").write_text(RELEASED)
    workflow = {"name": "Released", "trigger": "order.created", "actions": [{"type": "released"}]}
    late = {"mapping": {"occurred_at": "data.at"}}
    system.configure([workflow], actions=["released_deeds"], source=late, worker={"concurrency": 8})
    newer = next_release(tmp_path / "next")
    old, new, new_worker = started(system, newer)
    orders = scaled(5_000, least=200) // EACH // 2

    # Side by side, until each has had some to do.
    together: set[str] = set()
    for batch in itertools.count():
        together |= mixed(system, old, new, f"a{batch}", orders)
        drained(system, within_s=60)
        if done_by(system, NEWEST, together) and done_by(system, NEXT, together):
            break
    theirs = {name for name, record in found(system, together).items() if record.version == NEXT}
    by_old = len(done_by(system, NEWEST, together))
    assert 0 < len(theirs) < len(together)
    assert set() == done_by(system, NEWEST, theirs)

    # Only old workers, and as many records of the new release as before.
    new_worker.stop()
    alone = mixed(system, old, new, "b", orders)
    readable = {f"b-{order}-{number}" for order in range(0, orders, 2) for number in range(2)}
    until(
        lambda: readable == done_by(system, NEWEST, alone),
        within_s=60,
        what="the old release has done its own",
    )
    behind = found(system, deliver(system, [old], "c", STREAMS, range(1)))
    until(lambda: len(done_by(system, NEWEST, behind)) == STREAMS, within_s=10, what="others go on")
    cost_ms = max(
        deed.at - behind[deed.event_id].accepted for deed in deeds(system) if deed.event_id in behind
    )
    left = [record for name, record in found(system, alone).items() if name not in readable]
    assert {("pending", 0)} == {(record.status.value, record.attempt) for record in left}
    assert cost_ms <= 1000

    # The new one again.
    system.start_worker(env=newer)
    drained(system, within_s=60)
    everything = together | alone | set(behind)
    assert_whole(system, everything)
    assert {"succeeded"} == {record.status.value for record in found(system, everything).values()}
    shown(
        "E8",
        criterion=f"{2 * orders * EACH} mixed events, old and new workers, then only old: 0 dead, 0 lost; cost ≤ 1 s",
        reached=f"{len(together)} side by side, {by_old} of them by the old, none of the {len(theirs)} new ones; "
        f"alone it did its {len(readable)}, left {len(left)}, and others waited {cost_ms} ms; "
        "0 dead, 0 lost, 0 twice, 0 inverted",
    )
