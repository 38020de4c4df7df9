"""
`/api/workflows/…`: the workflow part of the Integrations API, path by path, and its POST twins.

Paths, bodies and answers are the documented ones. Ours, and marked so in the descriptions: everything that the body
takes beside the documented fields, what names a trigger beside its guid, and the twins.
"""

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ConfigDict, Field
from pydantic.alias_generators import to_camel

from workers.pausing import paused, resume_runs
from workers.workflows import EntityType, WorkflowProblem, entity_of
from workers.workflows.library import Entry
from workers.workflows.triggers import TRIGGERS, Trigger

from ..catalog import Catalog
from ..configuring import Conflicting, Hand, Unknown, Unsound, configure, remove, toggle
from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import Answer, BodyModel, NoBody, NoPath, NoQuery, PathModel, QueryBool, QueryModel

#: Stands for all subscriptions where a push message has a recipient.
EVERYBODY = "all"
#: What the documented fields of an action mean to ours of that name; which fields `webhook` and `send_push` have is
#: documented nowhere.
_NAMES: Mapping[str, Mapping[str, str]] = {
    "webhook": {"recipient": "target"},
    "send_push": {"recipient": "to", "template": "title"},
}
_REFUSED: Mapping[type[Exception], ErrorCode] = {
    Unknown: ErrorCode.NOT_FOUND,
    Conflicting: ErrorCode.CONFLICT,
}


class EntityPath(PathModel):
    """
    Which kind of entity.
    """

    entity_type: EntityType = Field(description="What the workflows are about.")


class WorkflowPath(PathModel):
    """
    Which workflow.
    """

    guid: str = Field(max_length=64, description="The workflow's guid, as the list shows it.")


class ManagedQuery(QueryModel):
    """
    Which workflows of a list.
    """

    managed: QueryBool | None = Field(
        default=None,
        description="`true`: those of the file and of providers. `false`: those configured here. All, if unset (ours).",
    )


class WhatToDo(BodyModel):
    """
    An action: `type`, and its parameters.
    """

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        max_length=64,
        description="`send_email`, `send_push`, `webhook`, `update_status`, or (ours) any other action.",
    )
    recipient: str | None = Field(
        default=None,
        max_length=500,
        description="Whom it goes to: `customer` or an address; of a `webhook` the target's name, of a `send_push` a "
        "subscription's name, or `all` (ours).",
    )
    template: str | None = Field(
        default=None,
        max_length=500,
        description="Which template it is made of; of a `send_push` the title (ours).",
    )


class NewWorkflow(BodyModel):
    """
    A workflow to be made, or changed.
    """

    guid: str | None = Field(
        default=None, max_length=64, description="Ours: of the workflow to be changed; unset makes a new one."
    )
    name: str = Field(max_length=200, description="Names one workflow, up to 120 characters.")
    entity_type: EntityType | None = Field(
        default=None, description="What it is about; if unset what its trigger's events are about."
    )
    trigger_id: str = Field(
        max_length=200, description="The guid of a trigger; or (ours) its code, or an event type."
    )
    action: WhatToDo | None = Field(default=None, description="What is done.")
    actions: list[WhatToDo] | None = Field(
        default=None, description="Ours: what is done, in this order, in place of `action`."
    )
    conditions: dict[str, Any] | None = Field(
        default=None,
        description="What must hold: `status` and what it must be; or (ours) conditions as in a file.",
    )
    mode: str | None = Field(
        default=None, max_length=20, description="Ours: `live`, or `shadow` to only note what it would do."
    )
    on_stale: str | None = Field(
        default=None, max_length=20, description="Ours: `skip` or `run`, when the event came late."
    )
    on_echo: str | None = Field(
        default=None,
        max_length=20,
        description="Ours: `skip` or `run`, when a write of ours raised the event.",
    )
    latest_only: bool | None = Field(
        default=None, description="Ours: pass an event over while a newer one of its type waits."
    )
    why: str = Field(default="", max_length=500, description="Ours: why; stands in the trail of changes.")


class ResumeQuery(QueryModel):
    """
    Which runs to resume.
    """

    workflow_id: str = Field(max_length=64, description="The guid of the workflow whose paused runs go on.")


class TriggerAnswer(Answer):
    """
    A trigger.
    """

    guid: str = Field(description="Its guid, the same everywhere.")
    name: str = Field(description="Its name.")
    code: str = Field(description="Its code, such as `order_created`.")
    description: str = Field(description="When it fires, and whose word it is.")


class ListedWorkflow(Answer):
    """
    A workflow, as the list shows it.
    """

    guid: str = Field(description="Its guid.")
    name: str = Field(description="Its name.")
    entity_type: str = Field(description="What it is about.")
    trigger: str = Field(description="Its trigger's code, or an event type.")
    action: str = Field(description="What it does; of several, by commas (ours).")
    is_active: bool = Field(description="Whether it starts anything.")
    is_managed: bool = Field(description="Whether it comes from a file or a provider, and cannot be changed.")


