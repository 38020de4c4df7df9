"""
What a worker process works with: settings, actions and workflows, loaded once, and clients, made anew per shift.

The parent process of rq loads it too, so that a forked child finds it warm.
"""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import redis.asyncio as aredis

from receiver import keys
from receiver.sealing import Sealing
from receiver.settings import read_config

from . import configured, kitting, versions
from .actions import OrderApi, Registry
from .api.transport import open_session
from .budget import Budgets, keeping
from .clients import clients
from .loops import LoopRules, Memory, echoing, watched
from .providers import shops
from .providers.managed import definitions
from .providers.provider import Provider
from .providers.store import decoded
from .retry import RetryPolicy
from .settings import WorkerSettings, worker_settings
from .targets import keeping as targets
from .workflows.library import Entry, library, usable
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Defined:
    """What Redis says at the start of a shift: all workflows, and the connected shops some of them come from."""

    entries: tuple[Entry, ...] = ()
    providers: tuple[Provider, ...] = ()
    #: The shops' credentials, by guid.
    sealed: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: Of the list of shops.
    version: str = ""


@contextlib.asynccontextmanager
async def workshop(
    tools: Plant, *, books: Books, redis: "aredis.Redis", stopping: asyncio.Event
) -> AsyncIterator[Workshop]:
    """Yield what the attempts of one shift share; its clients are closed at the end."""
    retry, section = tools.settings.worker.retry, tools.settings.worker
    defined = await _defined(tools, redis, stopping)
    workflows = usable(defined.entries)
    await versions.keep(redis, workflows)
    async with (
        open_session(concurrency=section.concurrency) as session,
        keeping(redis, tools.settings.apis, call_deadline_s=section.call_deadline_s) as budgets,
        targets.keeping(redis, tools.settings.targets, call_deadline_s=section.call_deadline_s) as found,
        contextlib.AsyncExitStack() as stack,
    ):
        made = await stack.enter_async_context(
            clients(tools.settings, session, redis=redis, budgets=budgets, folder=tools.folder)
        )
        apis = {name: _watched(tools, name, api, books) for name, api in made.items()}
        # Past the guard against loops: that there is a shop's order is news, and workflows are to go on with it.
        connected = await stack.enter_async_context(_shops(tools, redis, defined, made))
        kit = await stack.enter_async_context(kitting.keeping(tools.settings, redis=redis, apis=apis))
        yield Workshop(
            books=books,
            workflows=workflows,
            find_version=lambda name, version: versions.find(redis, tools.registry, name, version),
            registry=tools.registry,
            # Who hears that a budget has changed asks all of them; no source is named like a target's or shop's budget.
            budgets=Budgets(
                {
                    **budgets.by_source,
                    **{one.terms.name: one for one in found.budgets.values()},
                    **connected.budgets,
                }
            ),
            targets=found.by_name,
            shops=connected.shops,
            kit=kit,
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


async def _defined(tools: Plant, redis: "aredis.Redis", stopping: asyncio.Event) -> _Defined:
    """Return the workflows of this shift; where they cannot be known, the shift takes on nothing."""
    patience_s = tools.settings.worker.shift_s
    stored = await configured.read_all(redis, stopping=stopping, patience_s=patience_s)
    version = "" if stored is None else await shops.version_of(redis)  # before the list itself
    hashes = [
        await configured.patiently(redis, key, stopping=stopping, patience_s=patience_s)
        for key in (keys.providers(), keys.provider_credentials())
    ]
    found, sealed = hashes
    if stored is None or found is None or sealed is None:
        stopping.set()
        return _Defined()
    providers = decoded(found)
    entries = library(
        tools.settings.workflows,
        provided=definitions(providers, order_source=tools.settings.order_source),
        stored=stored,
        known=tools.registry,
    )
    configured.say_broken(entries)
    return _Defined(entries=entries, providers=providers, sealed=sealed, version=version)


def _shops(
    tools: Plant, redis: "aredis.Redis", defined: _Defined, apis: Mapping[str, OrderApi]
) -> contextlib.AbstractAsyncContextManager[shops.Kept]:
    settings = tools.settings
    return shops.keeping(
        redis,
        defined.providers,
        sealed=defined.sealed,
        sealing=Sealing(settings.credentials_key) if settings.credentials_key else None,
        allow_private=settings.integrations.allow_private,
        source=settings.order_source,
        orders=apis.get(settings.order_source),
        version=defined.version,
    )


def _watched(tools: Plant, name: str, api: OrderApi, memory: Memory) -> OrderApi:
    settings = tools.settings
    return watched(api, memory, echoing(name, settings.apis, settings.loop_guards))


def _rules(tools: Plant, name: str, api: OrderApi | None) -> SourceRules:
    source = tools.settings.sources[name]
    return SourceRules(
        api=api,
        trusts_payload=source.trust == "payload",
        verifies_by_fetch=source.verify_by_fetch,
        holds_lane=source.on_dead == "hold",
        keep_ms=tools.keep_ms(name),
        loops=LoopRules.of(tools.settings.loop_guards[name]),
    )
