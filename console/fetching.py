"""
What an event is about, fetched by its source's own client: for commands that explain, which make one call and no more.
"""

import asyncio
from collections.abc import Sequence

import aiohttp

from receiver.config import RawConfig
from receiver.record import Record
from workers.clients import client_of
from workers.failures import Failure
from workers.fetching import fetched
from workers.settings import WorkerSettings, worker_settings
from workers.workflows import EntityType

from .errors import Failed
from .explaining import Fetched


def fetch(raw: RawConfig, record: Record, wanted: Sequence[EntityType]) -> Fetched:
    """
    Return the entities that are wanted of the event's subject; needs the token of its source's API.

    Raises:
        Failed: They cannot be had.
        ConfigError: The configuration cannot be used.

    """
    if not wanted:
        return {}
    what = " and ".join(one.lower() for one in wanted)
    settings = worker_settings(raw)
    if record.source not in settings.apis:
        raise Failed(f"the answer depends on the {what}, and sources.{record.source}.api is not configured")
    if not record.subject:
        raise Failed(f"the answer depends on the {what}, and the event names none")
    try:
        return asyncio.run(_fetch(settings, record.source, record.subject, wanted))
    except Failure as failure:
        raise Failed(f"the {what} cannot be fetched: {failure.message}; --no-fetch does without") from failure


async def _fetch(
    settings: WorkerSettings, source: str, subject: str, wanted: Sequence[EntityType]
) -> Fetched:
    async with aiohttp.ClientSession(trust_env=False) as session:
        client = client_of(settings, source, session)
        return {about: await fetched(client, about, subject) for about in wanted}