class ConfiguredWorkflow(Answer):
    """
    A workflow that was just made or changed.
    """

    guid: str = Field(description="Its guid.")
    name: str = Field(description="Its name.")
    is_active: bool = Field(description="Whether it starts anything.")


class ToggledWorkflow(Answer):
    """
    A workflow that was just switched.
    """

    guid: str = Field(description="Its guid.")
    is_active: bool = Field(description="Whether it starts anything from now on.")


def _triggers(call: Call[EntityPath, NoQuery, NoBody]) -> list[TriggerAnswer]:
    return [_shown(one) for one in TRIGGERS if one.entity_type == call.path.entity_type]


def _shown(trigger: Trigger) -> TriggerAnswer:
    description = f"{trigger.description} ({trigger.standing})"
    return TriggerAnswer(guid=trigger.guid, name=trigger.name, code=trigger.code, description=description)


def _list(call: Call[EntityPath, ManagedQuery, NoBody]) -> list[ListedWorkflow]:
    found = map(_listed, _catalog(call).entries)
    wanted = call.query.managed
    return [
        one for one in found if one.entity_type == call.path.entity_type and wanted in (None, one.is_managed)
    ]


def _listed(entry: Entry) -> ListedWorkflow:
    definition = entry.definition
    actions = definition.get("actions")
    types = [str(one.get("type", "")) for one in actions if isinstance(one, Mapping)] if actions else []
    return ListedWorkflow(
        guid=entry.guid,
        name=entry.name,
        entity_type=str(definition.get("entity_type", "Order")),
        trigger=str(definition.get("trigger", "")),
        action=", ".join(types),
        is_active=entry.is_active,
        is_managed=entry.is_managed,
    )


def _configure(call: Call[NoPath, NoQuery, NewWorkflow]) -> ConfiguredWorkflow:
    call.note(name=call.body.name)
    try:
        with _refusing():
            made = configure(_catalog(call), definition_of(call.body), _hand(call), guid=call.body.guid)
    except Unsound as unsound:
        raise ApiError(ErrorCode.CONFIGURATION_ERROR, _problems(unsound, call.body)) from unsound
    call.note(guid=made.guid, version=made.changes[-1].version)
    return ConfiguredWorkflow(guid=made.guid, name=call.body.name, is_active=made.is_active)


def definition_of(body: NewWorkflow) -> dict[str, Any]:
    """
    Return the body as a definition of a file would say it.
    """
    trigger = _trigger(body.trigger_id)
    given = {
        "name": body.name,
        "entity_type": body.entity_type or entity_of(trigger) or "Order",
        "trigger": trigger,
        "conditions": body.conditions,
        "actions": [_action(one) for one in _actions(body)],
        "mode": body.mode,
        "on_stale": body.on_stale,
        "on_echo": body.on_echo,
        "latest_only": body.latest_only,
    }
    return {name: value for name, value in given.items() if value is not None}


def _actions(body: NewWorkflow) -> list[WhatToDo]:
    if body.actions is not None:
        return body.actions
    return [body.action] if body.action else []


def _trigger(wanted: str) -> str:
    return next((one.code for one in TRIGGERS if one.guid == wanted.lower()), wanted)


def _action(given: WhatToDo) -> dict[str, Any]:
    params = given.model_dump(exclude_none=True)
    for theirs, ours in _NAMES.get(given.type, {}).items():
        if theirs in params and ours not in params:
            params[ours] = params.pop(theirs)
    if given.type == "send_push" and isinstance(params.get("to"), str):
        params["to"] = [] if params["to"] == EVERYBODY else [params["to"]]
    return params


def _problems(unsound: Unsound, body: NewWorkflow) -> str:
    return "; ".join(f"{_place(one, body)}: {one.message}" for one in unsound.problems)


def _place(problem: WorkflowProblem, body: NewWorkflow) -> str:
    """Return the place as the body spells it: `action.recipient`, not `actions[0].target`."""
    first, *rest = problem.key.split(".")
    if problem.step is not None and rest:
        rest[0] = _their_name(_actions(body)[problem.step], rest[0])
    if body.actions is None:
        first = re.sub(r"^actions(\[0\])?", "action", first)
    return ".".join(["triggerId" if first == "trigger" else to_camel(first), *rest])


def _their_name(given: WhatToDo, ours: str) -> str:
    named = given.model_dump(exclude_none=True)
    found = (
        theirs for theirs, name in _NAMES.get(given.type, {}).items() if name == ours and theirs in named
    )
    return next(found, ours)


def _toggle(call: Call[WorkflowPath, NoQuery, NoBody]) -> ToggledWorkflow:
    with _refusing():
        stored = toggle(_catalog(call), call.path.guid, _hand(call))
    call.note(name=stored.definition.get("name", ""), active=stored.is_active)
    return ToggledWorkflow(guid=stored.guid, is_active=stored.is_active)


def _delete(call: Call[WorkflowPath, NoQuery, NoBody]) -> None:
    with _refusing():
        stored = remove(_catalog(call), call.path.guid)
    call.note(name=stored.definition.get("name", ""))


