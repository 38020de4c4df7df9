"""
What the receiver can be told, as frozen models with their defaults, units and limits.

Refuses to know what the other packages are told in the same file: tables of theirs are accepted unread and
kept nowhere, so that no API token is ever in the internet-facing process.
Each description below is a row of `docs/configuration.md`.
"""

from typing import Literal

from pydantic import ConfigDict, Field

from .config import ConfigError, Problem, RawConfig, read_config, validated
from .mapping import MappingSettings
from .sealing import SealingKeys
from .setting_kinds import Elsewhere, Folder, RedisUrl, Section, SourceName
from .verification import SchemeSettings

__all__ = [
    "ConfigError",
    "Elsewhere",
    "Problem",
    "RawConfig",
    "ReceiverSection",
    "ReceiverSettings",
    "RedisUrl",
    "Section",
    "SourceName",
    "SourceSettings",
    "SourceTerms",
    "read_config",
    "receiver_settings",
]


class ReceiverSection(Section):
    """
    How the receiver listens and what it takes.
    """

    model_config = ConfigDict(arbitrary_types_allowed=True)  # the keys

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address that the receiver listens on; 0.0.0.0 for all of the machine's.",
    )
    port: int = Field(
        default=8000, ge=0, le=65_535, description="Port that it listens on; 0 takes a free one."
    )
    body_limit_bytes: int = Field(
        default=1_048_576,
        ge=1,
        le=67_108_864,
        description="Largest body in bytes; a larger one is answered 413. Enforced while reading.",
    )
    body_deadline_s: float = Field(
        default=5.0,
        gt=0,
        le=300,
        description="Seconds in which a body must have arrived; a later one is answered 408.",
    )
    commit_timeout_s: float = Field(
        default=1.0,
        gt=0,
        le=60,
        description="Seconds that Redis has to record an event; then the answer is 503.",
    )
    max_waiting: int = Field(
        default=10_000,
        ge=1,
        description="Deliveries that may wait for Redis in one process; further ones are answered 503.",
    )
    max_pending_events: int = Field(
        default=1_000_000,
        ge=1,
        description="Events of all sources that may be in flight; over it deliveries are answered 503 `OVERLOADED`.",
    )
    max_pending_bytes: int = Field(
        default=1_073_741_824,
        ge=1,
        description="The same for the bytes of their bodies.",
    )
    max_memory_share: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="Share of Redis' `maxmemory` in use from which on deliveries are answered 503 `OVERLOADED`; "
        "workers need the rest to go on.",
    )
    stop_grace_s: float = Field(
        default=10.0,
        ge=0,
        le=3_600,
        description="Seconds that deliveries under way have to finish when the receiver is told to stop.",
    )
    allow_weak_durability: bool = Field(
        default=False,
        description="`true` serves although Redis keeps less than sources ask for, or may throw events away when "
        "it is full; `/readyz`, the log and `orderhook doctor` then say so.",
    )
    traces_kept: int = Field(
        default=20_000,
        ge=0,
        le=1_000_000,
        description="Most duplicates, and most rejected deliveries, of each source that `orderhook deliveries` "
        "shows of the last week; 0 keeps none.",
    )
    log_deliveries: bool = Field(
        default=True, description="One log line for each delivery, whether accepted, duplicate or rejected."
    )
    secrets_key: SealingKeys = Field(
        default=(),
        description="What opens the webhook secrets of connected shops, see [integrations.md](integrations.md); the "
        "console seals with the first of them. Unset, there are none.",
    )


