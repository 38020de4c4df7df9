"""
What operators' commands need of the configuration: where Redis is and what is agreed with each source.

Neither secrets nor tokens are read, so that a shell that holds none can still look at events.
"""

from pydantic import Field

from receiver.config import RawConfig, validated
from receiver.settings import Elsewhere, ReceiverSection, RedisUrl, Section, SourceName, SourceTerms
from workers.loop_settings import LoopGuardSettings
from workers.push_terms import PushTerms

_DAY_MS = 24 * 60 * 60 * 1000


class ConsoleSource(SourceTerms):
    """
    A source without its secrets and tokens.
    """

    scheme: Elsewhere = Field(default=None, repr=False, exclude=True)
    api: Elsewhere = Field(default=None, repr=False, exclude=True)
    loop_guard: LoopGuardSettings = Field(
        default=LoopGuardSettings(), description="What is other than in `[loop_guard]` for this source."
    )
    reconcile: Elsewhere = Field(default=None, repr=False, exclude=True)


class ConsoleReceiver(ReceiverSection):
    """
    The receiver's table without its keys.
    """

    secrets_key: Elsewhere = Field(default=None, repr=False, exclude=True)  # type: ignore[assignment]


class ConsoleSection(Section):
    """
    How the console listens and what it takes.
    """

    host: str = Field(
        default="127.0.0.1",
        min_length=1,
        description="Address that the console listens on; 0.0.0.0 for all of the machine's, behind a proxy with TLS.",
    )
    port: int = Field(
        default=8001, ge=0, le=65_535, description="Port that it listens on; 0 takes a free one."
    )
    calls_per_minute: int = Field(
        default=600,
        ge=1,
        description="Calls of the REST API a minute that each token may make, all console processes together; "
        "more are answered 429.",
    )
    strangers_calls_per_minute: int = Field(
        default=60,
        ge=1,
        description="Calls a minute without a valid token from one address; more are answered 429. Behind a proxy all "
        "callers have its address; calls with a token are not touched by it.",
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
    stop_grace_s: float = Field(
        default=10.0,
        ge=0,
        le=3_600,
        description="Seconds that calls under way have to finish when the console is told to stop.",
    )
    credentials_key: Elsewhere = Field(default=None, repr=False, exclude=True)


class ConsolePush(PushTerms):
    """
    Which push services subscriptions may name, without the key.
    """

    private_key: Elsewhere = Field(default=None, repr=False, exclude=True)
    subject: Elsewhere = Field(default=None, exclude=True)
    timeout_s: Elsewhere = Field(default=None, exclude=True)


class ConsoleSettings(Section):
    """
    The file as operators' commands see it.
    """

    redis_url: RedisUrl = "redis://127.0.0.1:6379/0"
    receiver: ConsoleReceiver = ConsoleReceiver()
    console: ConsoleSection = ConsoleSection()
    sources: dict[SourceName, ConsoleSource] = Field(default_factory=dict)
    targets: Elsewhere = Field(default=None, repr=False, exclude=True)
    templates: Elsewhere = Field(default=None, repr=False, exclude=True)
    email: Elsewhere = Field(default=None, repr=False, exclude=True)
    push: ConsolePush = ConsolePush()
    downloads: Elsewhere = Field(default=None, repr=False, exclude=True)
    worker: Elsewhere = Field(default=None, repr=False, exclude=True)
    loop_guard: LoopGuardSettings = LoopGuardSettings()
    workflows: Elsewhere = Field(default=None, repr=False, exclude=True)
    actions: Elsewhere = Field(default=None, repr=False, exclude=True)
    integrations: Elsewhere = Field(default=None, repr=False, exclude=True)

    def guard_of(self, source: str) -> LoopGuardSettings:
        """
        Return what the guard against loops is told of a source.
        """
        found = self.sources.get(source)
        return found.loop_guard.over(self.loop_guard) if found else self.loop_guard

    def keep_ms(self, source: str) -> int:
        """
        Return how long the record of a closed event is kept, at the least as long as its id must be known.
        """
        terms = self.sources.get(source, SourceTerms())
        return max(terms.retention_days, terms.dedupe_days) * _DAY_MS


def console_settings(raw: RawConfig) -> ConsoleSettings:
    """
    Check what operators' commands need.

    Raises:
        ConfigError: With all problems at once.

    """
    return validated(ConsoleSettings, raw)
