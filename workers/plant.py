"""
What a worker process works with: settings, actions and workflows, loaded once, and clients, made anew per shift.

The parent process of rq loads it too, so that a forked child finds it warm.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import redis.asyncio as aredis

from receiver.settings import read_config

from . import configured, versions
from .actions import OrderApi, Registry
from .api.transport import open_session
from .budget import Budgets, keeping
from .clients import clients
from .retry import RetryPolicy
from .settings import WorkerSettings, worker_settings
from .targets import keeping as targets
from .workflows import Workflow
from .workflows.library import library, usable
from .workshop import Books, SourceRules, Workshop

_DAY_MS = 24 * 60 * 60 * 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class Plant:
    """The settings and what was loaded by them."""

    settings: WorkerSettings
    registry: Registry
    #: Where a relative `file:` secret is looked for.
    folder: Path = Path()

    @property
    def holding(self) -> tuple[str, ...]:
        """Return the sources whose lanes wait behind a dead letter."""
        return tuple(name for name, source in self.settings.sources.items() if source.on_dead == "hold")

    @property
    def dedupe_ms(self) -> int:
        """Return the longest dedupe window of all sources, in milliseconds."""
        days = [source.dedupe_days for source in self.settings.sources.values()]
        return int(max(days, default=7) * _DAY_MS)

    def keep_ms(self, source: str) -> int:
        """Return how long the record of a closed event is kept, at the least as long as its id must be known."""
        found = self.settings.sources.get(source)
        return int((max(found.retention_days, found.dedupe_days) if found else 30) * _DAY_MS)


@cache
def plant() -> Plant:
    """
    Load this process' plant from its environment.

    Raises:
        ConfigError: The configuration has problems; it lists them all.
    """
    raw = read_config(environ=os.environ)
    settings = worker_settings(raw)
    return Plant(settings=settings, registry=settings.registry, folder=raw.folder)


@contextlib.asynccontextmanager
async def workshop(
    tools: Plant, *, books: Books, redis: "aredis.Redis", stopping: asyncio.Event
) -> AsyncIterator[Workshop]:
    """Yield what the attempts of one shift share; its clients are closed at the end."""
    retry, section = tools.settings.worker.retry, tools.settings.worker
    workflows = await _workflows(tools, redis, stopping)
    await versions.keep(redis, workflows)
    async with (
        open_session(concurrency=section.concurrency) as session,
        keeping(redis, tools.settings.apis, call_deadline_s=section.call_deadline_s) as budgets,
        targets.keeping(redis, tools.settings.targets, call_deadline_s=section.call_deadline_s) as found,
    ):
        apis = await clients(tools.settings, session, redis=redis, budgets=budgets, folder=tools.folder)
        yield Workshop(
            books=books,
            workflows=workflows,
            find_version=lambda name, version: versions.find(redis, tools.registry, name, version),
            registry=tools.registry,
            # Who hears that a budget has changed asks all of them; no source is named like a target's budget.
            budgets=Budgets({**budgets.by_source, **{one.terms.name: one for one in found.budgets.values()}}),
            targets=found.by_name,
            rules={name: _rules(tools, name, apis.get(name)) for name in tools.settings.sources},
            default_rules=SourceRules(keep_ms=tools.keep_ms("")),
            policy=RetryPolicy(
                base_s=retry.base_s,
                cap_s=retry.cap_s,
                max_attempts=retry.max_attempts,
                max_age_s=retry.max_age_s,
            ),
            call_deadline_s=section.call_deadline_s,
            event_deadline_s=section.event_deadline_s,
            stopping=stopping,
        )


async def _workflows(tools: Plant, redis: "aredis.Redis", stopping: asyncio.Event) -> tuple[Workflow, ...]:
    """Return the workflows of this shift; where they cannot be known, the shift takes on nothing."""
    patience_s = tools.settings.worker.shift_s
    stored = await configured.read_all(redis, stopping=stopping, patience_s=patience_s)
    if stored is None:
        stopping.set()
        return ()
    entries = library(tools.settings.workflows, stored=stored, known=tools.registry)
    configured.say_broken(entries)
    return usable(entries)


def _rules(tools: Plant, name: str, api: OrderApi | None) -> SourceRules:
    source = tools.settings.sources[name]
    return SourceRules(
        api=api,
        trusts_payload=source.trust == "payload",
        verifies_by_fetch=source.verify_by_fetch,
        holds_lane=source.on_dead == "hold",
        keep_ms=tools.keep_ms(name),
    )
