"""
What each workflow makes of an event, and why: the core behind `orderhook workflows explain` and the API.

Has no rules of its own: triggers, conditions and the plan are the workers'. Pure but for what is fetched, which is
given.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, TypeAlias

from receiver.record import Record
from workers.actions import EventView
from workers.conditions import Finding, OrderNeeded, View, explain, holds
from workers.views import condition_view
from workers.workflows import EntityType, Workflow, entity_of
from workers.workflows.library import Entry
from workers.workflows.triggers import admits

from . import findings

#: The entities that were fetched for an event, by what they are.
Fetched: TypeAlias = Mapping[EntityType, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """
    Something that decides beside the conditions: a slug for programs, a sentence for people.
    """

    code: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """
    What one workflow makes of the event now.

    Args:
        starts: The event starts it, whatever the conditions say.
        hindrances: Why it does not start.
        wanted: It starts and its conditions hold; None where that depends on what was not fetched.
        findings: What each condition found, also where it does not start.
        remarks: What else there is to know of it and this event.

    """

    entry: Entry
    starts: bool
    hindrances: tuple[Remark, ...]
    wanted: bool | None
    findings: tuple[Finding, ...]
    remarks: tuple[Remark, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """
    One event to be explained.
    """

    record: Record
    event: EventView
    trusts_payload: bool
    #: It is the echo of a write of ours, and starts no workflow but those that ask for it.
    passed_over: bool = False

    def view(self, workflow: Workflow, fetched: Fetched) -> View:
        """
        Return the event as the conditions of *workflow* see it.
        """
        about = workflow.entity_type
        return condition_view(
            self.event, trusts_payload=self.trusts_payload, fetched=fetched.get(about), about=about
        )

    def holds(self, workflow: Workflow, fetched: Fetched) -> bool | None:
        """
        Return whether the conditions hold, None where that depends on what was not fetched.
        """
        try:
            return holds(workflow.conditions, self.view(workflow, fetched))
        except OrderNeeded:
            return None


def explained(case: Case, entries: Sequence[Entry], fetched: Fetched) -> tuple[Explanation, ...]:
    """
    Return what every workflow makes of the event, those that it does not start too.
    """
    return tuple(_explanation(case, entry, fetched) for entry in entries)


def needed(case: Case, entries: Sequence[Entry]) -> tuple[EntityType, ...]:
    """
    Return what would have to be fetched to tell of each workflow whether it wants the event.
    """
    asked = [
        entry.workflow.entity_type
        for entry in entries
        if entry.workflow and not list(_hindrances(case, entry)) and case.holds(entry.workflow, {}) is None
    ]
    return tuple(dict.fromkeys(asked))


def decided(case: Case, entries: Sequence[Entry]) -> tuple[Remark, ...]:
    """
    Return what holds of the event whatever the workflows of now say.
    """
    names = {entry.name for entry in entries}
    gone = [pin for pin in case.record.plan or () if pin.rpartition("@")[0] not in names]
    planned = [
        Remark(code="planned_gone", text=f"the event was planned with {pin}, a workflow that is gone since")
        for pin in gone
    ]
    return (*_decided(case), *planned)


def as_json(one: Explanation) -> dict[str, object]:
    """
    Return the explanation as the API and `--json` show it.
    """
    return {
        "workflow": one.entry.name,
        "guid": one.entry.guid,
        "from": one.entry.origin.value,
        "version": one.entry.workflow.version if one.entry.workflow else None,
        "starts": one.starts,
        "wanted": one.wanted,
        "hindrances": [asdict(remark) for remark in one.hindrances],
        "conditions": [findings.as_json(finding) for finding in one.findings],
        "remarks": [asdict(remark) for remark in one.remarks],
    }


def _explanation(case: Case, entry: Entry, fetched: Fetched) -> Explanation:
    hindrances = tuple(_hindrances(case, entry))
    workflow = entry.workflow
    held = case.holds(workflow, fetched) if workflow else False
    return Explanation(
        entry=entry,
        starts=not hindrances,
        hindrances=hindrances,
        wanted=held if not hindrances else False,
        findings=explain(workflow.conditions, case.view(workflow, fetched)) if workflow else (),
        remarks=tuple(_remarks(case, workflow)) if workflow else (),
    )


def _hindrances(case: Case, entry: Entry) -> Iterator[Remark]:
    workflow, event = entry.workflow, case.event
    if workflow is None:
        problems = "; ".join(f"{one.key}: {one.message}" for one in entry.problems)
        yield Remark(code="broken", text=f"it cannot be used: {problems}")
        return
    if not workflow.enabled:
        yield Remark(code="disabled", text="it is disabled")
    if not admits(workflow.trigger, event.type):
        text = f"its trigger is {workflow.trigger}, the event is {event.type}"
        yield Remark(code="trigger", text=text)
    about = entity_of(event.type)
    if about not in (workflow.entity_type, None):
        text = f"it is about {workflow.entity_type}, the event about {about}"
        yield Remark(code="entity_type", text=text)
    if not workflow.is_for(event.source):
        yield Remark(
            code="shop", text="the event is a connected shop's, and its conditions name no event.source"
        )
    if not workflow.runs(stale=event.stale):
        yield Remark(code="stale", text="the event is stale, and on_stale is skip")
    if case.passed_over and workflow.on_echo == "skip":
        yield Remark(code="echo", text="the event is the echo of a write of ours, and on_echo is skip")


def _remarks(case: Case, workflow: Workflow) -> Iterator[Remark]:
    if not workflow.acts:
        yield Remark(code="shadow", text="it is in shadow mode: it says what it would do, and does nothing")
    if case.record.plan is not None:
        yield _pinned(case.record.plan, workflow)


def _pinned(plan: Sequence[str], workflow: Workflow) -> Remark:
    pin = next((pin for pin in plan if pin.rpartition("@")[0] == workflow.name), None)
    if pin is None:
        return Remark(code="not_planned", text="the event was planned without it, and stays so")
    if pin == workflow.pin:
        return Remark(code="planned", text=f"the event was planned with it, as {workflow.version}")
    version = pin.rpartition("@")[2]
    return Remark(
        code="pinned_version",
        text=f"the event was planned with version {version}, and stays with it; this is {workflow.version}",
    )


#: Reasons of a record that decide before any workflow is asked, in words.
_DECIDED = {
    "order_unknown": "the order API does not know the order, so no workflow was asked",
    "echo": "it is the echo of a write of ours, so only workflows with on_echo = run were asked",
    "loop_depth": "it is too deep in a chain of our own writes, so nothing was run",
    "order_rate": "its order had too many runs, so nothing more was run",
}


def _decided(case: Case) -> Iterator[Remark]:
    record = case.record
    if not case.trusts_payload:
        text = "its source is trusted as a hint only, so conditions do not see what it sent"
        yield Remark(code="hint", text=text)
    if record.reason in _DECIDED:
        yield Remark(code=record.reason, text=_DECIDED[record.reason])
    if record.reason == "superseded":
        yield Remark(code="superseded", text="a newer event of its type and order waited behind it")
