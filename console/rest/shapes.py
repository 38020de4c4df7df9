"""
What goes in and out: the bases of all models, closed and camelCase on the wire, and the page of a list. Pure.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.alias_generators import to_camel

#: Items on a page where the caller does not say, and at most.
PAGE_SIZE, MAX_PAGE_SIZE = 50, 100
#: No list is so long; a bound keeps arithmetic and messages small.
MAX_PAGE = 100_000_000


class Given(BaseModel):
    """
    Something a caller gives: unknown names are refused, and kinds are not guessed at.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=False,
        extra="forbid",
        strict=True,
        frozen=True,
        allow_inf_nan=False,
        hide_input_in_errors=True,
    )


class PathModel(Given):
    """
    The parameters in a path.
    """


class QueryModel(Given):
    """
    The parameters of a query; each may be given once.
    """


class BodyModel(Given):
    """
    A body of JSON.
    """


class NoPath(PathModel):
    """
    A path without parameters.
    """


class NoQuery(QueryModel):
    """
    No query parameters.
    """


class NoBody(BodyModel):
    """
    No body; one that is sent is not read.
    """


def _digits(given: object) -> object:
    if not isinstance(given, str):
        return given
    if not re.fullmatch(r"-?[0-9]{1,18}", given):
        raise ValueError("expected a whole number")
    return int(given)


def _true_or_false(given: object) -> object:
    if not isinstance(given, str):
        return given
    if given not in ("true", "false"):
        raise ValueError("expected true or false")
    return given == "true"


QueryInt = Annotated[int, BeforeValidator(_digits)]
"""A number in a query or a path: digits alone, where pydantic would take `1_0` too."""

QueryBool = Annotated[bool, BeforeValidator(_true_or_false)]
"""A switch in a query: `true` or `false`, where pydantic would take `on` too."""


class PageQuery(QueryModel):
    """
    Which page of a list.
    """

    page: QueryInt = Field(
        default=1, ge=1, le=MAX_PAGE, alias="Page", description="Which page, counted from 1."
    )
    page_size: QueryInt = Field(
        default=PAGE_SIZE, ge=1, le=MAX_PAGE_SIZE, alias="PageSize", description="How many items on a page."
    )

    @property
    def offset(self) -> int:
        """
        Return how many items lie before the page.
        """
        return (self.page - 1) * self.page_size


class Answer(BaseModel):
    """
    Something we answer; what is None is left out.
    """

    model_config = ConfigDict(
        alias_generator=to_camel,
        serialize_by_alias=True,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
    )


Moment = Annotated[str, WithJsonSchema({"type": "string", "format": "date-time"})]
"""A time in an answer: ISO 8601 in UTC, with milliseconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """
    One page of a list.

    Args:
        total: How many items there are on all pages; None where counting them would cost too much.
        more: What to give as `Cursor` to go on behind what was looked at, where the list goes on that way.
        partial: The page was cut short before it was full, and there may be more.
        explanation: Why the total is unknown or the page is cut short, for a person.

    """

    items: Sequence[Answer]
    total: int | None
    more: str = ""
    partial: bool = False
    explanation: str = ""


def sliced(found: Sequence[Any], query: PageQuery) -> Sequence[Any]:
    """
    Return the page of a list that is here whole.
    """
    return found[query.offset : query.offset + query.page_size]
