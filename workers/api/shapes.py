"""
What all that an API says, and all that it is sent, have in common.

Owns the tolerance of the one and the strictness of the other; field names are those of a class, in camel case.
"""

from collections.abc import Mapping
from typing import Any, TypeAlias

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

JsonObject: TypeAlias = Mapping[str, Any]


class Answer(BaseModel):
    """Something the API said: unknown fields ignored, numbers read as ids, values kept out of messages."""

    model_config = ConfigDict(
        frozen=True,
        extra="ignore",
        alias_generator=to_camel,
        validate_by_name=True,
        coerce_numbers_to_str=True,
        hide_input_in_errors=True,  # an answer is full of personal data
    )


class Outgoing(BaseModel):
    """Something that we send: an unknown field is a mistake of ours, and values stay out of messages."""

    model_config = ConfigDict(
        frozen=True,
        extra="forbid",
        alias_generator=to_camel,
        validate_by_name=True,
        str_strip_whitespace=True,
        hide_input_in_errors=True,
    )

    def body(self) -> dict[str, Any]:
        """Return the JSON object to send; what is None is left out."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def kind_of(value: object) -> str:
    """Name the JSON kind of *value*; for messages, which never show the value itself."""
    if value is None:
        return "null"
    if isinstance(value, Mapping):
        return "an object"
    return {list: "a list", str: "a string", bool: "a boolean"}.get(type(value), "a number")
