"""
The settings of every scheme, as they stand under `[sources.NAME.scheme]`.

Owns what may be written there. A source without a usable secret never starts: nothing here fails open.
"""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from receiver.secrets import SECRETIVE, Secret, SecretText, resolved

from . import standard_keys, template
from .options import PRESETS, HmacOptions, SecretEncoding, secret_bytes
from .rotation import Window

HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,64}$")]
Tolerance = Annotated[int, Field(ge=1, le=86_400)]
"""Seconds, in both directions."""


class SecretSettings(BaseModel):
    """
    One secret, and when it is in force: from *not_before* on, until just before *not_after*.
    """

    model_config = SECRETIVE

    secret: SecretText
    not_before: AwareDatetime | None = None
    not_after: AwareDatetime | None = None

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


class _Scheme(BaseModel):
    model_config = SECRETIVE


class _Keyed(_Scheme):
    secrets: Secrets


class _Signed(_Keyed):
    """
    A scheme that signs the body; where it signs no time, *tolerance_s* is how long a body is remembered.
    """

    tolerance_s: Tolerance = 300


class StandardWebhooksSettings(_Signed):
    """
    https://github.com/standard-webhooks/standard-webhooks, spec 1.0.0.

    Secrets are `whsec_…` (HMAC, `v1`), `whpk_…` (ed25519 public key, `v1a`) or `whsk_…` (its secret key).
    """

    type: Literal["standard-webhooks"]
    #: Senders that use Svix may name the headers `svix-id`, `svix-timestamp` and `svix-signature`.
    headers: Literal["webhook", "svix"] = "webhook"

    @field_validator("secrets")
    @classmethod
    def _are_keys(cls, secrets: tuple[SecretSettings, ...]) -> tuple[SecretSettings, ...]:
        for each in secrets:
            standard_keys.parse(each.secret)
        return secrets


class HmacSettings(_Signed):
    """
    Any HMAC: which header carries it, how it is written, and what it covers.
    """

    type: Literal["hmac"]
    header: HeaderName
    #: SHA-1 is for senders that have nothing better; it is never a fallback.
    algorithm: Literal["sha256", "sha384", "sha512", "sha1"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    #: How the secret itself is written: `text` takes its characters as they are.
    secret_encoding: SecretEncoding = "text"  # noqa: S105 - an encoding
    #: `pairs` is `t=1674087231,v1=…` in one header, with *prefix* for the signatures' name.
    layout: Literal["plain", "pairs"] = "plain"
    prefix: Annotated[str, Field(max_length=32, pattern=r"^[!-+\--~]*$")] = ""  # no comma, no space
    #: A template of `{id}`, `{timestamp}` and `{body}`.
    signs: str = "{body}"
    timestamp_header: HeaderName | None = None
    id_header: HeaderName | None = None
    type_header: HeaderName | None = None

    @field_validator("signs")
    @classmethod
    def _is_template(cls, signs: str) -> str:
        template.parse(signs)
        return signs

    @model_validator(mode="after")
    def _carries_what_it_signs(self) -> Self:
        signed = template.parse(self.signs)
        carries_time = self.timestamp_header is not None or self.layout == "pairs"
        if signed.signs_timestamp and not carries_time:
            raise ValueError("signs has {timestamp}; expected a timestamp_header that carries it")
        if carries_time and not signed.signs_timestamp:
            raise ValueError("a timestamp that is not signed proves nothing; expected {timestamp} in signs")
        if signed.signs_id and self.id_header is None:
            raise ValueError("signs has {id}; expected an id_header that carries it")
        return self

    @model_validator(mode="after")
    def _pairs_are_complete(self) -> Self:
        if self.layout == "pairs" and self.timestamp_header is not None:
            raise ValueError("layout pairs holds the timestamp in its t=; expected no timestamp_header")
        if self.layout == "pairs" and (not self.prefix.endswith("=") or self.prefix == "t="):
            raise ValueError("layout pairs needs the name of its signatures; expected a prefix such as v1=")
        return self

    @model_validator(mode="after")
    def _are_keys(self) -> Self:
        for each in self.secrets:
            secret_bytes(each.secret, self.secret_encoding)
        return self

    @property
    def options(self) -> HmacOptions:
        return HmacOptions(
            header=self.header,
            algorithm=self.algorithm,
            encoding=self.encoding,
            secret_encoding=self.secret_encoding,
            layout=self.layout,
            prefix=self.prefix,
            signs=template.parse(self.signs),
            timestamp_header=self.timestamp_header,
            id_headers=(self.id_header,) if self.id_header else (),
            type_header=self.type_header,
        )


class _Preset(_Signed):
    type: str

    @property
    def options(self) -> HmacOptions:
        return PRESETS[self.type]


class GithubSettings(_Preset):
    type: Literal["github"]


class ShopifySettings(_Preset):
    type: Literal["shopify"]


class WoocommerceSettings(_Preset):
    type: Literal["woocommerce"]


class StripeSettings(_Preset):
    type: Literal["stripe"]


class HeaderSettings(_Keyed):
    """
    A secret in a header, as it is: it proves who sends, and nothing about what is sent.
    """

    type: Literal["header"]
    name: HeaderName
    #: What stands before the secret, such as `Bearer `.
    prefix: str = Field(default="", max_length=32)
    id_header: HeaderName | None = None
    type_header: HeaderName | None = None

    @model_validator(mode="after")
    def _fits_a_header(self) -> Self:
        for each in self.secrets:
            whole = self.prefix + each.secret.reveal()
            if whole != whole.strip() or not whole.isprintable():
                raise ValueError(
                    f"{each.secret!r} cannot stand in a header: it has control characters or outer spaces"
                )
        return self


class BasicSettings(_Keyed):
    """
    HTTP basic authentication; the secrets are its passwords.
    """

    type: Literal["basic"]
    username: str = Field(min_length=1, max_length=256, pattern=r"^[^:\x00-\x1f\x7f]+$")
    id_header: HeaderName | None = None
    type_header: HeaderName | None = None


class UnsignedSettings(_Scheme):
    """
    Anybody may send. It has to be asked for by name, and such a source is never called authentic.
    """

    type: Literal["unsigned"]
    id_header: HeaderName | None = None
    type_header: HeaderName | None = None


HmacFamily = HmacSettings | GithubSettings | ShopifySettings | WoocommerceSettings | StripeSettings
SchemeSettings = Annotated[
    StandardWebhooksSettings | HmacFamily | HeaderSettings | BasicSettings | UnsignedSettings,
    Field(discriminator="type"),
]
"""Any scheme; `type` says which."""
