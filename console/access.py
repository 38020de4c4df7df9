"""
The way from a desk to what commands work with: the configuration as it was found, and a Redis that answers.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import redis

from receiver import redis_url, store
from receiver.config import RawConfig, read_config
from receiver.inbox import Inbox
from receiver.record import Record

from .desk import Desk
from .errors import Misuse, NoRedis, NotFound

if TYPE_CHECKING:
    from .settings import ConsoleSettings

#: Longest wait for an answer of Redis, in seconds.
REDIS_TIMEOUT_S = 5.0


def config_of(desk: Desk) -> RawConfig:
    """
    Read file and environment.

    Raises:
        ConfigError: They cannot be read.

    """
    return read_config(environ=desk.environ)


def settings_of(desk: Desk) -> "ConsoleSettings":
    """
    Return what operators' commands need of the configuration.

    Raises:
        ConfigError: With all problems at once.

    """
    # Here, since these settings know words of the workers', and the receiver's command comes through this module too.
    from .settings import console_settings

    return console_settings(config_of(desk))


@contextlib.contextmanager
def redis_of(desk: Desk) -> Iterator["redis.Redis"]:
    """
    Yield a client of a Redis that answers.

    Raises:
        NoRedis: It does not; also when it stops answering later on.

    """
    url = settings_of(desk).redis_url
    try:
        with store.client(url, timeout_s=REDIS_TIMEOUT_S) as client:
            client.ping()
            yield client
    except (redis.ConnectionError, redis.TimeoutError) as error:
        raise NoRedis(f"Redis at {redis_url.shown(url)} does not answer: {error}{_hint()}") from error


@contextlib.contextmanager
def inbox_of(desk: Desk) -> Iterator[Inbox]:
    """
    Yield the inbox of a Redis that answers.

    Raises:
        NoRedis: It does not.

    """
    with redis_of(desk) as client:
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
        Misuse: Several sources have one of that id; to take any of them would be to act on the wrong one.

    """
    found = list(inbox.known_as(event_id, source=source))
    if not found:
        where = f"source {source}" if source else "any source"
        raise NotFound(f"no event {event_id!r} in {where}; `orderhook events list` shows what is there")
    if len(found) > 1:
        sources = ", ".join(record.source for record in found)
        raise Misuse(f"several sources know an event {event_id!r}, {sources}: say which one by --source")
    return found[0]


def _hint() -> str:
    # `orderhook dev` keeps its Redis on a port of its own; who opens a second terminal cannot know that.
    left = Path(".orderhook/env")
    return f"; `orderhook dev` left its addresses here: . {left}" if left.exists() else ""
