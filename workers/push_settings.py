"""
The table `[push]`: who sends push messages, and where they may go. Each description is a row of
`docs/configuration.md`.
"""

from typing import Self

from pydantic import ConfigDict, Field, model_validator

from receiver.secrets import SecretText

from .push.sealing import Signer
from .push.subscriptions import Allowed
from .push_terms import PushTerms


class PushSettings(PushTerms):
    """
    Who sends the messages of the action `send_push`, and which push services they may go to.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)  # the key

    private_key: SecretText = Field(
        description="The VAPID private key, of the curve P-256; browsers subscribe with its public half.",
        json_schema_extra={"expected": "env:NAME or file:PATH of 32 bytes in base64url, or of PEM"},
    )
    subject: str = Field(
        pattern=r"^(mailto:[^\s@]+@[^\s@]+|https://\S+)$",
        description="Whom a push service may ask about the messages.",
        json_schema_extra={"expected": "mailto:ADDRESS or an https URL"},
    )
    timeout_s: float = Field(
        default=10.0, gt=0, le=300, description="Seconds that a message to one browser may take."
    )

    @model_validator(mode="after")
    def _can_sign(self) -> Self:
        try:
            self.signer  # noqa: B018 - to have it read
        except ValueError as error:
            raise ValueError(f"private_key: {error}") from None
        return self

    @property
    def signer(self) -> Signer:
        return Signer.read(self.private_key.reveal(), contact=self.subject)

    @property
    def allowed(self) -> Allowed:
        return Allowed(hosts=self.hosts, allow_private=self.allow_private)
