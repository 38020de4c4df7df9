"""
The shape of a workflow's definition, and pydantic's errors in our words.

Owns the keys of `[[workflows]]` and their defaults. What conditions and actions mean is not its business.
"""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from .entities import EntityType
from .triggers import FORM_IN_WORDS, is_trigger

#: What a stale event does, one that arrived after a later one of its subject.
OnStale: TypeAlias = Literal["skip", "run"]
#: What the echo of a write of ours does.
OnEcho: TypeAlias = Literal["skip", "run"]
#: Whether it acts, or only says in the record what it would have done.
Mode: TypeAlias = Literal["live", "shadow"]

_PYDANTIC_PREFIX = "Value error, "


def _name(text: str) -> str:
    if text != text.strip() or not text.isprintable():
        raise ValueError("expected printable text without spaces around it")
    return text


def _trigger(text: str) -> str:
    if not is_trigger(text):
        raise ValueError(f"expected {FORM_IN_WORDS}")
    return text


def _some(actions: tuple[Mapping[str, Any], ...]) -> tuple[Mapping[str, Any], ...]:
    if not actions:
        raise ValueError("expected at least one action")
    return actions


class Definition(BaseModel):
    """One entry of `[[workflows]]`."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Annotated[str, Field(min_length=1, max_length=120), AfterValidator(_name)] = Field(
        description="Names one workflow, up to 120 characters; the runs of an event are told apart by it."
    )
    entity_type: EntityType = Field(
        default="Order",
        description="What it is about, in the words of the Dispatch API; events about something else do not start it.",
    )
    trigger: Annotated[str, AfterValidator(_trigger)] = Field(
        description="The event type that starts it, `order.created`, or its code, `order_created`; "
        "`order_status_changed` is any change of an order's status.",
        json_schema_extra={"expected": FORM_IN_WORDS},
    )
    conditions: Mapping[str, Any] = Field(
        default={}, description="What must hold of the event and its order; without conditions, nothing must."
    )
    actions: Annotated[tuple[Mapping[str, Any], ...], AfterValidator(_some)] = Field(
        description="What is done, in this order: tables of `type` and the parameters of that action.",
        json_schema_extra={"expected": "a list of at least one table"},
    )
    enabled: bool = Field(default=True, description="`false` keeps the definition and starts nothing.")
    mode: Mode = Field(
        default="live",
        description="`shadow` asks the conditions, notes in the event's record what it would have done, and does "
        "nothing.",
    )
    on_stale: OnStale = Field(
        default="skip",
        description="What it does about an event that came after a later one of the same order.",
    )
    on_echo: OnEcho = Field(
        default="skip",
        description="What it does about an event that a write of ours raised; see `[loop_guard]`.",
    )
    latest_only: bool = Field(
        default=False,
        description="Whether it wants the newest state only: an event is passed over while a newer one of the same "
        "type and order waits.",
    )


def describe(error: ValidationError, model: type[BaseModel]) -> Iterator[tuple[str, str]]:
    """Yield place (`actions[0].tag`) and message of each error, with the known keys where one is not."""
    for detail in error.errors(include_url=False, include_context=False, include_input=False):
        yield place(detail["loc"]), _message(detail, model)


def place(location: tuple[int | str, ...]) -> str:
    """Spell a location as a key of the configuration."""
    spelt = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return spelt.removeprefix(".")


def _message(detail: ErrorDetails, model: type[BaseModel]) -> str:
    match detail["type"]:
        case "extra_forbidden":
            return f"unknown key; known: {', '.join(_keys(model)) or 'none'}"
        case "missing":
            return "is required"
        case _:
            return detail["msg"].removeprefix(_PYDANTIC_PREFIX)


def _keys(model: type[BaseModel]) -> Iterator[str]:
    return (field.alias or name for name, field in model.model_fields.items())
