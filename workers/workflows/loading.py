"""
From definitions to workflows, or to every problem in them at once.

Plain JSON is what counts: a definition is first brought to its canonical text, which gives the version, and
is read back from it. So what is stored and loaded again is the same workflow.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, time
from typing import Any

from pydantic import ValidationError

from ..actions import Registry
from ..conditions import Condition, ConditionError, parse_conditions
from .definitions import Definition, describe
from .problems import WorkflowErrors, WorkflowProblem
from .workflow import StepSpec, Workflow

_VERSION_LENGTH = 12
_NAMELESS = "(no name)"


def load_workflows(raw: Sequence[object], *, known: Registry) -> tuple[Workflow, ...]:
    """
    Load all definitions, in the order of the file.

    Raises:
        WorkflowErrors: With every problem of every definition, two of one name included.
    """
    workflows: list[Workflow] = []
    problems = list(_twins(raw))
    for index, item in enumerate(raw):
        try:
            workflows.append(load_workflow(item, known=known))
        except WorkflowErrors as error:
            problems += [replace(one, key=_joined(f"workflows[{index}]", one.key)) for one in error.problems]
    if problems:
        raise WorkflowErrors(problems)
    return tuple(workflows)


def load_workflow(raw: object, *, known: Registry) -> Workflow:
    """
    Load one definition, fresh or stored.

    Raises:
        WorkflowErrors: With every problem; keys are relative to the definition.
    """
    report = _Report(_name_of(raw))
    if not isinstance(raw, Mapping):
        raise report.error("", f"expected a table, found {type(raw).__name__}")
    try:
        canonical = canonical_json(raw)
    except (TypeError, ValueError, RecursionError) as error:
        raise report.error("", f"is not JSON: {error}") from error
    return _loaded(raw, canonical, known, report)


def canonical_json(value: object) -> bytes:
    """
    Serialise for a digest: sorted keys, no spaces, ASCII; the dates and times of TOML as ISO 8601.

    Raises:
        TypeError: There is something in it that JSON has no form for.
        ValueError: There is a NaN or an infinity in it.
    """
    text = json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False, default=_plain)
    return text.encode("ascii")


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, date | time):  # a datetime is a date
        return value.isoformat()
    raise TypeError(f"a {type(value).__name__} has no form in JSON")


@dataclass(slots=True)
class _Report:
    """The problems of one definition, as they are found."""

    workflow: str
    problems: list[WorkflowProblem] = field(default_factory=list)

    def add(self, key: str, message: str, step: int | None = None) -> None:
        self.problems.append(WorkflowProblem(workflow=self.workflow, step=step, key=key, message=message))

    def error(self, key: str, message: str) -> WorkflowErrors:
        self.add(key, message)
        return WorkflowErrors(self.problems)


def _loaded(raw: Mapping[str, Any], canonical: bytes, known: Registry, report: _Report) -> Workflow:
    definition = json.loads(canonical)
    shape = _shape(definition, report)
    # Of the raw one: a TOML date has become text in the other, and would be compared without a word.
    conditions = _conditions(raw.get("conditions", {}), report)
    actions = _steps(definition.get("actions"), known, report)
    if report.problems or shape is None or conditions is None:
        raise WorkflowErrors(report.problems)
    return Workflow(
        name=shape.name,
        entity_type=shape.entity_type,
        trigger=shape.trigger,
        conditions=conditions,
        actions=actions,
        enabled=shape.enabled,
        mode=shape.mode,
        on_stale=shape.on_stale,
        on_echo=shape.on_echo,
        latest_only=shape.latest_only,
        version=hashlib.sha256(canonical).hexdigest()[:_VERSION_LENGTH],
        definition=definition,
    )


def _shape(definition: Mapping[str, Any], report: _Report) -> Definition | None:
    try:
        return Definition.model_validate(definition)
    except ValidationError as error:
        for key, message in describe(error, Definition):
            report.add(key, message)
        return None


def _conditions(raw: object, report: _Report) -> Condition | None:
    if not isinstance(raw, Mapping):  # the shape has reported it
        return None
    try:
        return parse_conditions(raw)
    except ConditionError as error:
        for problem in error.problems:
            report.add(problem.where, problem.message)
        return None


def _steps(raw: object, known: Registry, report: _Report) -> tuple[StepSpec, ...]:
    items = raw if isinstance(raw, list) else []  # the shape has reported it, here and in the next line
    tables = [(index, item) for index, item in enumerate(items) if isinstance(item, dict)]
    steps = [_step(index, item, known, report) for index, item in tables]
    return tuple(step for step in steps if step is not None)


def _step(index: int, raw: Mapping[str, Any], known: Registry, report: _Report) -> StepSpec | None:
    params = dict(raw)
    name = params.pop("type", None)
    if not isinstance(name, str) or name not in known:
        message = known.describe_unknown(name) if isinstance(name, str) else "expected the name of an action"
        report.add(f"actions[{index}].type", message, index)
        return None
    try:
        return StepSpec(type=name, params=known.params(name, params))
    except ValidationError as error:
        for key, message in describe(error, known[name].params):
            report.add(_joined(f"actions[{index}]", key), message, index)
        return None


def _twins(raw: Sequence[object]) -> Iterator[WorkflowProblem]:
    names = [_name_of(item) for item in raw]
    counts = Counter(names)
    for index, name in enumerate(names):
        if name != _NAMELESS and name in names[:index]:
            message = f"the name is used {counts[name]} times; a name stands for one workflow"
            yield WorkflowProblem(workflow=name, step=None, key=f"workflows[{index}].name", message=message)


def _name_of(raw: object) -> str:
    name = raw.get("name") if isinstance(raw, Mapping) else None
    return name if isinstance(name, str) and name else _NAMELESS


def _joined(outer: str, inner: str) -> str:
    return f"{outer}.{inner}" if inner else outer
