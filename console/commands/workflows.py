"""
`orderhook workflows list` and `check`: what is to be done about which events, and who says so.
"""

import json
from collections.abc import Sequence

from receiver.record import moment
from workers.actions import Registry
from workers.settings import definitions
from workers.workflows import Workflow, workflow_warnings
from workers.workflows.library import Entry, library

from .. import render
from ..access import config_of, redis_of
from ..catalog import Catalog
from ..desk import Desk
from ..errors import NoRedis
from ..render import Piece
from ..story import Tone

_TITLES = ("NAME", "VERSION", "FROM", "TRIGGER", "CONDITIONS", "ACTIONS")


def show_list(desk: Desk, *, as_jsonl: bool) -> None:
    """
    Print the workflows in the order in which an event's runs go, and where each comes from.

    Those of the file are shown without a Redis too.
    """
    entries = _entries(desk)
    if as_jsonl:
        for entry in entries:
            render.json_line(_as_json(entry))
    elif entries:
        render.table(_TITLES, map(_row, entries))
        for entry in entries:
            for problem in entry.problems:
                render.talk(f"{entry.name}: ", (f"{problem.key}: {problem.message}", Tone.BAD))
    else:
        render.talk("no workflows")


def _entries(desk: Desk) -> Sequence[Entry]:
    raw = config_of(desk)
    try:
        with redis_of(desk) as client:
            return Catalog.load(raw, client).entries
    except NoRedis as error:
        registry, file = definitions(raw)
        render.talk((f"only those of the file: {error}", Tone.WARN))
        return library(file, known=registry)


def _row(entry: Entry) -> Sequence[Piece]:
    workflow = entry.workflow
    if workflow is None:
        return (f"{entry.name or entry.guid} (broken)", Tone.BAD), "-", entry.origin, "-", "-", "-"
    conditions = workflow.definition.get("conditions") or {}
    return (
        _name(workflow),
        workflow.version,
        entry.origin,
        workflow.trigger,
        json.dumps(conditions, ensure_ascii=False) if conditions else "-",
        ", ".join(spec.type for spec in workflow.actions),
    )


def _name(workflow: Workflow) -> Piece:
    marks = [*([] if workflow.enabled else ["disabled"]), *([] if workflow.acts else ["shadow"])]
    shown = f"{workflow.name} ({', '.join(marks)})" if marks else workflow.name
    return shown, Tone.PLAIN if workflow.enabled else Tone.FAINT


def _as_json(entry: Entry) -> dict[str, object]:
    last = entry.changes[-1] if entry.changes else None
    return {
        "version": entry.workflow.version if entry.workflow else None,
        **entry.definition,
        "guid": entry.guid,
        "from": entry.origin.value,
        "isActive": entry.is_active,
        "problems": [f"{one.key}: {one.message}" for one in entry.problems],
        **(
            {"changedBy": last.by, "changedAt": moment(last.at).isoformat(timespec="milliseconds")}
            if last
            else {}
        ),
    }


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
