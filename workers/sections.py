"""
The tables of the file that concern workers, as frozen models with their defaults, units and limits.

Refuses to know how a source's deliveries are verified. Each description is a row of `docs/configuration.md`.
"""

from typing import Annotated, Any, Self, TypeAlias

from pydantic import ConfigDict, Field, model_validator

from receiver.secrets import SecretText
from receiver.setting_kinds import Folder
from receiver.settings import Elsewhere, RedisUrl, Section, SourceName, SourceTerms

from .api.paths import InstallerPaths, InstallerStatuses
from .download_settings import DownloadSettings
from .loop_settings import LoopGuardSettings
from .mail_settings import EmailSettings
from .provider_settings import CredentialsTable, IntegrationsSection
from .push_settings import PushSettings
from .reconcile_settings import ReconcileSettings
from .target_settings import TargetName, TargetSettings

MODULE_NAME = r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$"

BaseUrl: TypeAlias = Annotated[
    str,
    Field(
        # No user and password, which would end up in logs, no query and no fragment.
        pattern=r"^https?://[^\s/?#@]+(/[^\s?#@]*)?$",
        json_schema_extra={"writeOnly": True, "expected": "a URL such as https://api.example.com"},
    ),
]
ModuleName: TypeAlias = Annotated[
    str,
    Field(
        pattern=MODULE_NAME,
        json_schema_extra={"expected": "the name of a Python module such as erp_actions"},
    ),
]


class RetrySettings(Section):
    """
    When a failed attempt is followed by another one, and when by none.
    """

    base_s: float = Field(
        default=1.0,
        gt=0,
        le=3_600,
        description="Seconds that the first retry waits at most; each wait is drawn at random below a bound "
        "that doubles with every attempt.",
    )
    cap_s: float = Field(
        default=300.0,
        gt=0,
        le=86_400,
        description="Seconds that no wait exceeds, unless the API asks for more by `Retry-After` (up to an hour).",
    )
    max_attempts: int = Field(
        default=8, ge=1, le=1_000, description="Attempts after which an event is a dead letter."
    )
    max_age_s: float = Field(
        default=86_400.0,
        gt=0,
        le=2_592_000,
        description="Seconds since it was accepted or replayed, after which a failing event is dead.",
    )

    @model_validator(mode="after")
    def _grows(self) -> Self:
        if self.base_s > self.cap_s:
            raise ValueError(f"base_s is {self.base_s} and cap_s {self.cap_s}; expected base_s up to cap_s")
        return self


class WorkerSection(Section):
    """
    How much the workers do at a time and how long they may take.
    """

    processes: int = Field(
        default=1,
        ge=1,
        le=256,
        description="Worker processes that `orderhook worker` starts and watches over.",
    )
    concurrency: int = Field(
        default=50, ge=1, le=10_000, description="Events that one process works on at the same time."
    )
    lease_s: float = Field(
        default=30.0,
        gt=0,
        le=3_600,
        description="Seconds after which the orders of a worker that died are free for another; more than "
        "`call_deadline_s`.",
    )
    shift_s: float = Field(
        default=30.0,
        gt=0,
        le=3_600,
        description="Seconds that one job takes on new events before it hands over to the next.",
    )
    call_deadline_s: float = Field(
        default=20.0, gt=0, le=3_600, description="Seconds that one action may take, its calls included."
    )
    event_deadline_s: float = Field(
        default=60.0, gt=0, le=86_400, description="Seconds that one attempt of an event may take in all."
    )
    max_crashes: int = Field(
        default=3, ge=1, le=100, description="Workers that an event may take down with it; then it is dead."
    )
    retry: RetrySettings = RetrySettings()

    @model_validator(mode="after")
    def _lease_outlasts_a_call(self) -> Self:
        # Else a second worker would begin while the first still waits for its answer.
        if self.lease_s <= self.call_deadline_s:
            raise ValueError(
                f"lease_s is {self.lease_s} and call_deadline_s {self.call_deadline_s}; "
                "expected lease_s to be longer than call_deadline_s"
            )
        return self


