"""
The targets of one shift, with the sessions they share and a budget each.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

import aiohttp
import redis.asyncio as aredis

from ..budget import Budget, Terms
from ..egress import open_session
from ..target_settings import TargetSettings
from .places import Places, address_digest
from .target import Target

#: How much of a step's time a message may take, so that its own deadline comes first and says what happened.
SHARE = 0.9


def terms_of(name: str) -> Terms:
    """Return the terms of a target's budget; no order API is named like this, since they are by their address."""
    return Terms(name=f"target {name}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Targets:
    """The targets by name, and their budgets."""

    by_name: Mapping[str, Target]
    budgets: Mapping[str, Budget]


@contextlib.asynccontextmanager
async def keeping(
    redis: "aredis.Redis", targets: Mapping[str, TargetSettings], *, call_deadline_s: float
) -> AsyncIterator[Targets]:
    """Yield the targets; at the end their connections are closed and what is left to tell is told."""
    budgets = {name: Budget(redis, terms_of(name)) for name in targets}
    # Two sessions, so that no connection that was made for the one is used for the other.
    async with open_session() as guarded, open_session(allow_private=True) as private:
        made = {
            name: _target(
                name,
                settings,
                deadline_s=min(settings.timeout_s, SHARE * call_deadline_s),
                redis=redis,
                gate=budgets[name],
                session=private if settings.allow_private else guarded,
            )
            for name, settings in targets.items()
        }
        try:
            yield Targets(by_name=made, budgets=budgets)
        finally:
            await asyncio.gather(*(budget.close() for budget in budgets.values()))


def _target(
    name: str,
    settings: TargetSettings,
    *,
    deadline_s: float,
    redis: "aredis.Redis",
    gate: Budget,
    session: aiohttp.ClientSession,
) -> Target:
    return Target(
        name=name,
        destination=settings.destination,
        secrets=settings.secrets,
        headers=settings.sent_headers,
        deadline_s=deadline_s,
        places=Places(
            redis=redis,
            target=name,
            limit=settings.concurrency,
            hold_s=deadline_s,
            address=address_digest(settings.url.reveal()),
        ),
        gate=gate,
        session=session,
    )
