"""
`orderhook workflows list` and `check`: what the configuration says is to be done about which events.
"""

import json
from collections.abc import Sequence

from workers.actions import Registry
from workers.settings import definitions
from workers.workflows import Workflow, workflow_warnings

from .. import render
from ..access import config_of
from ..desk import Desk
from ..render import Piece
from ..story import Tone


def show_list(desk: Desk, *, as_jsonl: bool) -> None:
    """
    Print the workflows in the order of the file.
    """
    _, workflows = definitions(config_of(desk))
    if as_jsonl:
        for workflow in workflows:
            render.json_line({"version": workflow.version, **workflow.definition})
    elif workflows:
        render.table(("NAME", "VERSION", "TRIGGER", "CONDITIONS", "ACTIONS"), map(_row, workflows))
    else:
        render.talk("no workflows")


def _row(workflow: Workflow) -> Sequence[Piece]:
    tone = Tone.PLAIN if workflow.enabled else Tone.FAINT
    conditions = workflow.definition.get("conditions") or {}
    return (
        (workflow.name if workflow.enabled else f"{workflow.name} (disabled)", tone),
        workflow.version,
        workflow.trigger,
        json.dumps(conditions, ensure_ascii=False) if conditions else "-",
        ", ".join(spec.type for spec in workflow.actions),
    )


def check(desk: Desk) -> None:
    """
    Print what was understood of each workflow, and what is probably a slip.

    Raises:
        ConfigError: Some cannot be used; it names them all.

    """
    registry, workflows = definitions(config_of(desk))
    for workflow in workflows:
        _print(workflow, registry)
    warnings = workflow_warnings(workflows)
    for warning in warnings:
        render.data(("warning  ", Tone.WARN), str(warning))
    found, said = render.counted(len(workflows), "workflow"), render.counted(len(warnings), "warning")
    render.talk(f"{found} can be used, with {said}")


def _print(workflow: Workflow, registry: Registry) -> None:
    state = "" if workflow.enabled else ", disabled"
    render.data(
        ("ok       ", Tone.GOOD), f"{workflow.name} ({workflow.version}{state}) on {workflow.trigger}"
    )
    for spec in workflow.actions:
        params = spec.params.model_dump_json(exclude_none=True, by_alias=True)
        effect = registry[spec.type].effect
        shown = "" if params == "{}" else f" {params}"
        render.data(f"         {spec.type}{shown}  ", (f"[{effect}]", Tone.FAINT))
