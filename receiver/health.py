"""
What the receiver says of itself: that it runs, and that its Redis takes a write and gives what the sources ask for,
or that its spool keeps what Redis cannot take.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet

import structlog
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

from . import answers, durability, keys, store
from .answers import Answer
from .identity import Identity
from .readiness import readiness
from .spool import Spool
from .spool_file import SpoolError
from .spool_store import Standing
from .store import ForeignStore, WeakDurability

log = structlog.get_logger()

#: How long an answer of `/readyz` holds, in seconds: whoever can ask must not be able to fill Redis with questions.
READY_FOR_S = 0.25


class Health:
    """`/healthz` says that the process answers, `/readyz` that a delivery can be recorded."""

    def __init__(
        self,
        redis_url: str,
        *,
        timeout_s: float,
        wanted: AbstractSet[str],
        allow_weak: bool,
        identity: Identity,
    ) -> None:
        """
        Args:
            timeout_s: Longest time for one look at Redis.
            wanted: The durabilities that sources ask for.
            allow_weak: Whether a server that gives less may be written to.
            identity: Of the Redis that may be written.
        """
        self._redis = store.async_client(redis_url, timeout_s=timeout_s)
        self._timeout_s = timeout_s
        self._wanted = wanted
        self._allow_weak = allow_weak
        #: The weaknesses that are allowed, as last seen.
        self._weak: tuple[str, ...] = ()
        #: Called where the server must not be written to any more, so that who writes looks at it again.
        self.on_refusal: list[Callable[[], Awaitable[None]]] = []
        self._identity = identity
        self._asking = asyncio.Lock()
        self._asked = -READY_FOR_S
        self._answer = answers.health(503, {"status": "starting"})
        #: Set when the process is told to stop, before it stops to listen: the balancer is to look elsewhere.
        self.stopping = False
        #: What keeps events while Redis cannot take them, by source.
        self.spools: Mapping[str, Spool] = {}

    async def process(self, _: Request) -> Response:
        return response(answers.health(200, {"status": "ok"}))

    async def ready(self, _: Request) -> Response:
        async with self._asking:
            if not self.stopping and time.monotonic() - self._asked >= READY_FOR_S:
                self._answer = await self._ask()
                self._asked = time.monotonic()
        return response(answers.health(503, {"status": "stopping"}) if self.stopping else self._answer)

    async def assure(self) -> None:
        """
        Check the server again: it may have been down at our start, or another one may have taken over.

        Raises:
            WeakDurability: It does not give what a source asks for, and may not give less. Replicas are not looked at:
                they come and go, and each event that must be on one waits for its word.
        """
        await store.forget(self._redis)  # so that it is the other one that is looked at
        await self._judge()

    async def _judge(self) -> None:
        wanted = self._wanted - {"replica"}
        weak = await durability.assure(self._redis, wanted, allow_weak=self._allow_weak)
        if weak and weak != self._weak:
            log.warning("receiver.weak_durability", reasons=weak, meaning="allow_weak_durability is set")
        self._weak = weak

    async def close(self) -> None:
        await self._redis.aclose()

    async def _write(self) -> None:
        await self._redis.set(keys.probe(), "1", ex=60)

    async def _ask(self) -> Answer:
        trouble = await self._trouble_of_redis()
        spools = await self._standings(prove=bool(trouble))
        return readiness(trouble, self._weak, spools)

    async def _trouble_of_redis(self) -> str:
        """Return why Redis can take no event; empty where it can."""
        try:
            async with asyncio.timeout(self._timeout_s):
                await store.on_primary(self._redis, self._write)
                await self._judge()
                await self._identity.check(self._redis.execute_command)
        except ForeignStore as error:
            log.error("receiver.foreign_redis", error=str(error))
            return "is not the one it was"
        except WeakDurability as error:
            log.error("receiver.weak_durability", error=str(error))
            for refuse in self.on_refusal:
                await refuse()
            return "does not keep what sources ask for"
        except (RedisError, OSError, TimeoutError) as error:
            log.warning("receiver.not_ready", error=str(error) or type(error).__name__)
            return "cannot be written"
        return ""

    async def _standings(self, *, prove: bool) -> list[Standing]:
        """Return how the spools stand that can be used; *prove* it by a write."""
        asked = (spool.standing(prove=prove) for spool in self.spools.values())
        found = await asyncio.gather(*asked, return_exceptions=True)
        for error in found:
            if isinstance(error, SpoolError):
                log.error("receiver.spool_broken", error=str(error))
        return [one for one in found if isinstance(one, Standing)]


def response(answer: Answer) -> Response:
    """Return an answer as Starlette sends it."""
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, answer.status, headers)
