"""
Replays on record: who started which events again, why, how far it came, and how it ended.

A replay that is to move all dead letters of a filter holds the filter and not the events: it takes those that died
before it began, page by page, and what it has moved is no dead letter any more. So it can be broken off anywhere and
taken up again, by this process or another, and moves no event twice.
"""

import json
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from enum import StrEnum
from typing import Any

import redis

from receiver import keys, scripts
from receiver.inbox import Filter, Inbox

#: How long a replay stays on record after its last change.
KEEP_MS = 90 * 24 * 60 * 60 * 1000
#: A running replay gives a sign of life several times a second; one that gave none for this long was broken off.
SILENT_MS = 15_000


class State(StrEnum):
    """Where a replay stands."""

    #: A command moves events under it, unless it was broken off: see `Replay.broken_off`.
    RUNNING = "running"
    #: Nobody moves events; it can be taken up again.
    PAUSED = "paused"
    #: All that it was for was moved, or had been by others.
    DONE = "done"
    #: A person ended it; what it had not moved stays dead.
    CANCELLED = "cancelled"


#: States from which a replay can be taken up, paused or cancelled.
UNFINISHED = (State.RUNNING, State.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    What a replay is for.

    Args:
        events: Keys of single events; empty for all dead letters of *wanted* that died before the replay began.
        rate: Most events a second, 0 for no limit.
        ahead: Most events open at once, 0 for no limit.
    """

    by: str
    why: str = ""
    wanted: Filter = field(default_factory=Filter)
    events: tuple[str, ...] = ()
    rate: float = 0.0
    ahead: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Replay:
    """A replay as it is on record; times in milliseconds, 0 for not yet."""

    id: str
    state: State
    terms: Terms
    started: int
    ended: int
    seen: int
    total: int
    moved: int
    handled: int
    #: How many were left dead when it was cancelled.
    left: int

    @property
    def died_before(self) -> int | None:
        """Return before when an event must have died to be meant; None where events are named."""
        return None if self.terms.events else self.terms.wanted.until

    @property
    def elsewhere(self) -> int:
        """Return how many of the events were started or closed by somebody else, once the replay has ended."""
        return max(0, self.total - self.moved - self.left) if self.state not in UNFINISHED else 0

    def broken_off(self, now: int) -> bool:
        """Return whether it runs by name only: its command has given no sign of life."""
        return self.state is State.RUNNING and now - self.seen > SILENT_MS

    @classmethod
    def read(cls, replay_id: str, fields: Mapping[str, str]) -> "Replay":
        """Return the replay that the fields of the hash spell."""

        def number(name: str) -> int:
            return int(fields.get(name) or 0)

        terms = Terms(
            by=fields["by"],
            why=fields["why"],
            wanted=Filter(**json.loads(fields["wanted"])),
            events=tuple(json.loads(fields["events"])),
            rate=float(fields["rate"]),
            ahead=int(fields["ahead"]),
        )
        return cls(
            id=replay_id,
            state=State(fields["state"]),
            terms=terms,
            started=number("started"),
            ended=number("ended"),
            seen=number("seen"),
            total=number("total"),
            moved=number("moved"),
            handled=number("handled"),
            left=number("left"),
        )


class Register:
    """The replays on record, over a blocking client that answers in text."""

    def __init__(self, client: "redis.Redis") -> None:
        self._redis = client
        self._inbox = Inbox(client)

    def start(self, terms: Terms, *, now: int, total: int | None = None) -> tuple[Replay, str]:
        """
        Put a replay on record, as running; return it with its holder.

        Args:
            now: Dead letters are those that died until then, in milliseconds.
            total: How many those are; counted if unset, which takes seconds where there are a hundred thousand.
        """
        replay_id, holder = f"rp-{uuid.uuid4().hex[:8]}", uuid.uuid4().hex
        # What dies from now on is not meant, above all what is moved and dies again.
        wanted = replace(terms.wanted, until=min(terms.wanted.until, now + 1), status=None)
        fields: Any = {
            "state": State.RUNNING,
            "holder": holder,
            "started": now,
            "seen": now,
            "by": terms.by,
            "why": terms.why,
            "wanted": json.dumps(asdict(wanted)),
            "events": json.dumps(terms.events),
            "rate": terms.rate,
            "ahead": terms.ahead,
            "total": len(terms.events) or (self._inbox.count_dead(wanted) if total is None else total),
        }
        with self._redis.pipeline(transaction=True) as pipeline:
            pipeline.hset(keys.replay(replay_id), mapping=fields)
            pipeline.pexpire(keys.replay(replay_id), KEEP_MS)
            pipeline.zadd(keys.replays(), {replay_id: now})
            pipeline.execute()
        return self._known(replay_id), holder

    def get(self, replay_id: str) -> Replay | None:
        """Return a replay; None where there is none."""
        fields: Mapping[str, str] = self._redis.hgetall(keys.replay(replay_id))  # type: ignore[assignment]
        return Replay.read(replay_id, fields) if fields.get("by") is not None else None

    def count(self) -> int:
        """Return how many replays the index knows; some of them may have expired."""
        return int(self._redis.zcard(keys.replays()))

    def newest(self, limit: int) -> Iterator[Replay]:
        """Yield the replays on record, the newest first; those that have expired leave the index."""
        ids: Sequence[str] = self._redis.zrevrange(keys.replays(), 0, -1)  # type: ignore[assignment]
        for replay_id in ids:
            found = self.get(replay_id)
            if found is None:
                self._redis.zrem(keys.replays(), replay_id)
            elif (limit := limit - 1) >= 0:
                yield found

    def take_up(self, replay_id: str) -> tuple[Replay, str] | None:
        """
        Make the caller the one who moves events under a replay that has not ended; None where it has, or there is none.

        Whoever moved them before is told at its next move. So a replay whose command was killed is free at once.
        """
        holder = uuid.uuid4().hex
        moved = self._mark(replay_id, State.RUNNING, fields={"holder": holder})
        return (self._known(replay_id), holder) if moved else None

    def pause(self, replay_id: str, *, holder: str = "") -> bool:
        """Stop a replay until it is taken up, with *holder* only if it is that one's; return whether it was."""
        return self._mark(replay_id, State.PAUSED, holder=holder)

    def cancel(self, replay_id: str, *, now: int) -> bool:
        """End a replay for good; return whether it had not ended. What it did not move is counted."""
        if not self._mark(replay_id, State.CANCELLED, fields={"ended": now}):
            return False
        left = sum(1 for _ in self.ahead_of(self._known(replay_id)))
        self._redis.hset(keys.replay(replay_id), "left", str(left))
        return True

    def finish(self, replay_id: str, holder: str, *, now: int) -> bool:
        """Note that nothing is left to move; return whether the replay was still the holder's."""
        return self._mark(replay_id, State.DONE, holder=holder, fields={"ended": now})

    def ahead_of(self, replay: Replay) -> Iterator[str]:
        """Yield the keys of what the replay has yet to move, page by page."""
        if replay.terms.events:
            yield from replay.terms.events[replay.handled :]
        else:
            yield from self._inbox.dead_keys(replay.terms.wanted)

    def _mark(
        self, replay_id: str, to: State, *, holder: str = "", fields: Mapping[str, object] | None = None
    ) -> bool:
        flat = [part for pair in (fields or {}).items() for part in pair]
        arguments = (f" {' '.join(UNFINISHED)} ", to, holder, KEEP_MS, *flat)
        moved, _ = scripts.run_sync(self._redis, "mark", (keys.replay(replay_id),), arguments)
        return bool(moved)

    def _known(self, replay_id: str) -> Replay:
        found = self.get(replay_id)
        assert found is not None, "it was written a moment ago, and stays for 90 days"
        return found
