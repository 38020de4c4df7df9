"""
The table `[integrations]` and the keys of providers: what console and workers are told about connected shops.

Apart from `sections.py`, since the console reads it too. Each description is a row of `docs/configuration.md`.
"""

from typing import Annotated, TypeAlias

from pydantic import ConfigDict, Field

from receiver.sealing import SealingKeys
from receiver.settings import Section, SourceName

PublicUrl: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$",
        json_schema_extra={"expected": "a URL such as https://hooks.example.com"},
    ),
]


class IntegrationsSection(Section):
    """
    Shops that are connected through the Integrations API, see [integrations.md](integrations.md).
    """

    order_source: SourceName | None = Field(
        default=None,
        description="The source whose order API is given the orders of shops, and whose events are told to them; if "
        "unset, the only source that has an order API.",
    )
    public_url: PublicUrl | None = Field(
        default=None,
        description="Where the receiver is reached from outside; the webhook address of a shop begins with it. Unset, "
        "an answer shows the path alone.",
    )
    allow_private: bool = Field(
        default=False,
        description="`true` allows shops that are refused otherwise: plain HTTP, ports but 443 and 8443, and addresses "
        "of your own network or machine, such as the sandbox. Never link-local, multicast, reserved or metadata "
        "addresses.",
    )


class CredentialsTable(Section):
    """
    What workers read of the console's table.
    """

    model_config = ConfigDict(extra="ignore", arbitrary_types_allowed=True)

    credentials_key: SealingKeys = Field(
        default=(),
        description="What seals the API credentials of connected shops; the console and the workers have it, receivers "
        "never.",
    )
