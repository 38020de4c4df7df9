"""
The settings of every scheme, as they stand under `[sources.NAME.scheme]`.

Owns what may be written there. A source without a usable secret never starts: nothing here fails open.
"""

from typing import Annotated, Literal, Self

from pydantic import BaseModel, Field, field_validator, model_validator

from ..secrets import SECRETIVE
from . import standard_keys, template
from .fields import HeaderName, IdHeader, Secrets, SecretSettings, Tolerance, TypeHeader
from .options import PRESETS, HmacOptions, SecretEncoding, secret_bytes


class _Scheme(BaseModel):
    model_config = SECRETIVE


class _Keyed(_Scheme):
    secrets: Secrets = Field(
        description="Any one of these secrets will do, so that one can be replaced without a gap.",
        json_schema_extra={"expected": "a list of 1 to 8, each env:NAME, file:PATH or a table"},
    )


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
    headers: Literal["webhook", "svix"] = Field(
        default="webhook",
        description="How the headers' names begin; senders that use Svix may send `svix-id`.",
    )

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
    header: HeaderName = Field(description="Header with the signature.")
    algorithm: Literal["sha256", "sha384", "sha512", "sha1"] = Field(
        default="sha256",
        description="`sha1` is for senders that have nothing better; it is never a fallback.",
    )
    encoding: Literal["hex", "base64"] = Field(default="hex", description="How the signature is written.")
    secret_encoding: SecretEncoding = Field(
        default="text", description="How the secret is written; `text` takes its characters as they are."
    )
    layout: Literal["plain", "pairs"] = Field(
        default="plain", description="`pairs` is `t=1674087231,v1=…` in one header, with `prefix` for `v1=`."
    )
    prefix: str = Field(
        default="",
        max_length=32,
        pattern=r"^[!-+\--~]*$",
        description="What stands before the signature, such as `sha256=`.",
        json_schema_extra={"expected": "up to 32 characters, no comma, no space"},
    )
    signs: str = Field(
        default="{body}", description="What is signed: a template of `{id}`, `{timestamp}` and `{body}`."
    )
    timestamp_header: HeaderName | None = Field(
        default=None, description="Header with the time in seconds since 1970, where the time is signed."
    )
    id_header: IdHeader = None
    type_header: TypeHeader = None

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
    """GitHub: `X-Hub-Signature-256`, over the body alone."""

    type: Literal["github"]


class ShopifySettings(_Preset):
    """Shopify: `X-Shopify-Hmac-Sha256`, over the body alone."""

    type: Literal["shopify"]


class WoocommerceSettings(_Preset):
    """WooCommerce: `X-WC-Webhook-Signature`, over the body alone."""

    type: Literal["woocommerce"]


class StripeSettings(_Preset):
    """Stripe: `Stripe-Signature`, over the time and the body; the id is in the body."""

    type: Literal["stripe"]


class HeaderSettings(_Keyed):
    """
    A secret in a header, as it is: it proves who sends, and nothing about what is sent.
    """

    type: Literal["header"]
    name: HeaderName = Field(description="Header with the secret.")
    prefix: str = Field(
        default="", max_length=32, description="What stands before the secret, such as `Bearer` and a space."
    )
    id_header: IdHeader = None
    type_header: TypeHeader = None

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
    username: str = Field(
        min_length=1,
        max_length=256,
        pattern=r"^[^:\x00-\x1f\x7f]+$",
        description="The user's name; the secrets are passwords.",
        json_schema_extra={"expected": "1 to 256 characters, no colon"},
    )
    id_header: IdHeader = None
    type_header: TypeHeader = None


class UnsignedSettings(_Scheme):
    """
    Anybody may send. It has to be asked for by name, and such a source is never called authentic.
    """

    type: Literal["unsigned"]
    id_header: IdHeader = None
    type_header: TypeHeader = None


HmacFamily = HmacSettings | GithubSettings | ShopifySettings | WoocommerceSettings | StripeSettings
SchemeSettings = Annotated[
    StandardWebhooksSettings | HmacFamily | HeaderSettings | BasicSettings | UnsignedSettings,
    Field(discriminator="type"),
]
"""Any scheme; `type` says which."""
