"""
What the settings of several schemes are made of: secrets and their times, names of headers, the tolerance.
"""

from datetime import datetime
from typing import Annotated, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    model_validator,
)

from ..secrets import SECRETIVE, Secret, SecretText, resolved
from .rotation import Window

HeaderName = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$", json_schema_extra={"expected": "the name of a header"}
    ),
]
IdHeader = Annotated[HeaderName | None, Field(description="Header with the event's id.")]
TypeHeader = Annotated[HeaderName | None, Field(description="Header with the event's type.")]
Tolerance = Annotated[
    int,
    Field(
        ge=1,
        le=86_400,
        description="Seconds that a signed time may be off, either way; where no time is signed, seconds for which "
        "a body is remembered, so that it cannot come back under a new id.",
    ),
]


class SecretSettings(BaseModel):
    """
    One secret, and when it is in force: from *not_before* on, until just before *not_after*.
    """

    model_config = SECRETIVE | ConfigDict(
        json_schema_extra={
            "expected": "env:NAME, file:PATH, or a table with secret, not_before and not_after"
        }
    )

    secret: SecretText = Field(
        description="What the sender knows too.",
        json_schema_extra={"expected": "env:NAME, file:PATH or the secret itself"},
    )
    not_before: AwareDatetime | None = Field(
        default=None, description="From then on it is in force; if unset, from the beginning."
    )
    not_after: AwareDatetime | None = Field(
        default=None, description="From then on it is not in force; if unset, it never ends."
    )

    @model_validator(mode="after")
    def _in_force_at_all(self) -> Self:
        if self.not_before and self.not_after and self.not_after <= self.not_before:
            raise ValueError("not_after must be later than not_before")
        return self

    @property
    def window(self) -> Window:
        return Window.of(self.not_before, self.not_after)

    def in_force(self, now: datetime) -> bool:
        return self.window.holds(now.timestamp())


def _spelled_out(given: object, info: ValidationInfo) -> object:
    # Read here and not in the table's field, so that an error names `secrets[0]` as it was written.
    return {"secret": resolved(given, info)} if isinstance(given, str | Secret) else given


Secrets = Annotated[
    tuple[Annotated[SecretSettings, BeforeValidator(_spelled_out)], ...],
    Field(min_length=1, max_length=8),
]
"""Secrets, or tables of a secret and its times; any one of them will do, and all of them are tried."""
