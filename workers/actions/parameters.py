"""
Kinds of parameters that an action may annotate, beside those of pydantic.

Some name what the configuration has, a target or a template; where it is known what that has, a name that it lacks is
found at the start.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, TypeAlias

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    InstanceOf,
    PlainSerializer,
    ValidationInfo,
    WithJsonSchema,
)

from receiver.settings import SourceName

from ..templating import NO_SHELF, Shelf, Template, Unrenderable

#: Under which name the surroundings are in a validation's context.
AROUND = "around"


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """
    What of the configuration a parameter may name.

    Args:
        tables: The tables that are there, `email` and `push` among them.
        apis: The sources that have an order API.
    """

    targets: frozenset[str] = frozenset()
    shelf: Shelf = NO_SHELF
    tables: frozenset[str] = frozenset()
    apis: frozenset[str] = frozenset()


def context_of(around: Around | None) -> Mapping[str, Any]:
    """Return the context of a validation; None where nobody knows the configuration."""
    return {} if around is None else {AROUND: around}


def _around(info: ValidationInfo) -> Around | None:
    found: Around | None = (info.context or {}).get(AROUND)
    return found


def _known(name: str, info: ValidationInfo) -> str:
    around = _around(info)
    if around is not None and name not in around.targets:
        there = f"known: {', '.join(sorted(around.targets))}" if around.targets else "none is configured"
        raise ValueError(f"unknown target {name!r}; {there}; see [targets.NAME]")
    return name


def _api(name: str, info: ValidationInfo) -> str:
    around = _around(info)
    if around is not None and name not in around.apis:
        there = f"known: {', '.join(sorted(around.apis))}" if around.apis else "none is configured"
        raise ValueError(f"no source {name!r} with an order API; {there}")
    return name


def _mail(name: str, info: ValidationInfo) -> str:
    around = _around(info)
    if around is not None and "email" not in around.tables:
        raise ValueError("no mail server is configured; expected a table [email]")
    if around is not None and (problem := around.shelf.problem_of_mail(name)):
        raise ValueError(problem)
    return name


def _file(name: str, info: ValidationInfo) -> str:
    around = _around(info)
    if around is not None and (problem := around.shelf.problem_of_file(name)):
        raise ValueError(problem)
    return name


def _template(given: object) -> object:
    if not isinstance(given, str):
        return given
    try:
        return Template.read(given)
    except Unrenderable as error:
        raise ValueError(f"expected a template such as {{{{ order.displayId }}}}: {error}") from None


def _push(given: Any, info: ValidationInfo) -> Any:
    around = _around(info)
    if around is not None and "push" not in around.tables:
        raise ValueError("push messages are not configured; expected a table [push]")
    return given


TargetName: TypeAlias = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(_known)]
"""The name of a target of webhooks: `step.targets[name]`. One that the configuration lacks is found at the start."""

ApiSource: TypeAlias = Annotated[SourceName, AfterValidator(_api)]
"""The name of a source that has an order API."""

MailTemplate: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}$",
        json_schema_extra={"expected": "the name of a mail's templates, without an ending"},
    ),
    AfterValidator(_mail),
]
"""The name of a mail's templates in the folder, without an ending."""

FileTemplate: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]{0,99}\.[A-Za-z0-9]{1,10}$",
        json_schema_extra={"expected": "the name of a template, with its ending"},
    ),
    AfterValidator(_file),
]
"""The name of one template in the folder, with its ending."""

Text: TypeAlias = Annotated[
    InstanceOf[Template],
    BeforeValidator(_template),
    PlainSerializer(lambda template: template.text, return_type=str),
    WithJsonSchema({"type": "string", "expected": "a text, with {{ … }} for what an event says"}),
]
"""A template that stands in the workflow itself."""

NeedsPush = BeforeValidator(_push)
"""Of a parameter of an action that needs the table `[push]`."""
