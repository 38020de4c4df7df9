"""
The versions of workflows that events may be pinned to, kept in Redis when they are not today's any more.
"""

import contextlib
from collections.abc import Sequence
from dataclasses import replace

import msgspec
import redis.asyncio as aredis
import structlog
from redis.exceptions import RedisError

from receiver import keys

from .actions import Registry
from .workflows import Workflow, WorkflowErrors, load_workflow

log = structlog.get_logger()

#: How long a version is kept, in seconds since the last shift that knew it.
TTL_S = 90 * 24 * 60 * 60


async def keep(redis: "aredis.Redis", workflows: Sequence[Workflow]) -> None:
    """
    Keep the definitions of today, for events that are pinned to them when they have been changed.

    Where Redis is full or away, the shift goes on without: the next one that can stores them.
    """
    try:
        async with redis.pipeline(transaction=False) as pipeline:
            for workflow in workflows:
                pipeline.set(keys.workflow(workflow.name, workflow.version), text_of(workflow), ex=TTL_S)
            await pipeline.execute()
    except (RedisError, OSError) as error:
        log.warning("workflows.not_stored", error=str(error))


async def find(redis: "aredis.Redis", registry: Registry, name: str, version: str) -> Workflow | None:
    """Return a version as it was kept; None where it is gone, or names an action that is."""
    stored = await redis.get(keys.workflow(name, version))
    if stored is None:
        return None
    with contextlib.suppress(WorkflowErrors):  # an action it names is gone; the caller says so of the event
        # A target or a template that is gone since is told of where it is missed.
        return load_workflow(msgspec.json.decode(stored), known=replace(registry, around=None))
    return None


def text_of(workflow: Workflow) -> bytes:
    """Return what is kept of a version."""
    return msgspec.json.encode(workflow.definition)