class SourceTerms(Section):
    """
    What is agreed with a sender, but for how it signs: the part that workers read too.
    """

    system: Literal["installer", "dispatch"] | None = Field(
        default=None, description="Which order API answers for this source; none, if no order is fetched."
    )
    enabled: bool = Field(
        default=True,
        description="`false` answers 404; what is recorded is still processed.",
    )
    ack_status: Literal[200, 201, 202, 204] = Field(
        default=202,
        description="HTTP status of an accepted delivery; some senders take only 200.",
    )
    trust: Literal["payload", "hint"] = Field(
        default="payload",
        description="With `hint`, the payload only says *look*, and workers act on what the order API "
        "answers: for a source that cannot be verified strongly.",
    )
    verify_by_fetch: bool = Field(
        default=False,
        description="`true` has workers fetch the order before anything else is done: an event whose order the API "
        "does not know is ignored, as `order_unknown`.",
    )
    durability: Literal["memory", "disk", "replica"] = Field(
        default="memory",
        description="What the answer waits for: `memory` for what Redis is set to, `disk` for an fsync, "
        "`replica` for one replica.",
    )
    spool: Folder | None = Field(
        default=None,
        description="Folder on a local disk where events are kept, and acknowledged, while Redis cannot take them; "
        "relative to this file. If unset, they are answered 503.",
    )
    spool_max_bytes: int = Field(
        default=268_435_456,
        ge=65_536,
        description="Most bytes that this source's spool may hold on one machine; further events are answered 503.",
    )
    retention_days: int = Field(
        default=30,
        ge=1,
        le=3_650,
        description="Days that a finished event is kept, with its payload; never less than `dedupe_days`.",
    )
    dedupe_days: int = Field(
        default=7,
        ge=1,
        le=3_650,
        description="Days after an event's end in which another delivery of it is a duplicate.",
    )
    on_dead: Literal["continue", "hold"] = Field(
        default="continue",
        description="After a dead letter, `continue` with the order's next event, or `hold` its later events "
        "for an operator.",
    )
    mapping: MappingSettings = Field(
        default=MappingSettings(),
        description="Where type, subject, time and id stand in a body that is laid out in another way.",
    )
    max_pending_events: int | None = Field(
        default=None,
        ge=1,
        description="Events of this source that may be in flight; if unset half of `receiver.max_pending_events`.",
    )
    max_pending_bytes: int | None = Field(
        default=None,
        ge=1,
        description="The same for the bytes of their bodies; if unset half of `receiver.max_pending_bytes`.",
    )
    keep_rejected_bodies: bool = Field(
        default=False,
        description="`true` keeps the first 16 KiB of bodies that were not authentic or cannot be used, the last 200 "
        "for a week, for `orderhook deliveries show`: to find out why a signature fails.",
    )
    rate_limit_per_s: float | None = Field(
        default=None,
        gt=0,
        description="Deliveries per second that one receiver process takes from this source; more are "
        "answered 429. If unset, any number.",
    )


class SourceSettings(SourceTerms):
    """
    A named sender: what is agreed with it, and how its deliveries are verified.
    """

    scheme: SchemeSettings = Field(description="How its deliveries are verified.")
    api: Elsewhere = Field(default=None, repr=False, exclude=True)
    loop_guard: Elsewhere = Field(default=None, repr=False, exclude=True)
    reconcile: Elsewhere = Field(default=None, repr=False, exclude=True)


class ReceiverSettings(Section):
    """
    The file as the receiver sees it.
    """

    redis_url: RedisUrl = Field(
        default="redis://127.0.0.1:6379/0",
        description="The Redis that holds everything, or the sentinels that know it: "
        "`redis+sentinel://host:26379,host:26379/NAME`. May be `env:NAME` or `file:PATH`, since it may hold a "
        "password.",
    )
    receiver: ReceiverSection = ReceiverSection()
    sources: dict[SourceName, SourceSettings] = Field(default_factory=dict)
    targets: Elsewhere = Field(default=None, repr=False, exclude=True)
    templates: Elsewhere = Field(default=None, repr=False, exclude=True)
    email: Elsewhere = Field(default=None, repr=False, exclude=True)
    push: Elsewhere = Field(default=None, repr=False, exclude=True)
    downloads: Elsewhere = Field(default=None, repr=False, exclude=True)
    worker: Elsewhere = Field(default=None, repr=False, exclude=True)
    loop_guard: Elsewhere = Field(default=None, repr=False, exclude=True)
    workflows: Elsewhere = Field(default=None, repr=False, exclude=True)
    actions: Elsewhere = Field(default=None, repr=False, exclude=True)
    console: Elsewhere = Field(default=None, repr=False, exclude=True)
    integrations: Elsewhere = Field(default=None, repr=False, exclude=True)


def receiver_settings(raw: RawConfig) -> ReceiverSettings:
    """
    Check what concerns the receiver and resolve the secrets of the sources' schemes.

    Raises:
        ConfigError: With all problems at once; an unset or empty secret is one of them.

    """
    return validated(ReceiverSettings, raw)
