"""
From a marked function to an Action: its parameters become a model, its call becomes a coroutine.

Owns every rule for what such a function may look like, and what is kept of what it returns.
"""

import asyncio
import inspect
import json
import re
from collections.abc import Callable, Mapping, Sequence
from inspect import Parameter
from types import SimpleNamespace
from typing import Any, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, create_model

from .. import provenance
from ..failures import Permanent, Reason
from . import documented
from .base import Action, EffectClass, Result, Run, Step
from .marking import Mark

#: A result is kept for as long as its event is: it is a receipt, not a document.
RESULT_LIMIT_BYTES = 16_384

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
# Fields carry a prefix, since a parameter called `json` or `copy` would hide a method of the model.
_FIELD = "param_"
_POSITIONAL = (Parameter.POSITIONAL_ONLY, Parameter.POSITIONAL_OR_KEYWORD)


def build(function: Callable[..., Any], mark: Mark) -> Action:
    """
    Make an Action of a marked function.

    Raises:
        ValueError: Its name, its effect class or its signature cannot be used; the message says why.
    """
    if not _NAME.fullmatch(mark.name):
        raise ValueError(f"the action's name {mark.name!r} is not made of a-z, 0-9 and _, or is over 64 long")
    if mark.effect not in list(EffectClass):
        raise ValueError(f"{mark.name}: the effect {mark.effect!r} is none of {', '.join(EffectClass)}")
    return Action(
        name=mark.name,
        summary=documented.summary(function),
        effect=EffectClass(mark.effect),
        params=_model(function, mark.name),
        needs_order=mark.needs_order,
        run=_runner(function),
        module=function.__module__,
        code=provenance.module(function.__module__),
    )


def _model(function: Callable[..., Any], name: str) -> type[BaseModel]:
    parameters, said = _parameters(function, name), documented.arguments(function)
    config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)
    try:
        hints = _hints(function, parameters)
        fields: dict[str, Any] = {
            f"{_FIELD}{one.name}": (hints[one.name], _field(one, said.get(one.name))) for one in parameters
        }
        return create_model(f"{name}_params", __config__=config, **fields)
    except Exception as error:  # an annotation is code, and pydantic has many ways to refuse one
        raise ValueError(f"{name}: an annotation cannot be used: {type(error).__name__}: {error}") from error


def _parameters(function: Callable[..., Any], name: str) -> Sequence[Parameter]:
    """Return the keyword-only parameters, having made sure that there are no others but the step."""
    parameters = list(inspect.signature(function).parameters.values())
    if not parameters or parameters[0].kind not in _POSITIONAL:
        raise ValueError(f"{name}: its first parameter must take the step")
    for parameter in parameters[1:]:
        _check(parameter, name)
    return parameters[1:]


def _check(parameter: Parameter, name: str) -> None:
    if parameter.kind is not Parameter.KEYWORD_ONLY:
        raise ValueError(f"{name}: the parameter {parameter.name} must be keyword-only, after a `*`")
    if parameter.annotation is Parameter.empty:
        raise ValueError(f"{name}: the parameter {parameter.name} has no annotation")
    if parameter.name == "type":
        raise ValueError(f"{name}: no parameter can be called `type`, which names the action in a workflow")


def _hints(function: Callable[..., Any], parameters: Sequence[Parameter]) -> Mapping[str, Any]:
    # Only the parameters' own: that of the step is often imported for type checkers only.
    annotations = {parameter.name: parameter.annotation for parameter in parameters}
    home = inspect.unwrap(function).__globals__
    return get_type_hints(SimpleNamespace(__annotations__=annotations), globalns=home, include_extras=True)


def _field(parameter: Parameter, description: str | None) -> Any:
    default = ... if parameter.default is Parameter.empty else parameter.default
    return Field(default, alias=parameter.name, description=description)


def _runner(function: Callable[..., Any]) -> Run:
    async def run(step: Step, params: BaseModel) -> Result | None:
        arguments = {name.removeprefix(_FIELD): getattr(params, name) for name in type(params).model_fields}
        try:
            return _kept(await _returned(function, step, arguments))
        except SystemExit as escape:  # it would end the worker, not the step
            message = f"the action called sys.exit({escape.code})"
            raise Permanent(message, reason=Reason.CODE_BUG, effect="unknown") from escape

    return run


async def _returned(function: Callable[..., Any], step: Step, arguments: Mapping[str, Any]) -> object:
    if inspect.iscoroutinefunction(function):
        return await function(step, **arguments)
    returned = await asyncio.to_thread(_in_thread, function, step, arguments)
    # A decorator between ours and the function may hide that it is async.
    return await returned if inspect.isawaitable(returned) else returned


def _in_thread(function: Callable[..., Any], step: Step, arguments: Mapping[str, Any]) -> object:
    try:
        return function(step, **arguments)
    except StopIteration as escape:
        # It cannot be set on a future: who waits for the thread would wait for ever (CPython 3.11, measured).
        raise RuntimeError("the action raised StopIteration") from escape


def _kept(returned: object) -> Result | None:
    """
    Return what the ledger keeps of a result.

    What cannot be kept leaves a note: the effect is done, and a failure now would call for its repeat.
    """
    if returned is None:
        return None
    if not isinstance(returned, Mapping):
        return {"note": f"returned {type(returned).__name__}; only a mapping is kept"}
    try:
        text = json.dumps(dict(returned), allow_nan=False)
    except (TypeError, ValueError, RecursionError):
        return {"note": "returned a mapping that is not JSON; not kept"}
    if len(text) > RESULT_LIMIT_BYTES:
        return {"note": f"returned {len(text)} bytes; {RESULT_LIMIT_BYTES} are kept at most"}
    kept: Result = json.loads(text)
    return kept
