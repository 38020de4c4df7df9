"""
The built-in action `create_order`: a new order, its fields made of what an event says.
"""

import difflib
from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, PlainSerializer, ValidationError, WithJsonSchema

from ..api.orders import NewOrder
from ..failures import Permanent, Reason
from ..templating import Unrenderable, tree
from .base import OrderApi, Result, Step
from .marking import action
from .parameters import ApiSource
from .subjects import api_of
from .values import filled, values_for

#: The reason of a dead letter whose order lacks a field, or has a wrong one.
INVALID = "order_invalid"
_FIELDS = {field.alias or name: field for name, field in NewOrder.model_fields.items()}


def _fields(given: object) -> object:
    """Read the templates; a field that orders do not have, or that each needs, is found at the start."""
    if not isinstance(given, Mapping):
        raise ValueError("expected a table of the order's fields")  # noqa: TRY004 - pydantic's
    for name in given:
        if name not in _FIELDS:
            near = difflib.get_close_matches(str(name), _FIELDS, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; known: {', '.join(_FIELDS)}"
            raise ValueError(f"an order has no field {name!r}{hint}")
    missing = [name for name, field in _FIELDS.items() if field.is_required() and name not in given]
    if missing:
        raise ValueError(f"an order needs {', '.join(missing)}")
    try:
        return tree.read(given)
    except Unrenderable as error:
        raise ValueError(f"expected templates such as {{{{ data.city }}}}: {error}") from None


Fields: TypeAlias = Annotated[
    Mapping[str, Any],
    BeforeValidator(_fields),
    PlainSerializer(tree.texts, return_type=dict),
    WithJsonSchema({"type": "object", "expected": "a table of the order's fields; each text is a template"}),
]


@action("create_order", effect="keyed")
async def create_order(step: Step, *, fields: Fields, at: ApiSource | None = None) -> Result:
    """
    Create an order.

    It is created under the step's key, so a repeat finds the one that is there.

    Args:
        fields: The order's fields, as create order has them; every text in them is a template. A field that is a
            single `{{ … }}` keeps the kind of its value, and one that comes to null is left out.
        at: The source whose order API gets it; the event's own, if unset.
    """
    values = await values_for(step, tree.names(fields))
    order = await filled(lambda: _order(tree.filled(fields, values)))
    created = await _api(step, at).create_order(order, idempotency_key=step.idempotency_key)
    return {"order": created.id, "displayId": created.display_id, "already": created.duplicate}


def _order(fields: Mapping[str, Any]) -> NewOrder:
    try:
        return NewOrder.model_validate(fields)
    except ValidationError as error:
        problems = error.errors(include_url=False, include_context=False, include_input=False)
        said = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in problems)
        raise Permanent(f"the order cannot be created: {said}", reason=INVALID) from None


def _api(step: Step, at: str | None) -> OrderApi:
    if at is None:
        return api_of(step)
    found = step.kit.apis.get(at)
    if found is None:
        message = f"there is no source {at} with an order API; correct `at`, or add `api` to [sources.{at}]"
        raise Permanent(message, reason=Reason.API_MISSING)
    return found
