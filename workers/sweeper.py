"""
Upkeep: the chain of shifts, the sweep that repairs indexes from records, and retention.

The record is the truth. Every repair is counted, and the count must stay 0.
"""

from collections.abc import Iterator, Sequence

import redis
import structlog

from receiver import keys, scripts
from receiver.inbox import Inbox
from receiver.lifecycle import CLOSED
from receiver.wake import ShiftTemplate

from .plant import Plant

log = structlog.get_logger()

#: One worker sweeps this often, in seconds.
SWEEP_EVERY_S = 60
#: Events looked at in one script call, and removed in one go.
PAGE = 500
_CLOSED = f" {' '.join(sorted(CLOSED))} "


def relay(client: "redis.Redis", shift: ShiftTemplate) -> bool:
    """Queue a shift if lanes wait and nobody is at work on them; return whether one was queued."""
    wake_keys, wake_arguments = shift.arguments()
    return bool(scripts.run_sync(client, "relay", (*wake_keys, keys.shifts()), (*wake_arguments, "")))


def sweep_if_due(client: "redis.Redis", plant: Plant) -> None:
    """Sweep, unless a worker did within the last minute."""
    if client.set(keys.swept(), "1", nx=True, ex=SWEEP_EVERY_S):
        repaired = sweep(client)
        removed = retire(client, plant)
        log.info("sweep.finished", repaired=len(repaired), removed=removed)


def sweep(client: "redis.Redis") -> list[str]:
    """Look at every event in flight, index anew what is in no lane or in an unready one; return the repaired."""
    repaired, offset = [], 0
    while True:
        looked_at, *found = scripts.run_sync(client, "sweep", (), (offset, PAGE))
        repaired += found
        offset += int(looked_at)
        if int(looked_at) < PAGE:
            break
    for key in repaired:
        log.error("sweep.repaired", key=key)
    return repaired


def retire(client: "redis.Redis", plant: Plant) -> int:
    """Remove closed events whose retention is over; return how many."""
    seconds, _ = client.time()
    now_ms = int(seconds) * 1000
    return sum(_retire_source(client, name, now_ms - plant.keep_ms(name)) for name in Inbox(client).sources())


def _retire_source(client: "redis.Redis", source: str, before_ms: int) -> int:
    """Ask of each old event, and remove it, in one step: an operator may start it again at this very moment."""
    removed = 0
    for page in _old(client, source, before_ms):
        events = [part for key in page for part in (key, keys.body(key))]
        removed += sum(
            scripts.run_sync(client, "retire", (keys.timeline(source),), (before_ms, _CLOSED, *events))
        )
    return removed


def _old(client: "redis.Redis", source: str, before_ms: int) -> Iterator[Sequence[str]]:
    """Yield pages of events accepted before that time; what stays in place is stepped over."""
    line, start = keys.timeline(source), 0
    while page := client.zrangebyscore(line, "-inf", before_ms, start=start, num=PAGE):
        yield page  # type: ignore[misc]
        kept: Sequence[float | None] = client.zmscore(line, page)  # type: ignore[arg-type]
        start += sum(score is not None for score in kept)
