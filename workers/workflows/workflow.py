"""A workflow, checked, and the question which ones an event starts."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from receiver.provided import is_of_shop

from ..conditions import Condition
from .definitions import Mode, OnEcho, OnStale
from .entities import EntityType, concerns, entity_of
from .problems import WorkflowProblem
from .triggers import admits, nearest_known


@dataclass(frozen=True, slots=True, kw_only=True)
class StepSpec:
    """One action of a workflow; `params` is the action's own model, validated: what `Action.run` takes."""

    type: str
    params: BaseModel


@dataclass(frozen=True, slots=True, kw_only=True)
class Workflow:
    """
    A workflow, checked.

    Args:
        version: Changes with the definition, be it by one character; not with the order of its keys.
        definition: Plain JSON; `load_workflow` makes the same workflow of it again.
    """

    name: str
    entity_type: EntityType
    trigger: str
    conditions: Condition
    actions: tuple[StepSpec, ...]
    enabled: bool
    mode: Mode
    on_stale: OnStale
    on_echo: OnEcho
    latest_only: bool
    version: str
    definition: Mapping[str, Any]

    def runs(self, *, stale: bool, echo: bool = False) -> bool:
        """Return whether it acts on an event that came in time, or late, or as the echo of a write of ours."""
        return (self.on_stale == "run" or not stale) and (self.on_echo == "run" or not echo)

    @property
    def pin(self) -> str:
        """Return what an event's plan names it by."""
        return f"{self.name}@{self.version}"

    @property
    def acts(self) -> bool:
        """Return whether it does something about an event; one in shadow mode only says what it would do."""
        return self.mode == "live"

    def is_for(self, source: str) -> bool:
        """
        Return whether it is for events of this source at all: of a connected shop's, only where its conditions name it.

        A shop speaks of its own orders, which no order API knows; a workflow that was written before the shop was
        connected must not begin to act on them.
        """
        named = self.definition.get("conditions") or {}
        return not is_of_shop(source) or "event.source" in named

    def wants(self, event_type: str) -> bool:
        """Return whether it is for events of this type, and for what they are about."""
        return admits(self.trigger, event_type) and concerns(event_type, self.entity_type)


def triggered(
    event_type: str,
    stale: bool,  # noqa: FBT001
    workflows: Iterable[Workflow],
    *,
    echo: bool = False,
) -> tuple[Workflow, ...]:
    """Return the workflows that such an event starts, in the order of the file; conditions come after."""
    return tuple(one for one in workflows if _starts(one, event_type, stale=stale, echo=echo))


def _starts(workflow: Workflow, event_type: str, *, stale: bool, echo: bool) -> bool:
    return workflow.enabled and workflow.runs(stale=stale, echo=echo) and workflow.wants(event_type)


def workflow_warnings(workflows: Iterable[Workflow]) -> tuple[WorkflowProblem, ...]:
    """Return what is allowed but is probably a slip."""
    return tuple(warning for workflow in workflows for warning in _warnings(workflow))


def _warnings(workflow: Workflow) -> Iterator[WorkflowProblem]:
    near = nearest_known(workflow.trigger)
    if near is not None:
        message = f"{workflow.trigger!r} is no event type that we know; did you mean {near!r}?"
        yield WorkflowProblem(workflow=workflow.name, step=None, key="trigger", message=message)
    about = entity_of(workflow.trigger)
    if about not in (workflow.entity_type, None):
        message = f"events of {workflow.trigger} are about {about}, so they never start it; expected {about}"
        yield WorkflowProblem(workflow=workflow.name, step=None, key="entity_type", message=message)
