"""
The table `[email]`: the mail server that letters are handed to. Each description is a row of `docs/configuration.md`.
"""

from ipaddress import ip_address
from typing import Literal, Self

from pydantic import ConfigDict, Field, field_validator, model_validator

from receiver.secrets import SecretText
from receiver.setting_kinds import Folder
from receiver.settings import Section

from .mail import Server, addresses

_PORTS = {"starttls": 587, "implicit": 465, "none": 25}


class EmailSettings(Section):
    """
    The mail server that the action `send_email` hands its letters to.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)  # the password

    host: str = Field(
        min_length=1, max_length=255, description="The mail server's name, as its certificate says it."
    )
    port: int | None = Field(
        default=None,
        ge=1,
        le=65_535,
        description="Its port; if unset 587 for `starttls`, 465 for `implicit`, 25.",
    )
    tls: Literal["starttls", "implicit", "none"] = Field(
        default="starttls",
        description="`starttls` begins in the clear and insists on TLS, `implicit` begins with it; `none` is for a "
        "server on this machine only.",
    )
    user: str | None = Field(
        default=None, min_length=1, max_length=320, description="Whom to log in as, if anybody."
    )
    password: SecretText | None = Field(
        default=None,
        description="The password for `user`.",
        json_schema_extra={"expected": "env:NAME, file:PATH or the password itself"},
    )
    sender: str = Field(
        alias="from",
        description="Whom the letters are from: an address, or `Nordlys <orders@example.com>`.",
        json_schema_extra={"expected": "an e-mail address, or a name and <address>"},
    )
    ca_file: Folder | None = Field(
        default=None,
        description="File with the certificates that vouch for the server; if unset, those that the system trusts.",
        json_schema_extra={"expected": "the path of a file"},
    )
    timeout_s: float = Field(
        default=15.0,
        gt=0,
        le=300,
        description="Seconds that a letter may take in all; never more than nine tenths of `worker.call_deadline_s`.",
    )
    concurrency: int = Field(
        default=4, ge=1, le=100, description="Letters under way at the same time, of one worker process."
    )

    @field_validator("sender")
    @classmethod
    def _is_an_address(cls, text: str) -> str:
        addresses.sender(text)
        return text

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user without password, or the reverse; expected both or neither")
        if self.tls == "none" and not _is_this_machine(self.host):
            raise ValueError(f'tls = "none" with host {self.host}; expected a server on this machine, or TLS')
        return self

    @property
    def server(self) -> Server:
        """Return where letters are handed over."""
        login = (self.user, self.password.reveal()) if self.user and self.password else None
        port = self.port or _PORTS[self.tls]
        return Server(host=self.host, port=port, tls=self.tls, login=login, authorities=self.ca_file)


def _is_this_machine(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
