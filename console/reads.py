"""
What a backtest reads of order APIs: one call at a time, through the budget that it shares with the workers, and behind
their live traffic.
"""

import asyncio
import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from receiver import store
from receiver.config import RawConfig
from receiver.record import Record
from workers.api.transport import open_session
from workers.budget import Visit, keeping, visiting
from workers.clients import Client, clients
from workers.failures import Failure, Moot, Transient
from workers.fetching import fetched
from workers.settings import WorkerSettings, worker_settings
from workers.workflows import EntityType

from .access import REDIS_TIMEOUT_S

#: Tries of one read, and the longest wait between two, in seconds.
TRIES = 5
LONGEST_WAIT_S = 30.0


@contextlib.contextmanager
def reading(raw: RawConfig) -> Iterator["Reads"]:
    """
    Yield a reader; needs the tokens of the order APIs.

    Raises:
        ConfigError: The configuration cannot be used.

    """
    settings = worker_settings(raw)
    with asyncio.Runner() as runner:
        stack = contextlib.AsyncExitStack()
        found = runner.run(_open(stack, settings, raw))
        try:
            yield Reads(runner=runner, clients=found, deadline_s=settings.worker.call_deadline_s)
        finally:
            runner.run(stack.aclose())


@dataclass(slots=True, kw_only=True)
class Reads:
    """
    Reads each entity once; what cannot be had is None.
    """

    runner: asyncio.Runner
    clients: Mapping[str, Client]
    deadline_s: float
    _known: dict[tuple[str, EntityType, str], Mapping[str, Any] | None] = field(default_factory=dict)

    def read(self, record: Record, about: EntityType) -> Mapping[str, Any] | None:
        """
        Return what the event is about, as its API has it now; an empty mapping where it is gone.
        """
        key = (record.source, about, record.subject)
        if key not in self._known:
            client = self.clients.get(record.source) if record.subject else None
            self._known[key] = self.runner.run(self._read(client, record, about)) if client else None
        return self._known[key]

    async def _read(self, client: Client, record: Record, about: EntityType) -> Mapping[str, Any] | None:
        for _ in range(TRIES):
            try:
                with visiting(Visit(source=record.source, replayed=True)):
                    async with asyncio.timeout(self.deadline_s):
                        return await fetched(client, about, record.subject)
            except Moot:
                return {}
            except Transient as failure:
                await asyncio.sleep(min(failure.retry_after_s or 1.0, LONGEST_WAIT_S))
            except (Failure, TimeoutError):
                return None
        return None


async def _open(
    stack: contextlib.AsyncExitStack, settings: WorkerSettings, raw: RawConfig
) -> Mapping[str, Client]:
    redis = store.async_client(settings.redis_url, timeout_s=REDIS_TIMEOUT_S)
    stack.push_async_callback(redis.aclose)
    session = await stack.enter_async_context(open_session(concurrency=1))
    deadline_s = settings.worker.call_deadline_s
    budgets = await stack.enter_async_context(keeping(redis, settings.apis, call_deadline_s=deadline_s))
    made = clients(settings, session, redis=redis, budgets=budgets, folder=raw.folder)
    return await stack.enter_async_context(made)
