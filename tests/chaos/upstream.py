"""
What the scenarios of an order API in trouble have in common: the sandbox's log of calls as values, and its orders.

What was done is read from the sandbox alone: its log of effects and its log of calls.
"""

import itertools
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tests.support.system import System
from tests.support.waiting import until

#: A workflow for every order: it is read and dispatched, which are two calls and one effect.
DISPATCH = {"name": "Dispatch", "trigger": "order_created", "actions": [{"type": "dispatch_order"}]}
#: Whoever uses up an attempt is dead: what an event may wait for costs it none.
NO_RETRY = {"max_attempts": 1}
#: Deadlines that a busy machine does not come near, where they are not what is tested.
PATIENT = {"lease_s": 30.0, "call_deadline_s": 20.0}
#: More than a scenario makes.
CALLS_KEPT = 200_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call as the sandbox noted it: when it came, in seconds since 1970, and how long it took."""

    at: float
    operation: str
    #: The order that it is about, '' for none.
    order: str
    #: None where the caller got no answer.
    status: int | None
    seconds: float


def begin(
    system: System,
    *,
    processes: int = 2,
    workflows: Sequence[Mapping[str, Any]] = (DISPATCH,),
    api: Mapping[str, Any] | None = None,
    worker: Mapping[str, Any] | None = None,
    **sandbox: Any,
) -> None:
    """Start everything; *worker* and *sandbox* are more of their settings."""
    system.configure(workflows, api=api, worker={**PATIENT, **(worker or {})})
    system.start_receiver()
    system.start_sandbox(calls_kept=CALLS_KEPT, **sandbox)
    system.start_worker(processes)


def seeded(system: System, count: int) -> list[str]:
    """Make so many orders, of which the sandbox sends an event each; return their ids."""
    made = system.call_sandbox("POST", "/_sandbox/seed", {"orders": count})["orders"]
    return [order["value"] for order in made]


def faults(system: System, *found: Mapping[str, Any]) -> None:
    """Replace the faults that are on."""
    system.call_sandbox("PUT", "/_sandbox/faults", {"faults": list(found)})


def calls(system: System, operation: str = "") -> list[Call]:
    """Return the calls in the order in which they came, of one operation or all."""
    found = [_call(one) for one in system.call_sandbox("GET", "/_sandbox/calls")]
    return [one for one in found if not operation or one.operation == operation]


def _call(found: Mapping[str, Any]) -> Call:
    parts = found["path"].split("/")  # /api/v1/order/{orderId}/...
    return Call(
        at=datetime.fromisoformat(found["at"]).timestamp(),
        operation=found["operation"],
        order=parts[4] if len(parts) > 4 else "",
        status=found["status"],
        seconds=found["durationMs"] / 1000,
    )


def calls_made(system: System) -> int:
    """Return how many calls have come, without reading them all."""
    return int(system.call_sandbox("GET", "/_sandbox")["calls"])


def dispatched(system: System, orders: Iterable[str], *, within_s: float) -> None:
    """Wait until every one of these orders has been dispatched, and assert that each was once."""
    wanted = set(orders)
    until(
        lambda: _effects(system) >= len(wanted) and wanted <= _dispatches(system).keys(),
        within_s=within_s,
        what=f"{len(wanted)} orders are dispatched",
    )
    found = _dispatches(system)
    assert dict.fromkeys(wanted, 1) == {order: found[order] for order in wanted}


def _effects(system: System) -> int:
    summary = system.call_sandbox("GET", "/_sandbox")
    return int(summary["effects"]) - int(summary["orders"])  # without those of their creation


def _dispatches(system: System) -> Counter[str]:
    return Counter(found["orderId"] for found in system.effects("order.dispatch"))


def gaps(found: Sequence[Call]) -> list[float]:
    """Return the seconds from each call to the next."""
    return [later.at - sooner.at for sooner, later in itertools.pairwise(found)]


def tries_of(found: Sequence[Call], every_s: float) -> list[Call]:
    """Return the calls behind the first silence that is half as long as the time between two tries."""
    first = next((n for n, gap in enumerate(gaps(found), 1) if gap > every_s / 2), len(found))
    return list(found[first:])


def busiest(found: Iterable[Call], key: Callable[[Call], int] = lambda one: int(one.at)) -> int:
    """Return the most calls that have one key: their second, if nothing else is said."""
    return max(Counter(key(one) for one in found).values(), default=0)