def _resume(call: Call[NoPath, ResumeQuery, NoBody]) -> None:
    entry = next((one for one in _catalog(call).entries if one.guid == call.query.workflow_id), None)
    if entry is None:
        raise ApiError(ErrorCode.NOT_FOUND, f"no workflow {call.query.workflow_id}")
    found = list(paused(call.client, workflow=entry.name))
    by = f"{call.caller.name}: {call.why}" if call.why else call.caller.name
    resumed = sum(resume_runs(call.client, found, by=by))
    call.note(name=entry.name, runs=resumed)
    if not resumed:
        raise ApiError(ErrorCode.CONFLICT, f"no run of {entry.name!r} is paused")


@contextlib.contextmanager
def _refusing() -> Iterator[None]:
    try:
        yield
    except (Unknown, Conflicting) as refused:
        raise ApiError(_REFUSED[type(refused)], str(refused)) from refused


def _catalog(call: Call[Any, Any, Any]) -> Catalog:
    return Catalog.load(call.services.raw, call.client)


def _hand(call: Call[Any, Any, Any]) -> Hand:
    return Hand(by=call.caller.name, at=call.now())


_TAG = "Workflows"
_SOON = (
    "Takes effect with the workers' next shift, at the latest after `worker.shift_s` (30 seconds by default)."
)


def _toggling(method: str, name: str, about: str) -> Operation:
    return Operation(
        name=name,
        method=method,
        path="/api/workflows/configured/{guid}/toggle",
        tag=_TAG,
        scope=Scope.OPERATE,
        summary="Switch a workflow on or off, whichever it is not",
        about=f"{about} {_SOON}",
        path_model=WorkflowPath,
        answer=ToggledWorkflow,
        errors=(ErrorCode.NOT_FOUND, ErrorCode.CONFLICT),
        changes=True,
        handler=_toggle,
    )


def _resuming(method: str, name: str, about: str) -> Operation:
    return Operation(
        name=name,
        method=method,
        path="/api/workflows/resume-workflow",
        tag=_TAG,
        scope=Scope.OPERATE,
        summary="Let the paused runs of a workflow go on",
        about=f"{about} What `workflowId` names is ours, and so is the conflict where no run is paused.",
        query=ResumeQuery,
        errors=(ErrorCode.NOT_FOUND, ErrorCode.CONFLICT),
        changes=True,
        handler=_resume,
    )


OPERATIONS = (
    Operation(
        name="listTriggers",
        method="GET",
        path="/api/workflows/triggers/{entityType}",
        tag=_TAG,
        scope=Scope.READ,
        summary="The triggers of an entity type",
        about="The codes `order_created`, `order_status_changed` and `shipment_delivered` are documented; each "
        "description says whose word the trigger is.",
        path_model=EntityPath,
        answer=TriggerAnswer,
        bare_list=True,
        handler=_triggers,
    ),
    Operation(
        name="listWorkflows",
        method="GET",
        path="/api/workflows/{entityType}/configured",
        tag=_TAG,
        scope=Scope.READ,
        summary="The workflows of an entity type",
        about="One that cannot be used is listed as inactive; `orderhook workflows list` says what is wrong with it.",
        path_model=EntityPath,
        query=ManagedQuery,
        answer=ListedWorkflow,
        bare_list=True,
        handler=_list,
    ),
    Operation(
        name="configureWorkflow",
        method="POST",
        path="/api/workflows/configure",
        tag=_TAG,
        scope=Scope.ADMIN,
        summary="Make a workflow, or change one",
        about="The documented body is `name`, `entityType`, `triggerId`, `action` and `conditions`; the rest is ours. "
        "`CONFIGURATION_ERROR` names the places of all problems. Each change is a new version; events that began with "
        f"an older one are finished by it. {_SOON}",
        body=NewWorkflow,
        answer=ConfiguredWorkflow,
        errors=(ErrorCode.CONFIGURATION_ERROR, ErrorCode.NOT_FOUND, ErrorCode.CONFLICT),
        handler=_configure,
    ),
    _toggling("GET", "toggleWorkflowByGet", "As it is documented; a client or a proxy may repeat a GET."),
    _toggling(
        "POST", "toggleWorkflow", "Ours: the same as the GET, by the method for what changes something."
    ),
    Operation(
        name="deleteWorkflow",
        method="DELETE",
        path="/api/workflows/configured/{guid}",
        tag=_TAG,
        scope=Scope.ADMIN,
        summary="Take a workflow away",
        about=f"Events that began with it are finished by it. {_SOON}",
        path_model=WorkflowPath,
        errors=(ErrorCode.NOT_FOUND, ErrorCode.CONFLICT),
        handler=_delete,
    ),
    _resuming("GET", "resumeWorkflowByGet", "As it is documented; a client or a proxy may repeat a GET."),
    _resuming(
        "POST", "resumeWorkflow", "Ours: the same as the GET, by the method for what changes something."
    ),
)
