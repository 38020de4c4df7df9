"""
Where a body that somebody else has laid out holds type, subject, time and id: `[sources.NAME.mapping]`.

Pure, and total over any JSON: what is not there, or is of another kind, is None. What becomes of an event without a
type is the intake's matter.
"""

import re
from typing import Annotated, Any, Self, TypeAlias

from pydantic import BeforeValidator, ConfigDict, Field, model_validator

from .setting_kinds import DottedPath, Section
from .strict_json import JSON, lookup

#: What an event type may look like.
EVENT_TYPE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}\Z")
_PATH = re.compile(r"[^.]+(\.[^.]+)*")

EventType: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$",
        json_schema_extra={"expected": "an event type such as order.updated"},
    ),
]


class TypeMapping(Section):
    """
    Where the event type stands, or what it is. `type = "state"` is short for `type = { path = "state" }`.
    """

    model_config = ConfigDict(
        json_schema_extra={"expected": "a dotted path such as state, or a table with path or constant"}
    )

    path: DottedPath | None = Field(
        default=None, description="Where it stands in the body, or a word of the sender's that says it."
    )
    words: dict[str, EventType] = Field(
        default_factory=dict,
        description="From the word at `path` to the event type; `true`, `false` and whole numbers are words too. "
        "If unset, the word is the event type.",
    )
    otherwise: EventType | None = Field(
        default=None,
        description="The event type where the body has no word at `path`, or one that `words` does not list; if "
        "unset, such a delivery is quarantined.",
    )
    constant: EventType | None = Field(
        default=None, description="The event type of all that this source sends, whatever the body says."
    )

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if (self.path is None) == (self.constant is None):
            raise ValueError("expected either path or constant")
        if self.constant is not None and (self.words or self.otherwise):
            raise ValueError("constant stands for every body; expected no words and no otherwise beside it")
        return self

    def read(self, payload: JSON) -> str | None:
        """Return the event type of a body; None where it has none that can be used."""
        if self.constant is not None:
            return self.constant
        word = _word(lookup(payload, self.path or ""))
        if word is not None and self.words:
            return self.words.get(word, self.otherwise)
        return word if word is not None and EVENT_TYPE.match(word) else self.otherwise

    @property
    def missing(self) -> str:
        """Return what is said of a body that has no event type; of the body it quotes nothing."""
        listed = "a word that `mapping.type.words` lists" if self.words else "an event type"
        return f"no event type: expected {listed} at `{self.path}`"


def _word(found: Any) -> str | None:
    """Return what a template wrote, with or without quotes, as text."""
    if type(found) is bool:
        return "true" if found else "false"
    return str(found) if type(found) in (str, int) else None


def _spelled_out(given: object) -> object:
    if not isinstance(given, str):
        return given
    if not _PATH.fullmatch(given):  # said here and not in the table's field, which nobody has written
        raise ValueError(f'"{given}"; expected a dotted path such as data.id')
    return {"path": given}


class MappingSettings(Section):
    """
    Where type, subject, time and id stand in a body: paths lead through objects, and by numbers through lists.
    """

    type: Annotated[TypeMapping | None, BeforeValidator(_spelled_out)] = Field(
        default=None,
        description='Where the event type stands, or what it is: `type = "state"` is short for '
        '`type = { path = "state" }`. If unset, it is in `event`, then `type`, then the scheme\'s header.',
    )
    subject: DottedPath = Field(
        default="data.id",
        description="Where the order's id stands; an order's events are processed in sequence.",
    )
    occurred_at: DottedPath | None = Field(
        default=None,
        description="Where the event's time stands, by which a late delivery is told; if unset in "
        '`timestamp`, `occurredAt` or `created`. Of a source with `trust = "hint"` none is taken.',
    )
    id: DottedPath | None = Field(
        default=None,
        description="Where the event id stands; if unset the scheme's id, then a digest of the delivery.",
    )
    same_body_s: int | None = Field(
        default=None,
        ge=1,
        le=86_400,
        description="Seconds in which the same body is the same event; the same body later on is a new one. For "
        "bodies without an id and a time, which are the same each time an order comes into the same state. If unset, "
        "such a body is a duplicate for as long as the event is known.",
    )

    @model_validator(mode="after")
    def _has_one_way_to_tell_events_apart(self) -> Self:
        if self.id is not None and self.same_body_s is not None:
            raise ValueError("same_body_s is for bodies without an id; expected id or same_body_s")
        return self
