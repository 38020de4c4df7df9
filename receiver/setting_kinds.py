"""
Kinds of settings: what a value may look like, how it is read, and what is said where it is wrong.

Knows no setting by name.
"""

from pathlib import Path
from typing import Annotated, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
)

from . import redis_url
from .secrets import resolved


class Section(BaseModel):
    """
    A table of the file: closed, frozen, and strict about kinds, so that `port = true` is not port 1.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False, hide_input_in_errors=True
    )


def _forget(_: object) -> None:
    return None


def _revealed(given: object, info: ValidationInfo) -> object:
    return resolved(given, info).reveal() if isinstance(given, str) else given


Elsewhere: TypeAlias = Annotated[None, BeforeValidator(_forget)]
"""A table of another package: anything goes in, nothing stays."""

SourceName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]

DottedPath: TypeAlias = Annotated[
    str,
    Field(pattern=r"^[^.]+(\.[^.]+)*$", json_schema_extra={"expected": "a dotted path such as data.id"}),
]

RedisUrl: TypeAlias = Annotated[
    str,
    BeforeValidator(_revealed),
    AfterValidator(redis_url.checked),
    Field(
        pattern=r"^(rediss?|unix|rediss?\+sentinel)://.",
        repr=False,  # it may hold a password, and so may an error about it
        json_schema_extra={
            "writeOnly": True,
            "expected": "a URL that begins redis://, rediss://, unix://, redis+sentinel:// or "
            "rediss+sentinel://, or env:NAME or file:PATH of one",
        },
    ),
]


def _beside_the_file(given: object, info: ValidationInfo) -> object:
    if not isinstance(given, str):
        return given
    if not given.strip():
        raise ValueError("expected the path of a folder, found nothing")
    folder: Path = (info.context or {}).get("folder", Path())
    return (folder / given).resolve()


Folder: TypeAlias = Annotated[
    Path,
    BeforeValidator(_beside_the_file),
    WithJsonSchema({"type": "string", "expected": "the path of a folder"}),
]
"""A folder; a relative one is taken from the folder of the configuration's file."""
