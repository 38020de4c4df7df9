"""
The workflows that were configured through the API, in Redis: their one writer and their readers.

Owns the form in which one is kept and that two changes at the same time do not both count. What a definition means is
`workers.workflows`' matter; who may change what is the caller's.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, replace
from typing import cast

import redis
import redis.asyncio as aredis
import structlog
from redis.exceptions import RedisError

from receiver import keys

from . import versions
from .workflows import Workflow
from .workflows.library import Change, Entry, Stored

log = structlog.get_logger()

#: Changes kept of one workflow.
MOST_CHANGES = 20
#: Seconds between tries while Redis does not answer: at first, and at most.
FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 2.0

#: From what is stored to what is to be stored instead, by guid; None takes one away. May be asked more than once.
Decide = Callable[[Sequence[Stored]], Mapping[str, Stored | None]]


class Configured:
    """The store, over a blocking client that answers in text."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def all(self) -> tuple[Stored, ...]:
        """Return every configured workflow, sound or not."""
        return _read_all(cast("Mapping[str, str]", self._redis.hgetall(keys.configured())))

    def change(self, decide: Decide) -> None:
        """Store what *decide* makes of what is stored; where somebody else was faster, it is asked anew."""

        def write(pipe: "redis.client.Pipeline") -> None:
            found = _read_all(cast("Mapping[str, str]", pipe.hgetall(keys.configured())))
            changes = decide(found)
            pipe.multi()
            for guid, stored in changes.items():
                if stored is None:
                    pipe.hdel(keys.configured(), guid)
                else:
                    pipe.hset(keys.configured(), guid, written(stored))

        self._redis.transaction(write, keys.configured())

    def keep_version(self, workflow: Workflow) -> None:
        """Keep a version for the events that will be pinned to it, should it be changed before a shift has seen it."""
        key = keys.workflow(workflow.name, workflow.version)
        self._redis.set(key, versions.text_of(workflow), ex=versions.TTL_S)


def changed(stored: Stored, change: Change) -> Stored:
    """Return the workflow with one more change on record."""
    return replace(stored, changes=(*stored.changes, change)[-MOST_CHANGES:])


def written(stored: Stored) -> str:
    """Return the JSON that is kept of a configured workflow."""
    last = stored.changes[-1] if stored.changes else None
    shown = {
        "definition": stored.definition,
        "isActive": stored.is_active,
        "created": stored.created,
        "updated": last.at if last else stored.created,
        "by": last.by if last else "",
        "changes": [asdict(change) for change in stored.changes],
    }
    return json.dumps(shown)


def read(guid: str, text: str) -> Stored:
    """Return a workflow as it was kept; of what cannot be read, one without a definition, which cannot be used."""
    try:
        found = json.loads(text)
        return Stored(
            guid=guid,
            definition=dict(found["definition"]),
            is_active=bool(found["isActive"]),
            created=int(found["created"]),
            changes=tuple(Change(**change) for change in found["changes"]),
        )
    except (ValueError, TypeError, KeyError):
        return Stored(guid=guid, definition={})


async def read_all(
    client: "aredis.Redis", *, stopping: asyncio.Event, patience_s: float
) -> Sequence[Stored] | None:
    """Return every configured workflow; None where Redis does not say in time, or the worker must stop."""
    found = await patiently(client, keys.configured(), stopping=stopping, patience_s=patience_s)
    return None if found is None else _read_all(found)


async def patiently(
    client: "aredis.Redis", key: str, *, stopping: asyncio.Event, patience_s: float
) -> Mapping[str, str] | None:
    """
    Return a hash that workflows come from; None where Redis does not say in time, or the worker must stop.

    To go on without them would be to ignore, for good, the events that they want.
    """
    loop = asyncio.get_running_loop()
    end, wait_s = loop.time() + patience_s, FIRST_WAIT_S
    while not stopping.is_set() and loop.time() < end:
        try:
            found = await cast("Awaitable[dict[bytes, bytes]]", client.hgetall(key))
            return {guid.decode(): text.decode(errors="replace") for guid, text in found.items()}
        except (RedisError, OSError) as error:
            log.warning("workflows.not_read", error=str(error), wait_s=wait_s)
            await asyncio.sleep(wait_s)
            wait_s = min(2 * wait_s, LONGEST_WAIT_S)
    return None


def say_broken(entries: Sequence[Entry]) -> None:
    """Log what cannot be used: its events are ignored, and somebody should know."""
    for entry in entries:
        if entry.workflow is None and entry.switched_on:
            log.warning(
                "workflow.broken",
                workflow=entry.name,
                guid=entry.guid,
                origin=entry.origin.value,
                problems=[f"{one.key}: {one.message}" for one in entry.problems],
            )


def _read_all(found: Mapping[str, str]) -> tuple[Stored, ...]:
    return tuple(read(guid, text) for guid, text in found.items())
