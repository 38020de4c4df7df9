"""
The soak: an even load and a fault every few seconds, and nothing may grow.

The catalogue asks for two hours. `CHAOS_SECONDS=7200 make chaos ARGS="-k e10"` is that; a short run measures the same
things and says for how long it looked.
"""

import random
import re
import time
from collections import Counter, defaultdict

import pytest

from tests.support.processes import runs
from tests.support.waiting import until

from .harness.checker import check
from .harness.deck import at_scale, catalogue
from .harness.fleet import Fleet, open_files, resident_mb
from .harness.life import LIFE
from .harness.nemesis import Nemesis
from .harness.storm import ACKED_S, drain

RATE = 50
#: Seconds between two faults, and seconds for which processes warm up before their growth counts.
FAULT_EVERY_S = 5
#: What a process may grow behind its first half: MB in a short run, MB per hour in one of an hour or more.
MOST_MB = 4.0
MOST_MB_PER_HOUR = 1.0
HOUR_S = 3600
#: File descriptors that come and go with the connections of a fault.
MOST_FILES = 6
#: Faults that end no receiver and no rq worker: those are what is measured.
GENTLE = re.compile(r"worker child|.* link |Redis kill|CLIENT|DEBUG|API|receiver freeze")
#: Keys that stay: indexes and counters, one each, and rq's own. All others must expire or be of an event in flight.
MOST_KEYS = 30
LASTING = re.compile(
    r"orderhook:(ready|open|dead|counts|fence|sources|identity|shifts|swept|timeline)(:.*)?|rq:.*"
)


@pytest.mark.within(8000)
def test_e10_nothing_grows_under_an_even_load(system, seconds, scaled, chance, shown):
    """What leaks a little ends a process after a month, in the night, with everything else in order."""
    lasts_s = max(15.0, seconds if seconds >= HOUR_S else seconds / 4)
    orders = round(RATE * lasts_s * 1.1) // len(LIFE)
    with Fleet(system=system, life=LIFE, chance=chance) as fleet:
        ids = fleet.start(orders=orders)
        gentle = [fault for fault in catalogue(fleet) if GENTLE.match(fault.kind)]
        nemesis = Nemesis(
            fleet=fleet,
            faults=at_scale(gentle, lambda _: 1),
            chance=random.Random(chance.random()),
            seconds=FAULT_EVERY_S * len(gentle),
            again=True,
        )
        sender = fleet.sender(ids, random.Random(chance.random()), rate=RATE)
        watched = Samples(fleet)
        sender.start()
        until(lambda: nemesis.turn() and watched.look() > lasts_s, within_s=lasts_s + 30)
        nemesis.mend()
        until(lambda: sender.done, within_s=ACKED_S)
        drain(fleet, sender.acked())
        verdict = check(sender.acked(), fleet.effects(), life=LIFE, dead=fleet.dead())
        lasting = until_quiet(fleet)

    assert ([], [], []) == (verdict.lost[:20], verdict.duplicate[:20], verdict.inverted[:20])
    growth = watched.growth()
    most_mb, slope = (max(one[place] for one in growth.values()) for place in (0, 1))
    assert slope < MOST_MB_PER_HOUR if lasts_s >= HOUR_S else most_mb < MOST_MB, growth
    assert max(one[2] for one in growth.values()) <= MOST_FILES, growth
    assert len(lasting) <= MOST_KEYS, lasting
    shown(
        "E10",
        criterion="2 h, 50/s, a fault every 5 s: RSS slope < 1 MB/h, keys bounded, file descriptors flat",
        reached=f"{lasts_s:.0f} s, {verdict.acked} acked, {nemesis.counts().total()} faults: 0 lost, 0 duplicate, 0 inverted; "
        f"in the second half at most +{most_mb:.1f} MB in one of {len(growth)} processes, "
        f"file descriptors at most +{max(one[2] for one in growth.values())}; {len(lasting)} keys without an expiry",
    )


class Samples:
    """What each receiver, supervisor and rq worker held, once a second."""

    def __init__(self, fleet: Fleet) -> None:
        self._pids = _pids(fleet)
        self._begun = self._last = time.monotonic()
        self._seen: dict[str, list[tuple[float, float, int]]] = defaultdict(list)

    def look(self) -> float:
        """Look, if the last time is a second ago; return for how many seconds this has been going on."""
        now = time.monotonic()
        if now - self._last >= 1:
            self._last = now
            for name, pid in self._pids.items():
                assert runs(pid), f"{name} has ended, and nobody was told to end it"
                self._seen[name].append((now - self._begun, resident_mb(pid), open_files(pid)))
        return now - self._begun

    def growth(self) -> dict[str, tuple[float, float, int]]:
        """Return of each process what its memory grew in the second half, MB and MB per hour, and its most new files."""
        return {name: _growth(seen) for name, seen in self._seen.items()}


def _growth(seen: list[tuple[float, float, int]]) -> tuple[float, float, int]:
    half = len(seen) // 2
    (begun, first_mb, _), (ended, last_mb, _) = seen[half], seen[-1]
    files = max(files for _, _, files in seen[half:]) - max(files for _, _, files in seen[: half + 1])
    return last_mb - first_mb, (last_mb - first_mb) / (ended - begun) * HOUR_S, files


def _pids(fleet: Fleet) -> dict[str, int]:
    pids = {f"receiver {place.port}": place.process.popen.pid for place in fleet.receivers if place.process}
    for worker in fleet.workers:
        assert worker.process is not None
        assert worker.parent is not None
        pids[f"supervisor {worker.number}"] = worker.process.popen.pid
        pids[f"worker {worker.number}"] = worker.parent
    return pids


def until_quiet(fleet: Fleet) -> Counter[str]:
    """Return the keys without an expiry once nothing is in flight."""

    def lasting() -> Counter[str]:
        with fleet.system.client() as client:
            keys = list(client.scan_iter(count=10_000))
            with client.pipeline(transaction=False) as pipeline:
                for key in keys:
                    pipeline.ttl(key)
                return Counter(key for key, ttl in zip(keys, pipeline.execute(), strict=True) if ttl == -1)

    until(
        lambda: not [key for key in lasting() if not LASTING.fullmatch(key)],
        within_s=30,
        what="all keys expire",
    )
    return lasting()
