"""
One run under fire: a sender, a fleet and a nemesis, from the first event to the last effect, and what came of it.

Waits by looking at the other side's logs, never at our own status.
"""

import contextlib
import json
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass, field

from tests.support.processes import runs
from tests.support.waiting import until

from .checker import Recovery, Sent, Verdict, check, recovery
from .fleet import Fleet, open_files, resident_mb
from .nemesis import Nemesis
from .sender import Sender

#: Seconds until the first effect.
WARM_S = 30.0
#: Seconds from the last fault until all is acknowledged, and from then until every effect is there.
ACKED_S = 120.0
DRAINED_S = 480.0
#: What has not come when nothing has come for so long is lost, and not late: the longest wait by itself is that of an
#: event behind a circuit that has opened.
STILL_S = 60.0
#: How often effects are looked at, and after how long without a new one the dead letters, which takes a process.
LOOK_S = 0.5
QUIET_S = 5.0
#: What a process may hold more at the end than at its start: caches that fill, connections in a pool. Killed processes
#: begin anew, so this is for the last of each place.
MORE_MB = 40.0
MORE_FILES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Footprint:
    """What a process holds."""

    mb: float
    files: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came of a run."""

    verdict: Verdict
    dead: Counter[str]
    faults: Counter[str]
    recovery: Recovery
    answers: Counter[int]
    taken_twice: list[str]
    #: From the last fault to the last effect.
    drained_s: float
    audit: list[dict[str, object]]
    audit_code: int
    took_s: float
    before: dict[str, Footprint] = field(default_factory=dict)
    after: dict[str, Footprint] = field(default_factory=dict)

    def count(self, *words: str) -> int:
        """Return how many faults of the kinds that begin with *words* struck."""
        return sum(count for kind, count in self.faults.items() if kind.startswith(words))

    def outcome(self) -> str:
        """Return what was counted."""
        verdict = self.verdict
        counts = (
            f"acked {verdict.acked}, lost {len(verdict.lost)}, duplicate {len(verdict.duplicate)}, "
            f"inverted {len(verdict.inverted)}; {len(verdict.repeated)} keyed deeds repeated under their own key"
        )
        return counts + (f"; dead letters {dict(self.dead)}" if self.dead else "")

    def struck(self) -> str:
        """Return the faults by kind, the most frequent first."""
        kinds = sorted(self.faults.items(), key=lambda one: (-one[1], one[0]))
        return f"{self.faults.total()}: " + ", ".join(f"{count} {kind}" for kind, count in kinds)

    def course(self) -> str:
        """Return how long it took to get well again, and what it cost."""
        answers = ", ".join(f"{count} × {status or 'none'}" for status, count in sorted(self.answers.items()))
        most_mb = max((one.mb for one in self.after.values()), default=0)
        most_files = max((one.files for one in self.after.values()), default=0)
        return (
            f"{self.recovery}; {self.took_s:.0f} s, the last {self.drained_s:.0f} of them without faults; answers {answers}; "
            f"at the end at most {most_mb:.0f} MB and {most_files} file descriptors in a process"
        )


def ride_out(fleet: Fleet, sender: Sender, nemesis: Nemesis, *, events: int) -> Report:
    """Strike until the deck is used up and *events* are acknowledged, wait for the last effect, and look."""
    began = time.monotonic()
    sender.start()
    try:
        # Else all that cannot strike workers without work comes first, and the others in one heap.
        until(fleet.effects, within_s=WARM_S, what="the first effect")
        before = footprints(fleet)
        # Whatever is left in the deck when all is sent finds nobody at work: a report says how many struck.
        until(
            lambda: nemesis.turn() and (sender.done or (nemesis.done and sender.acknowledged >= events)),
            within_s=3 * nemesis.seconds + ACKED_S,
            what="all faults struck, or all events acknowledged",
        )
    finally:
        nemesis.mend()
        sender.stop()
    mended, sent = time.monotonic(), sender.acked()
    drain(fleet, sent)
    drained_s = time.monotonic() - mended
    effects, dead = fleet.effects(), fleet.dead()
    audit = fleet.system.run("audit", "--json", "--tries", "20")
    return Report(
        verdict=check(sent, effects, life=fleet.life, dead=dead),
        dead=Counter(dead.values()),
        faults=nemesis.counts() + Counter({"worker clock ±10 min": fleet.skews}),
        recovery=recovery([(struck.kind, struck.at) for struck in nemesis.log], effects),
        answers=sender.answers,
        taken_twice=sender.taken_twice,
        drained_s=drained_s,
        audit=[json.loads(line) for line in audit.stdout.splitlines()],
        audit_code=audit.returncode,
        took_s=time.monotonic() - began,
        before=before,
        after=footprints(fleet),
    )


def drain(fleet: Fleet, sent: Collection[Sent]) -> None:
    """Wait until nothing is missing that does not wait for a person, or until nothing has come for too long."""
    look = _Drain(fleet, sent)
    with contextlib.suppress(AssertionError):  # then the verdict names what is lost
        until(look.over, within_s=DRAINED_S)


class _Drain:
    """Looks at the other side's logs now and then until they are complete, or stand still."""

    def __init__(self, fleet: Fleet, sent: Collection[Sent]) -> None:
        self._fleet, self._sent = fleet, sent
        self._seen = 0
        self._looked = self._came = time.monotonic()

    def over(self) -> bool:
        if time.monotonic() < self._looked + LOOK_S:
            return False
        effects = self._fleet.effects()
        self._looked = time.monotonic()
        if len(effects) > self._seen:
            self._seen, self._came = len(effects), self._looked
        still_s = self._looked - self._came
        dead = self._fleet.dead() if still_s > QUIET_S else ()
        lost = check(self._sent, effects, life=self._fleet.life, dead=dead).lost
        return not lost or still_s > STILL_S


def footprints(fleet: Fleet) -> dict[str, Footprint]:
    """Return what each receiver, supervisor and rq worker holds; children come and go with their shifts."""
    pids = {f"receiver {place.port}": place.process and place.process.popen.pid for place in fleet.receivers}
    for worker in fleet.workers:
        pids[f"worker {worker.number}"] = worker.parent
        pids[f"supervisor {worker.number}"] = worker.process and worker.process.popen.pid
    return {name: footprint(pid) for name, pid in pids.items() if pid and runs(pid)}


def footprint(pid: int) -> Footprint:
    return Footprint(mb=resident_mb(pid), files=open_files(pid))