class ApiSettings(Section):
    """
    The order API that answers for a source: where it is and how it lets us in.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)  # the token

    base_url: BaseUrl = Field(description="Where the order API is; `paths` are added to it.")
    token: SecretText = Field(
        description="Bearer token of the order API.",
        json_schema_extra={"expected": "env:NAME, file:PATH or the token itself"},
    )
    renew: Annotated[list[str], Field(min_length=1)] | None = Field(
        default=None,
        description="Program and arguments that write a new token into the file of `token`; run once for all workers, "
        "without a shell and for at most 10 seconds, when the API refuses the old one.",
        json_schema_extra={"expected": 'a list such as ["./renew-token", "--quiet"]'},
    )
    paths: InstallerPaths = Field(
        default=InstallerPaths(),
        description="Request lines of the operations of the Installer API; those of the Dispatch API are documented.",
    )
    statuses: InstallerStatuses = Field(
        default=InstallerStatuses(),
        description="Which number, or list of numbers, is which phase of an order of the Installer API.",
    )
    deadline_s: float = Field(
        default=20.0, gt=0, le=300, description="Seconds that one call may take, its quick repeats included."
    )
    rate_per_s: float | None = Field(
        default=None,
        ge=0.5,
        le=10_000,
        description="Calls per second of all workers together. Unset, the limit is what the API says and shows: by "
        "`X-RateLimit-*`, 429 and `Retry-After`.",
    )
    burst: int = Field(
        default=1,
        ge=1,
        le=10_000,
        description="Calls that may go at once after a quiet time, where `rate_per_s` is set.",
    )
    circuit_probe_s: float = Field(
        default=10.0,
        ge=0.5,
        le=600,
        description="Seconds between the calls that try whether a broken API is back; three times as long where it "
        "refuses the token.",
    )

    @model_validator(mode="after")
    def _has_a_file_to_renew(self) -> Self:
        if self.renew is not None and not self.token.reference.startswith("file:"):
            raise ValueError('renew without a file to write to; expected token = "file:PATH"')
        return self

    @property
    def installers_own(self) -> tuple[str, ...]:
        """Return which tables are given that mean something to the Installer API alone."""
        return tuple(sorted(self.model_fields_set & {"paths", "statuses"}))


class WorkerSource(SourceTerms):
    """
    A source as workers see it: with its order API, without its secrets.
    """

    scheme: Elsewhere = Field(default=None, repr=False, exclude=True)
    api: ApiSettings | None = Field(default=None, description="The order API that answers for this source.")
    reconcile: ReconcileSettings | None = Field(
        default=None, description="When its order API is compared with the record."
    )
    loop_guard: LoopGuardSettings = Field(
        default=LoopGuardSettings(), description="What is other than in `[loop_guard]` for this source."
    )

    @model_validator(mode="after")
    def _has_what_it_asks_for(self) -> Self:
        if (self.system is None) != (self.api is None):
            found, missing = ("api", "system") if self.system is None else ("system", "api")
            raise ValueError(f"{found} without {missing}; expected both or neither")
        if self.reconcile is not None and self.system != "dispatch":
            found = f'system = "{self.system}"' if self.system else "no order API"
            raise ValueError(
                f'reconcile with {found}, which has no list by change; expected system = "dispatch"'
            )
        if self.trust == "hint" and self.api is None:
            raise ValueError('trust = "hint" without an order API to ask; expected system and api')
        if self.verify_by_fetch and self.api is None:
            raise ValueError("verify_by_fetch without an order API to ask; expected system and api")
        if self.system != "installer" and self.api and (given := self.api.installers_own):
            found = f'api.{given[0]} with system = "{self.system}"'
            raise ValueError(f'{found}; expected it with system = "installer" only')
        return self


class WorkerFile(Section):
    """
    The file as the workers see it.
    """

    redis_url: RedisUrl = "redis://127.0.0.1:6379/0"
    receiver: Elsewhere = Field(default=None, repr=False, exclude=True)
    sources: dict[SourceName, WorkerSource] = Field(default_factory=dict)
    targets: dict[TargetName, TargetSettings] = Field(default_factory=dict)
    worker: WorkerSection = WorkerSection()
    console: CredentialsTable = CredentialsTable()
    integrations: IntegrationsSection = IntegrationsSection()
    loop_guard: LoopGuardSettings = LoopGuardSettings()
    templates: Folder | None = Field(
        default=None,
        description="Folder of the templates that steps name; see [send_email](actions/send_email.md).",
    )
    downloads: DownloadSettings = DownloadSettings()
    push: PushSettings | None = Field(
        default=None, repr=False, description="The push messages of `send_push`."
    )
    email: EmailSettings | None = Field(
        default=None, repr=False, description="The mail server of `send_email`."
    )
    workflows: list[Any] = Field(
        default_factory=list,
        repr=False,
        description="What to do about which events; see `[[workflows]]` below.",
        json_schema_extra={"expected": "a list of tables"},
    )
    actions: list[ModuleName] = Field(
        default_factory=list,
        description="Python modules with actions of your own, beside the file or where Python looks.",
        json_schema_extra={"expected": "a list of names of Python modules"},
    )

    @model_validator(mode="after")
    def _knows_where_orders_go(self) -> Self:
        name = self.integrations.order_source
        if name is not None and (name not in self.sources or self.sources[name].api is None):
            there = ", ".join(known for known, source in self.sources.items() if source.api) or "none"
            raise ValueError(
                f"integrations.order_source is {name}; expected a source that has an order API: {there}"
            )
        return self
