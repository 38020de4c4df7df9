"""
`/api/v1/actions`: what the steps of a workflow can do.
"""

from typing import Any

from pydantic import Field

from workers.actions import EffectClass, Registry
from workers.settings import registry_of

from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import Answer, NoBody, NoPath, NoQuery, Page, PageQuery, PathModel, sliced


class ActionPath(PathModel):
    """
    Which action.
    """

    name: str = Field(pattern="^[a-z][a-z0-9_]{0,63}$", description="Its name.")


class ActionAnswer(Answer):
    """
    An action.
    """

    name: str = Field(description="What steps name as their `type`.")
    summary: str = Field(description="What it does.")
    effect: EffectClass = Field(
        description="What may be done about a step that was begun and has no result, since its process died."
    )
    needs_order: bool = Field(description="Whether the order is read before it runs.")
    parameters: dict[str, Any] = Field(
        description="JSON Schema of what a step has beside `type`; empty where an annotation of yours has no form."
    )


def _list(call: Call[NoPath, PageQuery, NoBody]) -> Page:
    registry = registry_of(call.services.raw)
    names = sorted(registry)
    return Page(items=[_answer(registry, name) for name in sliced(names, call.query)], total=len(names))


def _show(call: Call[ActionPath, NoQuery, NoBody]) -> ActionAnswer:
    registry = registry_of(call.services.raw)
    if call.path.name not in registry:
        raise ApiError(ErrorCode.NOT_FOUND, registry.describe_unknown(call.path.name))
    return _answer(registry, call.path.name)


def _answer(registry: Registry, name: str) -> ActionAnswer:
    action = registry[name]
    return ActionAnswer(
        name=name,
        summary=action.summary,
        effect=action.effect,
        needs_order=action.needs_order,
        parameters=dict(registry.schema(name)),
    )


OPERATIONS: tuple[Operation, ...] = (
    Operation(
        name="listActions",
        method="GET",
        path="/api/v1/actions",
        tag="Workflows",
        scope=Scope.READ,
        summary="The actions that steps may name",
        about="Those of the configuration's own modules included. Ours.",
        query=PageQuery,
        answer=ActionAnswer,
        many=True,
        handler=_list,
    ),
    Operation(
        name="getAction",
        method="GET",
        path="/api/v1/actions/{name}",
        tag="Workflows",
        scope=Scope.READ,
        summary="One action, with the schema of its parameters",
        about="Ours.",
        path_model=ActionPath,
        answer=ActionAnswer,
        errors=(ErrorCode.NOT_FOUND,),
        handler=_show,
    ),
)
