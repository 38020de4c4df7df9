"""
The trail of changes: who changed what, when, why, and what came of it. Bounded, and written before and after.

An entry that says `begun` long after its time is a change whose outcome nobody knows: the process ended in between.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import redis

from receiver import keys

#: The newest entries that are kept, and how long at most.
KEEP = 10_000
KEEP_MS = 400 * 24 * 60 * 60 * 1000
#: A reason is cut there: it is a sentence, and not a document.
MAX_TEXT = 500


class Outcome(StrEnum):
    """
    What came of a change.
    """

    BEGUN = "begun"
    DONE = "done"
    #: It could not be made as it was asked for; nothing was changed.
    REFUSED = "refused"
    #: A fault of ours or of Redis: it may have been made.
    FAILED = "failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """
    An entry; *at* in milliseconds.
    """

    id: str
    at: int
    by: str
    #: The operation's name.
    what: str
    path: str
    why: str
    request: str
    outcome: Outcome
    #: Status of the answer; 0 for a command.
    status: int
    facts: Mapping[str, str]

    @classmethod
    def read(cls, change_id: str, fields: Mapping[str, str]) -> "Change":
        """
        Return the entry that the fields of the hash spell.
        """
        return cls(
            id=change_id,
            at=int(fields["at"]),
            by=fields.get("by", ""),
            what=fields.get("what", ""),
            path=fields.get("path", ""),
            why=fields.get("why", ""),
            request=fields.get("request", ""),
            outcome=Outcome(fields.get("outcome", Outcome.BEGUN)),
            status=int(fields.get("status") or 0),
            facts=json.loads(fields.get("facts") or "{}"),
        )


class Trail:
    """
    The entries, over a blocking client that answers in text.
    """

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client

    def begin(self, *, at: int, by: str, what: str, path: str = "", why: str = "", request: str = "") -> str:
        """
        Note that a change is about to be made; return the entry's id.
        """
        change_id = uuid.uuid4().hex
        fields: dict[Any, Any] = {
            "at": at,
            "by": by,
            "what": what,
            "path": path[:MAX_TEXT],
            "why": why[:MAX_TEXT],
            "request": request,
            "outcome": Outcome.BEGUN.value,
        }
        with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(keys.change(change_id), mapping=fields)
            pipeline.pexpire(keys.change(change_id), KEEP_MS)
            pipeline.zadd(keys.changes(), {change_id: at})
            pipeline.zrange(keys.changes(), 0, -KEEP - 1)
            pipeline.zremrangebyscore(keys.changes(), "-inf", at - KEEP_MS)
            *_, old, _ = pipeline.execute()
        self._forget(old)
        return change_id

    def end(self, change_id: str, outcome: Outcome, *, status: int = 0, facts: Mapping[str, str]) -> None:
        """
        Note what came of it.
        """
        told = {name: text[:MAX_TEXT] for name, text in facts.items()}
        fields: dict[Any, Any] = {
            "outcome": outcome.value,
            "status": status,
            "facts": json.dumps(told, ensure_ascii=False),
        }
        self._redis.hset(keys.change(change_id), mapping=fields)

    def count(self) -> int:
        """
        Return how many entries there are.
        """
        return int(self._redis.zcard(keys.changes()))

    def newest(self, *, offset: int, limit: int) -> list[Change]:
        """
        Return entries, the newest first.
        """
        found: Sequence[str] = self._redis.zrange(keys.changes(), offset, offset + limit - 1, desc=True)  # type: ignore[assignment]
        with self._redis.pipeline(transaction=False) as pipeline:
            for change_id in found:
                pipeline.hgetall(keys.change(change_id))
            records = pipeline.execute()
        pairs = zip(found, records, strict=True)
        return [Change.read(change_id, fields) for change_id, fields in pairs if fields.get("at")]

    def _forget(self, old: Sequence[str]) -> None:
        if old:
            with self._redis.pipeline(transaction=True) as pipeline:
                pipeline.delete(*map(keys.change, old))
                pipeline.zrem(keys.changes(), *old)
                pipeline.execute()
