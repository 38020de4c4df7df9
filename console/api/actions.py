"""
`/api/v1/actions`: what a workflow's steps may do, and which parameters each takes.
"""

from typing import Any

from pydantic import Field

from workers.actions import Action
from workers.actions.schema import parameters

from ..catalog import Catalog
from ..rest.operation import Call, Operation, Scope
from ..rest.shapes import Answer, NoBody, NoPath, NoQuery


class ActionAnswer(Answer):
    """
    An action.
    """

    name: str = Field(description="Its name, the `type` of a step.")
    about: str = Field(description="What it does.")
    effect: str = Field(
        description="What may be done about a step that was begun and has no result: natural, keyed, collapsible or "
        "unkeyed."
    )
    needs_order: bool = Field(description="Whether the order is read before it runs.")
    built_in: bool = Field(description="Whether it comes with orderhook; else it is one of your own.")
    parameters: dict[str, Any] = Field(
        description="The JSON Schema of its parameters; empty where it has no such form."
    )


def _list(call: Call[NoPath, NoQuery, NoBody]) -> list[ActionAnswer]:
    registry = Catalog.load(call.services.raw, call.client).registry
    return [_shown(registry[name]) for name in sorted(registry)]


def _shown(action: Action) -> ActionAnswer:
    return ActionAnswer(
        name=action.name,
        about=action.about,
        effect=action.effect.value,
        needs_order=action.needs_order,
        built_in=action.module.startswith("workers."),
        parameters=dict(parameters(action)),
    )


OPERATIONS = (
    Operation(
        name="listActions",
        method="GET",
        path="/api/v1/actions",
        tag="Workflows",
        scope=Scope.READ,
        summary="All actions, with the schema of their parameters",
        about="The built-in ones, and those of the modules that `actions` names in the configuration.",
        answer=ActionAnswer,
        bare_list=True,
        handler=_list,
    ),
)
