"""
Sources that come and go while the receiver runs: those of connected shops, which the console writes into Redis.

Asks for one word each second, never on a request, and reads the records only where it has changed. What is known
stays known while Redis is away. Knows nothing of shops: a record is a scheme, its sealed secret and the source's terms.
"""

import asyncio
import contextlib
import json
import re
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any

import redis.asyncio as aredis
import structlog
from pydantic import ValidationError
from redis.exceptions import RedisError

from . import keys
from .sealing import SealError, Sealing
from .secrets import Secret
from .settings import SourceSettings

log = structlog.get_logger()

#: Seconds between two looks at the word.
LOOK_EVERY_S = 1.0
#: Most sources that are taken from Redis; the console adds no more either.
MAX_SOURCES = 200
#: How such a source is named: what kind of shop it is, and the beginning of its provider's guid.
NAME = re.compile(r"(?:woocommerce|shopify)-[0-9a-f]{8}")
#: What a record may say of its source; the rest of the terms promises more than Redis alone can say.
_TERMS = frozenset({"mapping", "ack_status", "rate_limit_per_s"})

#: Called with all sources of Redis, whenever they have changed.
Serve = Callable[[Mapping[str, SourceSettings]], None]


def is_of_shop(source: str) -> bool:
    """Return whether a source's name is one that connected shops have."""
    return NAME.fullmatch(source) is not None


class UnreadableRecord(ValueError):
    """A record in Redis gives no source; says why, and shows no secret."""


class Provided:
    """Looks at Redis between `start` and `close`, and hands on what it finds."""

    def __init__(
        self, redis: "aredis.Redis", *, sealing: Sealing | None, taken: AbstractSet[str], serve: Serve
    ) -> None:
        """
        Args:
            sealing: What opens the secrets; without it there are no such sources.
            taken: Names of the configuration, which no record can take over.
        """
        self._redis = redis
        self._sealing = sealing
        self._taken = taken
        self._serve = serve
        self._version: Any = None
        self._looked = False
        #: Recorded, and unusable: their deliveries are refused by our fault, not by theirs.
        self._broken: frozenset[str] = frozenset()
        #: How many are served, and how many cannot be.
        self.counts = (0, 0)
        self._closed = asyncio.Event()
        self._watch: asyncio.Task[None] | None = None

    def may_be(self, name: str) -> bool:
        """Return whether a source that is not served may be one all the same: then its sender must try again."""
        return name in self._broken or (not self._looked and is_of_shop(name))

    async def start(self) -> None:
        """Look once, and then again and again until closed."""
        await self._try()
        self._watch = asyncio.create_task(self._look_forever())

    async def close(self) -> None:
        """Stop looking, and give the connection back."""
        self._closed.set()
        if self._watch is not None:
            await self._watch
        await self._redis.aclose()

    async def _look_forever(self) -> None:
        while not self._closed.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._closed.wait(), LOOK_EVERY_S)
            if not self._closed.is_set():
                await self._try()

    async def _try(self) -> None:
        try:
            await self.look()
        except (RedisError, OSError):
            return  # then what was seen last holds
        except (
            Exception
        ) as error:  # the edge of a task that must not end; the sources of the file are still served
            log.error("receiver.bug", exc_info=error)

    async def look(self) -> None:
        """Ask Redis once."""
        version = await self._redis.get(keys.provided_version())
        if self._looked and version == self._version:
            return
        found = await self._redis.hgetall(keys.provided()) if version else {}
        self._take(sorted(found.items())[:MAX_SOURCES])
        self._version, self._looked = version, True

    def _take(self, records: Iterable[tuple[Any, Any]]) -> None:
        sources: dict[str, SourceSettings] = {}
        broken = set()
        for raw_name, record in records:
            name = raw_name.decode("ascii", "replace")
            try:
                sources[name] = self._source(name, record)
            except UnreadableRecord as error:
                log.error("receiver.provided_source_unusable", source=name, error=str(error))
                broken.add(name)
        self._broken = frozenset(broken) - self._taken
        self.counts = (len(sources), len(broken))
        self._serve(sources)
        log.info("receiver.provided_sources", sources=sorted(sources), unusable=sorted(broken))

    def _source(self, name: str, record: bytes) -> SourceSettings:
        if name in self._taken or not is_of_shop(name):
            raise UnreadableRecord(
                "its name is one of the configuration's, or none that a connected shop has"
            )
        if self._sealing is None:
            raise UnreadableRecord(
                "receiver.secrets_key is not set; expected the key that the console seals with"
            )
        return read_record(record, self._sealing)


def record(*, scheme: str, secret: str, terms: Mapping[str, object], sealing: Sealing) -> str:
    """Return a source as it is kept: what `read_record` reads."""
    return json.dumps({"scheme": scheme, "secret": sealing.sealed(secret), "terms": dict(terms)})


def resealed(text: str, sealing: Sealing) -> str:
    """
    Return a record with its secret sealed by the first of the keys.

    Raises:
        SealError: None of the keys opens it.
    """
    found = json.loads(text)
    return json.dumps({**found, "secret": sealing.sealed(sealing.opened(found["secret"]))})


def read_record(text: bytes, sealing: Sealing) -> SourceSettings:
    """
    Return the source that a record describes.

    Raises:
        UnreadableRecord: It describes none that can be served.
    """
    try:
        found = json.loads(text)
        secret = Secret("a connected shop's webhook secret", sealing.opened(found["secret"]))
        terms = {name: value for name, value in found["terms"].items() if name in _TERMS}
        return SourceSettings.model_validate(
            {**terms, "scheme": {"type": found["scheme"], "secrets": [secret]}}
        )
    except SealError as error:
        raise UnreadableRecord(f"its secret cannot be opened: {error}") from None
    except ValidationError as error:
        raise UnreadableRecord(f"{error.error_count()} of its terms cannot be used") from None
    except (ValueError, KeyError, TypeError, AttributeError):
        raise UnreadableRecord("it is no record of a source") from None
