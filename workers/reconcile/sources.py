"""
The way from the settings to a comparison: clients, budgets and times, for the command and for the job.
"""

import time
from functools import partial
from pathlib import Path
from typing import Any

import redis

from receiver import store

from ..api.transport import open_session
from ..budget import keeping
from ..clients import clients
from ..reconcile_settings import ReconcileSettings
from ..settings import WorkerSettings
from .listing import CannotList, listing_of
from .running import Report, Scope, patiently, reconcile

#: Longest wait for an answer of Redis, in seconds.
REDIS_TIMEOUT_S = 5.0


async def reconcile_source(
    settings: WorkerSettings,
    client: "redis.Redis",
    source: str,
    *,
    folder: Path,
    since: int | None = None,
    dry: bool = False,
    within_s: float,
) -> Report:
    """
    Compare one source.

    Args:
        folder: Where a relative `file:` token is looked for.
        since: Changes from then on, in milliseconds; None is what the settings say.
        within_s: How long the list may take.

    Raises:
        CannotList: Its order API has no list by the time of change, or it has no order API.
        Failure: The list cannot be had.
        NoIdentity: No receiver has used this Redis yet.
    """
    if source not in settings.apis:
        raise CannotList(f"source {source}: it has no order API to compare with")
    terms = settings.reconciles.get(source, ReconcileSettings())
    seconds, _ = client.time()
    now = int(seconds) * 1000
    begin = now - int(terms.since_s * 1000) if since is None else since
    scope = Scope(source=source, since=begin, until=now - int(terms.grace_s * 1000), dry=dry)
    call: Any = partial(patiently, source=source, until=time.monotonic() + within_s)
    deadline_s = settings.worker.call_deadline_s
    bus = store.async_client(settings.redis_url, timeout_s=REDIS_TIMEOUT_S)
    async with (
        bus,
        open_session(concurrency=1) as session,
        keeping(bus, settings.apis, call_deadline_s=deadline_s) as budgets,
        clients(settings, session, redis=bus, budgets=budgets, folder=folder) as made,
    ):
        orders = listing_of(made[source], source=source, changed_field=terms.changed_field, call=call)
        return await reconcile(client, orders, scope)
