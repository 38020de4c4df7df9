"""
The tables `[targets.NAME]`: where outbound webhooks go, and what they are signed with.

Apart from `sections.py`, since the console reads it too. Each description is a row of `docs/configuration.md`.
"""

import re
from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import AfterValidator, ConfigDict, Field, ValidationInfo, WithJsonSchema, field_validator

from receiver.secrets import Secret, SecretText
from receiver.settings import Section
from receiver.verification import SecretSettings
from receiver.verification.fields import Secrets

from . import egress
from .targets.signing import check_key

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}", re.ASCII)
_LONGEST_VALUE = 4_096
#: What the message itself says, or the connection.
_OURS = re.compile(
    r"webhook-.*|svix-.*|content-.*|host|connection|transfer-encoding|te|upgrade|expect|trailer|accept-encoding|"
    r"user-agent|proxy-.*|keep-alive",
    re.IGNORECASE,
)


def _checked(headers: dict[str, Secret]) -> dict[str, Secret]:
    for name, value in headers.items():
        if not _NAME.fullmatch(name):
            raise ValueError("expected names of headers, found one that is none")
        if _OURS.fullmatch(name):
            raise ValueError(f"{name} is a header that a message has anyway; expected another one")
        text = value.reveal()
        if len(text) > _LONGEST_VALUE or not (text.isascii() and text.isprintable() and text == text.strip()):
            raise ValueError(f"the value of {name} cannot stand in a header; expected printable ASCII")
    if len({name.lower() for name in headers}) < len(headers):
        raise ValueError("a header is there twice; expected each once")
    return headers


TargetName: TypeAlias = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]{0,63}$")]
Headers: TypeAlias = Annotated[
    dict[str, SecretText],
    AfterValidator(_checked),
    WithJsonSchema(
        {
            "type": "object",
            "writeOnly": True,
            "expected": "a table of headers; a value may be env:NAME or file:PATH",
        }
    ),
]


class TargetSettings(Section):
    """
    A receiver of outbound webhooks, which steps of type `webhook` name.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)  # the secrets

    allow_private: bool = Field(
        default=False,
        description="`true` allows what is refused otherwise: plain HTTP, ports but 443 and 8443, and addresses of "
        "your own network or machine. Never link-local, multicast, reserved or metadata addresses.",
    )
    url: SecretText = Field(
        description="Where messages are posted to; redirects are not followed. Shown nowhere but for its host.",
        json_schema_extra={
            "writeOnly": True,
            "expected": "a URL such as https://erp.example.com/hooks, or env:NAME or file:PATH of one",
        },
    )
    secrets: Secrets = Field(
        strict=False,
        description="What messages are signed with: `whsec_…` (HMAC, `v1`) or `whsk_…` (ed25519, `v1a`). Each that is "
        "in force signs, so that one can be replaced without a gap.",
        json_schema_extra={"expected": "a list of 1 to 8, each env:NAME, file:PATH or a table"},
    )
    headers: Headers = Field(
        default={}, repr=False, description="Further headers of each message, such as `Authorization`."
    )
    timeout_s: float = Field(
        default=15.0,
        gt=0,
        le=300,
        description="Seconds that a message may take in all; never more than nine tenths of `worker.call_deadline_s`.",
    )
    concurrency: int = Field(
        default=2, ge=1, le=1_000, description="Messages under way at the same time, of all workers together."
    )

    @field_validator("url")
    @classmethod
    def _may_be_sent_to(cls, url: Secret, info: ValidationInfo) -> Secret:
        egress.parse(url.reveal(), allow_private=info.data.get("allow_private", False))
        return url

    @field_validator("secrets")
    @classmethod
    def _can_sign(cls, secrets: tuple[SecretSettings, ...]) -> tuple[SecretSettings, ...]:
        for each in secrets:
            check_key(each.secret)
        return secrets

    @property
    def destination(self) -> egress.Destination:
        return egress.parse(self.url.reveal(), allow_private=self.allow_private)

    @property
    def sent_headers(self) -> Mapping[str, str]:
        """Return the further headers with their values."""
        return {name: value.reveal() for name, value in self.headers.items()}
