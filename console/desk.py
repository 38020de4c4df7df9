"""
What every operator's command works with: the configuration as it was found, and Redis.

The environment is given, not looked up; `--config` is a variable in it like any other.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import redis

from receiver import store
from receiver.config import RawConfig, read_config
from receiver.inbox import Inbox
from receiver.record import Record

from .errors import NoRedis, NotFound
from .settings import ConsoleSettings, console_settings

#: Longest wait for an answer of Redis, in seconds.
REDIS_TIMEOUT_S = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """
    The environment that a command was started in, and what can be had by it.
    """

    environ: Mapping[str, str]

    def config(self) -> RawConfig:
        """
        Read file and environment.

        Raises:
            ConfigError: They cannot be read.

        """
        return read_config(environ=self.environ)

    def settings(self) -> ConsoleSettings:
        """
        Return what operators' commands need of the configuration.

        Raises:
            ConfigError: With all problems at once.

        """
        return console_settings(self.config())

    @contextlib.contextmanager
    def redis(self) -> Iterator["redis.Redis"]:
        """
        Yield a client of a Redis that answers.

        Raises:
            NoRedis: It does not; also when it stops answering later on.

        """
        url = self.settings().redis_url
        try:
            with store.client(url, timeout_s=REDIS_TIMEOUT_S) as client:
                client.ping()
                yield client
        except (redis.ConnectionError, redis.TimeoutError, OSError) as error:
            if isinstance(error, BrokenPipeError):  # our own output, not Redis
                raise
            raise NoRedis(f"Redis at {without_password(url)} does not answer: {error}{_hint()}") from error

    @contextlib.contextmanager
    def inbox(self) -> Iterator[Inbox]:
        """
        Yield the inbox of a Redis that answers.

        Raises:
            NoRedis: It does not.

        """
        with self.redis() as client:
            yield Inbox(client)


def now_ms(client: "redis.Redis") -> int:
    """
    Return the time by Redis' clock, which all records go by.
    """
    seconds, microseconds = client.time()
    return int(seconds) * 1000 + int(microseconds) // 1000


def find(inbox: Inbox, event_id: str, *, source: str = "") -> Record:
    """
    Return the record of an event.

    Raises:
        NotFound: There is none.

    """
    record = inbox.get(event_id, source=source)
    if record is None:
        where = f"source {source}" if source else "any source"
        raise NotFound(f"no event {event_id!r} in {where}; `orderhook events list` shows what is there")
    return record


def without_password(url: str) -> str:
    """
    Return a Redis URL as it may be shown.
    """
    scheme, separator, rest = url.partition("://")
    return f"{scheme}{separator}{rest.rpartition('@')[2]}"


def _hint() -> str:
    # `orderhook dev` keeps its Redis on a port of its own; who opens a second terminal cannot know that.
    left = Path(".orderhook/env")
    return f"; `orderhook dev` left its addresses here: . {left}" if left.exists() else ""
