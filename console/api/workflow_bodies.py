"""
From the documented body of a workflow to a definition as a file has it, and from its problems back to the body. Pure.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic.alias_generators import to_camel

from workers.workflows import WorkflowProblem, entity_of
from workers.workflows.triggers import TRIGGERS

from .workflow_models import NewWorkflow, WhatToDo

#: Stands for all subscriptions where a push message has a recipient.
EVERYBODY = "all"
#: What the documented fields of an action mean to ours of that name; which fields `webhook` and `send_push` have is
#: documented nowhere.
_NAMES: Mapping[str, Mapping[str, str]] = {
    "webhook": {"recipient": "target"},
    "send_push": {"recipient": "to", "template": "title"},
}


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


def problems_of(problems: Sequence[WorkflowProblem], body: NewWorkflow) -> str:
    """
    Return what is wrong with a definition, each with its place in the body.
    """
    return "; ".join(f"{_place(one, body)}: {one.message}" for one in problems)


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
