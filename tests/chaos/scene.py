"""
What the scenarios have in common: a user's actions that note the time, who is who among the processes, and the count.

Effects are read from the deeds file, which actions append to before they return; never from our own status.
"""

import contextlib
import os
import signal
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from receiver.inbox import Inbox
from receiver.record import Record
from tests.chaos.load import Load
from tests.support.system import Process, System, children
from tests.support.waiting import until
from workers.audit import audit

#: A line of DEEDS: [action, event id, subject, idempotency key, data, milliseconds, process].
TIMED = """
import asyncio, json, os, signal, time
from pathlib import Path
from workers.actions import action


def deed(step, name):
    at = int(time.clock_gettime(time.CLOCK_REALTIME) * 1000)
    data = step.event.payload["data"]
    line = json.dumps([name, step.event.id, step.event.subject, step.idempotency_key, data, at, os.getpid()])
    file = os.open(os.environ["DEEDS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, line.encode() + b"\\n")
    os.close(file)


@action("timed", effect="keyed")
async def timed(step, *, seconds: float = 0.0, name: str = "timed"):
    deed(step, name)
    await asyncio.sleep(seconds)


@action("evil", effect="keyed")
async def evil(step):
    deed(step, "evil")
    match step.event.payload["data"].get("does"):
        case "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        case "memory":
            bytearray(3 << 30)  # within any machine's address space, and past the limit of the scenario
        case "loop" if step.attempt == 1:
            while True:
                pass


@action("stuck", effect="keyed")
def stuck(step):
    deed(step, "stuck")
    while step.attempt == 1:
        pass


@action("flaky", effect="keyed")
async def flaky(step):
    deed(step, "flaky")
    if step.attempt == 1:
        raise OSError("not yet")


@action("poisoned", effect="keyed")
async def poisoned(step):
    # Poison raises until somebody corrects the cause.
    if step.event.payload["data"].get("poison") and not Path(os.environ["DEEDS"]).with_name("cured").exists():
        deed(step, "raised")
        raise ValueError("poison")
    deed(step, "poisoned")
"""


def configure(
    system: System, *steps: dict[str, Any], triggers: Sequence[str] = ("order.created",), **tables: Any
) -> None:
    """Configure a workflow of *steps* for every created order; *tables* are those of `System.configure`."""
    (system.folder / "timed_deeds.py").write_text(TIMED)
    workflows = [{"name": f"Chaos {one}", "trigger": one, "actions": list(steps)} for one in triggers]
    system.configure(workflows, actions=["timed_deeds"], **tables)


def timed(name: str = "timed", *, seconds: float = 0.0) -> dict[str, Any]:
    """Return a step that notes its time first and then takes *seconds*."""
    return {"type": "timed", "name": name, "seconds": seconds}


@dataclass(frozen=True, slots=True)
class Deed:
    """One line of DEEDS."""

    name: str
    event_id: str
    subject: str
    key: str
    data: dict[str, Any]
    #: Milliseconds since 1970, by the machine's clock.
    at: int
    pid: int


def deeds(system: System) -> list[Deed]:
    """Return what the actions did, in order."""
    return [Deed(*line) for line in system.deeds()]


def ages_s(load: Load, done: Iterable[Deed]) -> dict[str, float]:
    """Return how long after its acknowledgement each event had its first effect, by the machine's clock; 0 at least."""
    shift = time.time() - time.monotonic()
    ages: dict[str, float] = {}
    for deed in done:
        if deed.event_id in load.acked:
            age = deed.at / 1000 - (load.acked[deed.event_id] + shift)
            ages.setdefault(deed.event_id, max(0.0, age))
    return ages


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """What came of the events that were acknowledged; the first three are to be empty."""

    lost: list[str]
    duplicate: list[str]
    inverted: list[str]
    #: Deeds that came again under the same key: a target that honours keys has done them once.
    repeated: int


def count(
    acked: Iterable[str],
    done: Collection[Deed],
    *,
    dead: Collection[str] = (),
    ordered: Collection[str] | None = None,
) -> Count:
    """Compare what was acknowledged with what was done; those of an order are numbered by `data.number`, all or some."""
    first = {}
    for deed in done:
        first.setdefault(deed.key, deed)
    steps: dict[tuple[str, str], set[str]] = defaultdict(set)
    for deed in first.values():
        steps[deed.name, deed.event_id].add(deed.key)
    seen = {event_id for _, event_id in steps}
    newest: dict[tuple[str, str], int] = {}
    inverted = []
    for deed in first.values():
        if ordered is not None and deed.event_id not in ordered:
            continue
        place, number = (deed.name, deed.subject), deed.data.get("number", 0)
        if number < newest.get(place, number):
            inverted.append(deed.event_id)
        newest[place] = number
    return Count(
        lost=sorted(set(acked) - seen - set(dead)),
        duplicate=sorted(event_id for (_, event_id), keys in steps.items() if len(keys) > 1),
        inverted=inverted,
        repeated=len(done) - len(first),
    )


def assert_whole(
    system: System,
    acked: Iterable[str],
    *,
    dead: Collection[str] = (),
    ordered: Collection[str] | None = None,
) -> Count:
    """Assert that nothing was lost, nothing done twice, nothing out of order; return the count."""
    found = count(acked, deeds(system), dead=dead, ordered=ordered)
    assert ([], [], []) == (found.lost[:10], found.duplicate[:10], found.inverted[:10]), found
    return found


def drained(system: System, *, within_s: float) -> None:
    """Wait until nothing is in flight, and assert that the audit comes out even and nothing was repaired."""
    until(lambda: not in_flight(system), within_s=within_s, what="nothing is in flight")
    with system.client() as client:
        for one in audit(Inbox(client)):
            assert (True, 0) == (one.holds, one.repaired), one


def in_flight(system: System) -> list[str]:
    """Return the events that are under way or wait, for want of a better sign: to know when to look, not what to see."""
    with system.client() as client:
        return list(Inbox(client).in_flight())


def records(system: System, ids: Iterable[str]) -> Iterator[Record]:
    """Yield the records of these events of the source `open`."""
    with system.client() as client:
        for event_id in ids:
            found = Inbox(client).get(event_id)
            assert found is not None, f"{event_id} is recorded nowhere"
            yield found


def lanes(system: System) -> Counter[str]:
    """Return how often each event key stands in a lane."""
    with system.client() as client:
        found = [client.lrange(key, 0, -1) for key in client.scan_iter("orderhook:lane:*", count=1000)]
    return Counter(event for lane in found for event in lane)


def passed(seconds: float) -> Callable[[], bool]:
    """Return what says whether so many seconds have passed since now."""
    end = time.monotonic() + seconds
    return lambda: time.monotonic() > end


# Processes.


def parents(worker: Process) -> list[int]:
    """Return the rq processes of a supervisor."""
    return children(worker.popen.pid)


def horses(worker: Process) -> list[int]:
    """Return the processes in which its shifts run."""
    return [horse for parent in parents(worker) for horse in children(parent)]


def signalled(pids: Iterable[int], sign: signal.Signals) -> list[int]:
    """Send a signal; return who was there to get it."""
    found = []
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, sign)
            found.append(pid)
    return found


def resident_mb(pid: int) -> float:
    """Return the memory that a process holds."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return 0.0


def open_files(pid: int) -> int:
    """Return how many file descriptors a process holds."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
