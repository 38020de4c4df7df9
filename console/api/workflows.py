"""
`/api/workflows/…`: the workflow part of the Integrations API, path by path, and its POST twins.

Paths, bodies and answers are the documented ones. Ours, and marked so in the descriptions: everything that the body
takes beside the documented fields, what names a trigger beside its guid, and the twins.
"""

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

from workers.pausing import paused, resume_runs
from workers.workflows.library import Entry
from workers.workflows.triggers import TRIGGERS, Trigger

from ..catalog import Catalog
from ..configuring import Conflicting, Hand, Unknown, Unsound, configure, remove, toggle
from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import NoBody, NoPath, NoQuery
from .workflow_bodies import definition_of, problems_of
from .workflow_models import (
    ConfiguredWorkflow,
    EntityPath,
    ListedWorkflow,
    ManagedQuery,
    NewWorkflow,
    ResumeQuery,
    ToggledWorkflow,
    TriggerAnswer,
    WorkflowPath,
)

_REFUSED: Mapping[type[Exception], ErrorCode] = {
    Unknown: ErrorCode.NOT_FOUND,
    Conflicting: ErrorCode.CONFLICT,
}


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
        raise ApiError(ErrorCode.CONFIGURATION_ERROR, problems_of(unsound.problems, call.body)) from unsound
    call.note(guid=made.guid, version=made.changes[-1].version)
    return ConfiguredWorkflow(guid=made.guid, name=call.body.name, is_active=made.is_active)


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
