"""
What the receiver says of itself: that it runs, and that its Redis takes a write and gives what the sources ask for,
or that its spool keeps what Redis cannot take; in words for a balancer and in numbers for who watches.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from collections.abc import Set as AbstractSet
from http import HTTPStatus

import structlog
from redis.exceptions import RedisError
from starlette.requests import Request
from starlette.responses import Response

from . import answers, durability, keys, metrics, store
from .answers import Answer
from .identity import Identity
from .provided import Provided
from .readiness import readiness
from .spool import Spool
from .spool_file import SpoolError
from .spool_store import Standing
from .store import ForeignStore, WeakDurability
from .trace_keeper import TraceKeeper

log = structlog.get_logger()

#: How long what was found holds, in seconds: whoever can ask must not be able to fill Redis with questions.
READY_FOR_S = 0.25
#: Seconds between two writes that prove a spool while nothing needs it: an outage is no time to find out.
PROVE_EVERY_S = 60.0


class Health:
    """`/healthz` says that the process answers, `/readyz` that a delivery can be recorded, `/metrics` how it stands."""

    def __init__(
        self,
        redis_url: str,
        *,
        timeout_s: float,
        wanted: AbstractSet[str],
        allow_weak: bool,
        identity: Identity,
        traces: TraceKeeper | None = None,
    ) -> None:
        """
        Args:
            timeout_s: Longest time for one look at Redis.
            wanted: The durabilities that sources ask for.
            allow_weak: Whether a server that gives less may be written to.
            identity: Of the Redis that may be written.
            traces: What counts the traces of this process.
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
        self._traces = traces
        self._asking = asyncio.Lock()
        self._asked = -READY_FOR_S
        self._answer = answers.health(503, {"status": "starting"})
        self._trouble = ""
        #: How each source's spool stands, as last seen; None where it cannot be used.
        self._standings: Mapping[str, Standing | None] = {}
        self._proved = -PROVE_EVERY_S
        #: Set when the process is told to stop, before it stops to listen: the balancer is to look elsewhere.
        self.stopping = False
        #: What keeps events while Redis cannot take them, by source.
        self.spools: Mapping[str, Spool] = {}
        #: Knows the connected shops.
        self.provided: Provided | None = None

    async def process(self, _: Request) -> Response:
        return response(answers.health(200, {"status": "ok"}))

    async def ready(self, _: Request) -> Response:
        return response(await self._ready())

    async def metrics(self, _: Request) -> Response:
        answer = await self._ready()
        spools = {
            source: metrics.SpoolSeen(
                standing=self._standings.get(source),
                kept=spool.kept,
                drained=spool.drained,
                refused=spool.refused,
            )
            for source, spool in self.spools.items()
        }
        seen = metrics.Seen(
            ready=answer.status == HTTPStatus.OK,
            writable=not self._trouble,
            now_ms=time.time_ns() // 1_000_000,
            spools=spools,
            traces=None if self._traces is None else self._traces.seen,
            shops=None if self.provided is None else self.provided.counts,
        )
        return response(answers.metrics(metrics.text(seen)))

    async def _ready(self) -> Answer:
        async with self._asking:
            if not self.stopping and time.monotonic() - self._asked >= READY_FOR_S:
                self._answer = await self._ask()
                self._asked = time.monotonic()
        return answers.health(503, {"status": "stopping"}) if self.stopping else self._answer

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
        self._trouble = await self._trouble_of_redis()
        self._standings = await self._look_at_spools(prove=self._must_prove())
        usable = [standing for standing in self._standings.values() if standing is not None]
        return readiness(self._trouble, self._weak, usable)

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

    def _must_prove(self) -> bool:
        """Return whether reading is not enough: a disk that takes nothing more can be read all the same."""
        if self._trouble or None in self._standings.values():
            return True
        due = time.monotonic() - self._proved >= PROVE_EVERY_S
        if due:
            self._proved = time.monotonic()
        return due

    async def _look_at_spools(self, *, prove: bool) -> Mapping[str, Standing | None]:
        """Return how the spools stand; *prove* that they can be used by a write."""
        asked = (spool.standing(prove=prove) for spool in self.spools.values())
        found = await asyncio.gather(*asked, return_exceptions=True)
        for error in found:
            if isinstance(error, SpoolError):
                log.error("receiver.spool_broken", error=str(error))
        return {
            source: one if isinstance(one, Standing) else None
            for source, one in zip(self.spools, found, strict=True)
        }


def response(answer: Answer) -> Response:
    """Return an answer as Starlette sends it."""
    headers = {name.decode(): value.decode() for name, value in answer.headers}
    return Response(answer.body, answer.status, headers)
