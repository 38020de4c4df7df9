"""
What a replay of an event would do, step by step, without doing it.

Has no rules of its own: the life cycle says whether it may, the ledger what is done, the actions' effect classes
what becomes of a step whose outcome is unknown, and the conditions which workflows an unplanned event starts.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from receiver.lifecycle import MOVES, Status
from receiver.record import Record, StepState
from workers.actions import EffectClass
from workers.conditions import OrderNeeded, View, holds
from workers.failures import Permanent
from workers.views import condition_view, event_view
from workers.workflows import Workflow, triggered

from .catalog import Catalog
from .story import NEWER


class Fate(StrEnum):
    """
    What would become of a step.
    """

    DONE = "is done, not repeated"
    RUN = "would run"
    MAYBE = "would run if the conditions hold, which the order decides"
    LOOK = "has an unknown outcome: would look first, then act where something is left to do"
    REPEAT = "has an unknown outcome: would be repeated under the same key"
    COLLAPSE = "has an unknown outcome: would be repeated, and replace the first"
    PARK = "may have had its effect and cannot be asked: would be parked again"


_UNKNOWN = {
    EffectClass.NATURAL: Fate.LOOK,
    EffectClass.KEYED: Fate.REPEAT,
    EffectClass.COLLAPSIBLE: Fate.COLLAPSE,
    EffectClass.UNKEYED: Fate.PARK,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ForeseenStep:
    """
    A step and what would become of it.
    """

    workflow: str
    place: str
    action: str
    fate: Fate


@dataclass(frozen=True, slots=True, kw_only=True)
class Foresight:
    """
    What a replay of one event would do; *obstacle* says why it would do nothing, or not be made at all.
    """

    record: Record
    steps: tuple[ForeseenStep, ...] = ()
    obstacle: str = ""


def foresee(record: Record, body: str | None, catalog: Catalog, *, trusts_payload: bool) -> Foresight:
    """
    Return what a replay of the event would do now.
    """
    if not record.readable:
        return Foresight(record=record, obstacle=f"would not be replayed: {NEWER}")
    if not replayable(record.status):
        return Foresight(record=record, obstacle=f"would not be replayed: it is {record.status}")
    try:
        return _foresee(record, body, catalog, trusts_payload=trusts_payload)
    except Permanent as failure:
        return Foresight(record=record, obstacle=f"would be dead again at once: {failure.message}")


def replayable(status: Status) -> bool:
    """
    Return whether an event that stands there can be replayed; a running one goes back by itself only.
    """
    return Status.PENDING in MOVES[status] and status is not Status.RUNNING


def _foresee(record: Record, body: str | None, catalog: Catalog, *, trusts_payload: bool) -> Foresight:
    event = event_view(record, None if body is None else body.encode(), trusts_payload=trusts_payload)
    if record.plan is not None:
        steps = [step for run, pin in enumerate(record.plan) for step in _pinned(record, catalog, run, pin)]
        return Foresight(record=record, steps=tuple(steps))
    found: list[ForeseenStep] = []
    run = 0
    for workflow in triggered(event.type, event.stale, catalog.workflows):
        view = condition_view(event, trusts_payload=trusts_payload, fetched=None, about=workflow.entity_type)
        asked = workflow.acts and workflow.is_for(event.source)
        fate = _fate_by_conditions(workflow, view) if asked else None
        if fate is not None:
            found += _steps(workflow, run, fate)
            run += 1
    return Foresight(record=record, steps=tuple(found), obstacle="" if found else "no workflow would want it")


def _fate_by_conditions(workflow: Workflow, view: View) -> Fate | None:
    try:
        return Fate.RUN if holds(workflow.conditions, view) else None
    except OrderNeeded:
        return Fate.MAYBE


def _steps(workflow: Workflow, run: int, fate: Fate) -> Iterator[ForeseenStep]:
    for index, spec in enumerate(workflow.actions):
        yield ForeseenStep(workflow=workflow.name, place=f"{run}.{index}", action=spec.type, fate=fate)


def _pinned(record: Record, catalog: Catalog, run: int, pin: str) -> Iterator[ForeseenStep]:
    workflow = catalog.pinned(pin)
    if workflow is None:
        raise Permanent(f"the workflow {pin} is known nowhere any more")
    for step in _steps(workflow, run, Fate.RUN):
        yield replace(step, fate=_fate(record, step.place, catalog.registry[step.action].effect))


def _fate(record: Record, place: str, effect: EffectClass) -> Fate:
    entry = record.ledger.get(place)
    if entry is None or entry.state is StepState.FAILED:
        return Fate.RUN
    return Fate.DONE if entry.state is StepState.DONE else _UNKNOWN[effect]
