"""
What operators' commands need of the configuration: where Redis is and what is agreed with each source.

Neither secrets nor tokens are read, so that a shell that holds none can still look at events.
"""

from pydantic import Field

from receiver.config import RawConfig, validated
from receiver.settings import Elsewhere, ReceiverSection, RedisUrl, Section, SourceName, SourceTerms

_DAY_MS = 24 * 60 * 60 * 1000


class ConsoleSource(SourceTerms):
    """
    A source without its secrets and tokens.
    """

    scheme: Elsewhere = Field(default=None, repr=False, exclude=True)
    api: Elsewhere = Field(default=None, repr=False, exclude=True)


class ConsoleSettings(Section):
    """
    The file as operators' commands see it.
    """

    redis_url: RedisUrl = "redis://127.0.0.1:6379/0"
    receiver: ReceiverSection = ReceiverSection()
    sources: dict[SourceName, ConsoleSource] = Field(default_factory=dict)
    targets: Elsewhere = Field(default=None, repr=False, exclude=True)
    worker: Elsewhere = Field(default=None, repr=False, exclude=True)
    workflows: Elsewhere = Field(default=None, repr=False, exclude=True)
    actions: Elsewhere = Field(default=None, repr=False, exclude=True)

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
