"""
What `orderhook doctor` says of reconciliation: whether it runs, and what the last comparison of each source found.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import redis

from receiver import keys
from receiver.config import RawConfig

from . import render
from .access import now_ms
from .diagnoses import Check, ok, warn
from .moments import span

TITLE = "reconcile"
#: A job that has not run for so many of its intervals does not run.
LATE = 3
_EVERY_S = 3_600.0


def checks(client: "redis.Redis", raw: RawConfig) -> Iterator[Check]:
    """
    Judge each source that has the job.
    """
    now = now_ms(client)
    for source, every_s in _jobs(raw):
        found: Mapping[str, str] = client.hgetall(keys.reconciled(source))  # type: ignore[assignment]
        yield judged(source, found, now=now, every_s=every_s)


def judged(source: str, found: Mapping[str, str], *, now: int, every_s: float) -> Check:
    """
    Judge the last comparison of a source; without one, *found* is empty.
    """
    look = f"orderhook reconcile --source {source} --dry-run"
    if not found:
        return warn(TITLE, f"{source}: not compared yet", "start a worker: orderhook worker")
    if found.get("error"):
        return warn(TITLE, f"{source}: {found['error']}", look)
    age_ms, missing = now - int(found["at"]), int(found["missing"])
    ago = f"{source}: {render.counted(int(found['listed']), 'order')} compared {span(age_ms)} ago"
    if age_ms > LATE * every_s * 1000:
        return warn(
            TITLE, f"{ago}, expected every {span(every_s * 1000)}", "start a worker: orderhook worker"
        )
    if missing:
        lost = f"{ago}; {render.counted(missing, 'event')} had never come, {found['fed']} fed in"
        return warn(TITLE, lost, "find out why the sender's deliveries do not arrive")
    return ok(TITLE, f"{ago}; nothing was missing")


def _jobs(raw: RawConfig) -> Iterator[tuple[str, float]]:
    """
    Yield the sources with the job and its interval, from the file as it is: a problem of it is told elsewhere.
    """
    for source, table in _table(raw.values.get("sources")).items():
        terms = _table(table).get("reconcile")
        if isinstance(terms, Mapping):
            every_s = terms.get("every_s", _EVERY_S)
            yield source, float(every_s) if isinstance(every_s, int | float) else _EVERY_S


def _table(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
