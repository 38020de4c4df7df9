"""
Whether the events that we have of an order tell of its last change. Pure: two values in, a verdict out.

A list of orders shows each as it is, not how it came there. So of what happened in between only the last change is
looked for, and whether the order's beginning is on record.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

CREATED, STATUS_CHANGED, UPDATED = "order.created", "order.status_changed", "order.updated"

#: How far an event's time may lie from the time of the change that it tells of, in milliseconds: both are told in whole
#: seconds, and by different hands.
TOLERANCE_MS = 2_000
#: How far the clock of the API may lie from Redis', where a change is compared with a write of ours.
SKEW_MS = 10_000


class Verdict(StrEnum):
    """What a comparison says of one order."""

    #: An event on record tells of the last change.
    KNOWN = "known"
    #: No event tells of it, but it is a write of ours, whose event would be passed over as an echo.
    OURS = "ours"
    #: No event tells of it.
    MISSING = "missing"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderState:
    """An order as the API lists it; times in milliseconds since 1970, 0 where it does not say."""

    id: str
    status: str
    created: int
    changed: int
    raw: Mapping[str, Any] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """
    What the events on record say of an order.

    Args:
        newest: The time of the newest: the sender's, or that of its acceptance where it sends none.
        types: The types of all that were accepted in the time that is looked at.
        wrote: When a step for one of them was last done.
        key: The newest, whose body has the status that it told of.
    """

    newest: int = 0
    types: frozenset[str] = frozenset()
    wrote: int = 0
    key: str = ""


NOTHING = Known()


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One order, what is known of it, and the verdict."""

    order: OrderState
    known: Known
    verdict: Verdict
    #: The types of the events that are missing, as far as can be told; the first first.
    missing: tuple[str, ...] = ()


def compare(order: OrderState, known: Known, *, since: int, told_status: str | None = None) -> Drift:
    """
    Return what the record lacks of an order.

    Args:
        since: The beginning of the time that is looked at: an order that is older may have its events before.
        told_status: The status that the newest event told of; None where that is not known.
    """
    verdict = _verdict(order, known)
    missing = tuple(_missing(order, known, since, told_status)) if verdict is Verdict.MISSING else ()
    return Drift(order=order, known=known, verdict=verdict, missing=missing)


def _verdict(order: OrderState, known: Known) -> Verdict:
    if known.newest and known.newest >= order.changed - TOLERANCE_MS:
        return Verdict.KNOWN
    if known.wrote and abs(known.wrote - order.changed) <= SKEW_MS:
        return Verdict.OURS
    return Verdict.MISSING


def _missing(order: OrderState, known: Known, since: int, told_status: str | None) -> list[str]:
    is_new = order.created >= since and CREATED not in known.types
    found = [CREATED] if is_new else []
    if not is_new or order.changed > order.created + TOLERANCE_MS:
        moved = told_status is not None and told_status != order.status
        found.append(STATUS_CHANGED if moved else UPDATED)
    return found
