"""
What a Redis server promises to keep, compared with what sources ask for.

Asks and judges; that a process does not start, answers 503 or only warns is up to who asks.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Any

import redis
import redis.asyncio as aredis

from .store import WeakDurability

#: The scripts use flags in their first line, which came with this version.
MIN_VERSION = (7, 0)

#: What INFO does not say, and managed services hide.
_HIDDEN = ("appendfsync", "no-appendfsync-on-rewrite")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """What must be known of a Redis server before anything is recorded in it."""

    version: str
    appendonly: bool
    #: `unknown` where a managed service hides it; so is the next.
    appendfsync: str
    #: `yes` leaves out the fsync while a snapshot or a rewrite is being written, even under `appendfsync always`.
    no_appendfsync_on_rewrite: str
    maxmemory: int
    maxmemory_policy: str
    #: Replicas that are connected now.
    replicas: int

    @classmethod
    def of(cls, info: Mapping[str, Any], config: Mapping[str, str]) -> "ServerFacts":
        """Read the facts from `INFO` and `CONFIG GET`; what a managed service hides of its settings counts as weak."""
        return cls(
            version=info["redis_version"],
            appendonly=bool(info.get("aof_enabled")),
            appendfsync=config.get("appendfsync", "unknown"),
            no_appendfsync_on_rewrite=config.get("no-appendfsync-on-rewrite", "unknown"),
            maxmemory=info.get("maxmemory", 0),
            maxmemory_policy=info.get("maxmemory_policy", "unknown"),
            replicas=info.get("connected_slaves", 0),
        )

    @property
    def short_of_disk(self) -> tuple[str, ...]:
        """The settings by which an answer may come before the fsync of what it answers, as `name is value`."""
        found = {
            "appendonly": ("yes" if self.appendonly else "no", "yes"),
            "appendfsync": (self.appendfsync, "always"),
            "no-appendfsync-on-rewrite": (self.no_appendfsync_on_rewrite, "no"),
        }
        return tuple(f"{name} is {value}" for name, (value, needed) in found.items() if value != needed)


def read_facts(connection: "redis.Redis") -> ServerFacts:
    """Ask a server for its facts."""
    info: dict[str, Any] = connection.info()
    try:
        config: dict[str, str] = connection.config_get(*_HIDDEN)  # type: ignore[assignment]
    except redis.ResponseError:  # managed services know no CONFIG, or do not allow it
        config = {}
    return ServerFacts.of(info, config)


async def assure(
    connection: "aredis.Redis", wanted: AbstractSet[str], *, allow_weak: bool
) -> tuple[str, ...]:
    """
    Ask a server for its facts and judge them.

    Raises:
        WeakDurability: It must not be written to.
    """
    info: dict[str, Any] = await connection.info()
    try:
        config: dict[str, str] = await connection.config_get(*_HIDDEN)  # type: ignore[assignment]
    except redis.ResponseError:
        config = {}
    return judge(ServerFacts.of(info, config), wanted, allow_weak=allow_weak)


def judge(facts: ServerFacts, wanted: AbstractSet[str], *, allow_weak: bool) -> tuple[str, ...]:
    """
    Return the weaknesses that are allowed; none is good.

    Args:
        wanted: The durabilities that sources ask for.
        allow_weak: Whether the operator has said to serve in spite of a weakness.

    Raises:
        WeakDurability: The server cannot be used, or is weak and may not be.
    """
    unfit, weak = hindrances(facts), weaknesses(facts, wanted)
    if unfit or (weak and not allow_weak):
        raise WeakDurability("; ".join([*unfit, *weak]) + ("" if unfit else _WAY_OUT))
    return weak


_WAY_OUT = "; to serve all the same, set allow_weak_durability = true in [receiver]"


def hindrances(facts: ServerFacts) -> tuple[str, ...]:
    """Return why the server cannot be used at all, one sentence each."""
    if tuple(int(part) for part in facts.version.split(".")[:2]) < MIN_VERSION:
        return (f"the server is version {facts.version}; at least 7.0 is needed for script flags",)
    return ()


def weaknesses(facts: ServerFacts, wanted: AbstractSet[str]) -> tuple[str, ...]:
    """
    Return what stands between the server and its promises, one sentence each.

    Args:
        wanted: The durabilities that sources ask for.
    """
    problems = []
    if facts.maxmemory_policy != "noeviction":
        problems.append(
            f"maxmemory-policy is {facts.maxmemory_policy}; it must be noeviction, or a full Redis throws events away"
        )
    if "disk" in wanted and facts.short_of_disk:
        problems.append(
            f'a source asks for durability = "disk", but {", ".join(facts.short_of_disk)}; set appendonly yes, '
            "appendfsync always and no-appendfsync-on-rewrite no, or ask for memory"
        )
    if "replica" in wanted and facts.replicas == 0:
        problems.append(
            'a source asks for durability = "replica", but no replica is connected to the server; connect one, or ask '
            "for memory or disk"
        )
    return tuple(problems)
