"""
One comparison of a source: list, compare, feed, and say what was found.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar

import redis

from receiver import keys
from receiver.accept import Outcome
from receiver.inbox import Inbox

from ..budget.visit import Visit, visiting
from ..failures import Transient
from .comparing import NOTHING, Drift, Known, OrderState, Verdict, compare
from .feeding import events_of, feed
from .listing import ChangedOrders
from .recorded import known_orders, told_status

T = TypeVar("T")

#: Tries of a page that fails by the API's fault, and seconds between two.
TRIES = 4
AGAIN_AFTER_S = 2.0
#: Events before the time that is looked at: one may tell of a change a little later than its own time.
_MARGIN_MS = 60_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """What is compared: the changes of a source between two times, in milliseconds by Redis' clock."""

    source: str
    since: int
    until: int
    dry: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a comparison found: every order but those that are known, how many were listed, and what was fed in."""

    scope: Scope
    listed: int
    drifts: tuple[Drift, ...]
    fed: int

    @property
    def missing(self) -> int:
        """Return how many events were missing."""
        return sum(len(one.missing) for one in self.drifts)

    @property
    def ours(self) -> int:
        return sum(one.verdict is Verdict.OURS for one in self.drifts)


async def reconcile(client: "redis.Redis", orders: ChangedOrders, scope: Scope) -> Report:
    """
    Compare, and feed in what is missing unless it is a dry run.

    Raises:
        Failure: The list cannot be had.
        NoIdentity: No receiver has used this Redis yet.
    """
    # The list before the record: what is accepted in between would else be missing.
    listed = [order async for order in orders.changed(_moment(scope.since), _moment(scope.until))]
    drifts = _compared(Inbox(client), listed, scope)
    fed = 0 if scope.dry else _fed(client, drifts, scope.source)
    report = Report(scope=scope, listed=len(listed), drifts=drifts, fed=fed)
    if not scope.dry:
        _note(client, report)
    return report


async def patiently(fetch: Callable[[], Awaitable[T]], *, source: str, until: float) -> T:
    """
    Make a call of a comparison, behind all other calls; wait where the API, or its budget, asks for it.

    Args:
        until: When to give up, by the monotonic clock.

    Raises:
        Failure: It cannot be made, or not in time.
    """
    tries, waited = 0, False
    while True:
        try:
            with visiting(Visit(source=source, imports=True, back=waited)):
                return await fetch()
        except Transient as failure:
            tries, waited = tries + failure.uses_attempt, True
            wait_s = AGAIN_AFTER_S if failure.retry_after_s is None else failure.retry_after_s
            if tries >= TRIES or time.monotonic() + wait_s > until:
                raise
            await asyncio.sleep(wait_s)


def _compared(inbox: Inbox, listed: Sequence[OrderState], scope: Scope) -> tuple[Drift, ...]:
    known = known_orders(inbox, scope.source, since=scope.since - _MARGIN_MS)
    drifts = (_drift(inbox, order, known.get(order.id, NOTHING), scope.since) for order in listed)
    return tuple(drift for drift in drifts if drift.verdict is not Verdict.KNOWN)


def _drift(inbox: Inbox, order: OrderState, known: Known, since: int) -> Drift:
    found = compare(order, known, since=since)
    if found.verdict is not Verdict.MISSING or not known.key:
        return found
    return compare(order, known, since=since, told_status=told_status(inbox, known))


def _fed(client: "redis.Redis", drifts: Sequence[Drift], source: str) -> int:
    outcomes = feed(client, [event for drift in drifts for event in events_of(source, drift)])
    return outcomes.count(Outcome.ACCEPTED)


def _note(client: "redis.Redis", report: Report) -> None:
    seconds, _ = client.time()
    facts: dict[str | bytes | bytearray | memoryview | int | float, str | int] = {
        "at": int(seconds) * 1000,
        "listed": report.listed,
        "missing": report.missing,
        "fed": report.fed,
        "ours": report.ours,
        "error": "",
    }
    client.hset(keys.reconciled(report.scope.source), mapping=facts)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
