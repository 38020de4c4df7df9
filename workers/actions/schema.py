"""
What an action takes, as a JSON Schema: for the API, for pages, and for forms that are made of it. Pure.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.errors import PydanticInvalidForJsonSchema


def parameters(params: type[BaseModel]) -> Mapping[str, Any]:
    """Return the schema of an action's parameters; `{}` where an annotation of its author's has no form in it."""
    try:
        found: dict[str, Any] = _untitled(params.model_json_schema(by_alias=True))
    except PydanticInvalidForJsonSchema:
        return {}
    return found


def _untitled(node: Any) -> Any:
    # The titles are made of names that are ours, `Param Tag`, and say nothing.
    match node:
        case dict():
            return {key: _untitled(value) for key, value in node.items() if not _is_title(key, value)}
        case list():
            return [_untitled(one) for one in node]
    return node


def _is_title(key: str, value: object) -> bool:
    # A parameter may be called `title` itself: then it is a schema and no text.
    return key == "title" and isinstance(value, str)
