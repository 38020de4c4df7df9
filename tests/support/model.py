"""
What orderhook promises of events and lanes, as a page of plain Python: lanes are lists, ledgers dicts, time three words.

The oracle of `machine.py`, which does the same things to this and to a real Redis and compares. Knows nothing of Redis,
scripts or keys: what it says of a case is what should happen there.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import Enum

from receiver.accept import NewEvent, Outcome
from receiver.lifecycle import CLOSED, IN_FLIGHT, Status
from receiver.record import StepState
from workers.dead_letters import Refused, Resolved

#: Claims without a report before an event is dead.
MAX_CRASHES = 3
#: Sources whose lanes wait behind a dead letter.
HOLDING = frozenset({"holding"})


class Due(Enum):
    """When a lane may be claimed. A lease, a backoff and a hold are all the same thing: a later time."""

    NOW = "now"
    LATER = "later"
    NEVER = "never"


class Meant(Enum):
    """Which events a replay on record is for: those it names, or dead letters that died before some time."""

    NAMED = "named"
    DEAD = "dead"
    DEAD_LONG_AGO = "dead long ago"


@dataclass(slots=True)
class Event:
    """An event as the model knows it."""

    source: str
    lane: str
    digest: str
    occurred: int
    status: Status
    reason: str
    #: The fencing token of the last claim; no write with another may change anything.
    token: int = 0
    attempt: int = 0
    base: int = 0
    crashes: int = 0
    duplicates: int = 0
    altered: int = 0
    replays: int = 0
    stale: bool = False
    #: The id of the replay on record that started it last, if one did.
    replay: str = ""
    #: The lane of its subject, while it is in one of its own.
    home: str = ""
    ledger: dict[str, str] = field(default_factory=dict)
    #: By place, whether somebody has resumed it.
    pauses: dict[str, bool] = field(default_factory=dict)


@dataclass(slots=True)
class Model:
    """All events, all lanes, and the books."""

    events: dict[str, Event] = field(default_factory=dict)
    #: Event ids, the head first. A lane without events does not exist.
    lanes: dict[str, list[str]] = field(default_factory=dict)
    due: dict[str, Due] = field(default_factory=dict)
    #: By lane, the newest time among its succeeded events.
    applied: dict[str, int] = field(default_factory=dict)
    #: By source, type and body: the event that a body came with first, where the scheme does not sign the id.
    guards: dict[tuple[str, str, str], str] = field(default_factory=dict)
    #: `source:what`, as the counters in Redis.
    counts: Counter[str] = field(default_factory=Counter)

    def accept(self, key: str, lane: str, new: NewEvent) -> Outcome:
        """Record an event, unless its id or its guarded body is known."""
        known = self.events.get(key)
        if known is not None:
            known.duplicates += 1
            known.altered += known.digest != new.digest
            self.counts[f"{new.source}:duplicate"] += 1
            return Outcome.DUPLICATE if known.digest == new.digest else Outcome.ALTERED
        guard = (new.source, new.type, new.digest)
        first = self.events.get(self.guards.get(guard, ""))
        if new.guard_ms and first is not None:
            first.duplicates += 1
            self.counts[f"{new.source}:duplicate"] += 1
            return Outcome.COPIED
        if new.guard_ms:
            self.guards[guard] = key
        status = Status.DEAD if new.quarantine else Status.PENDING
        self.events[key] = Event(
            new.source, lane, new.digest, int(new.occurred or 0), status, reason=new.quarantine
        )
        self.counts[f"{new.source}:accepted"] += 1
        self.counts[f"{new.source}:{status}"] += 1
        self.counts[f"{new.source}:ended.dead.{new.quarantine}"] += bool(new.quarantine)
        if not new.quarantine:
            self._queue(key)
        return Outcome.QUARANTINED if new.quarantine else Outcome.ACCEPTED

    def due_lanes(self) -> set[str]:
        return {lane for lane, due in self.due.items() if due is Due.NOW}

    def is_poison(self, lane: str) -> bool:
        """Return whether the head of a lane has killed so many workers that the next claim buries it."""
        head = self.events[self.lanes[lane][0]]
        return head.status is Status.RUNNING and head.crashes >= MAX_CRASHES

    def bury(self, lane: str) -> None:
        """Claim a lane whose head is poison: it is dead, and the lane goes on or is held."""
        event = self.events[self.lanes[lane][0]]
        event.reason, aside = "poison_crash", bool(event.home)
        self.counts[f"{event.source}:ended.dead.poison_crash"] += 1
        self._move(event, Status.DEAD)
        self._leave(lane, holds=event.source in HOLDING and not aside)

    def claim(self, lane: str, token: int, due: Due) -> None:
        """Give the head of a lane to a worker, under a lease."""
        event = self.events[self.lanes[lane][0]]
        if event.status is Status.PAUSED:  # its time is over
            self._unpause(event)
        self._move(event, Status.RUNNING)
        event.token = token
        event.attempt += 1
        event.crashes += 1
        event.stale = 0 < event.occurred < self.applied.get(lane, 0)
        self.due[lane] = due

    def step(self, key: str, token: int, steps: dict[str, str], due: Due) -> bool:
        """Write into the ledger and renew the lease; return whether the holder of *token* may."""
        event = self.events.get(key)
        if event is None or event.token != token or event.status is not Status.RUNNING:
            return False
        event.ledger |= steps
        self.due[event.lane] = due
        return True

    def end(self, key: str, token: int, to: Status, *, uses_attempt: bool, due: Due, aside: str = "") -> bool:
        """End an attempt; return whether the holder of *token* may, or did before."""
        event = self.events.get(key)
        if event is None or event.token != token:
            return False
        if event.status is not Status.RUNNING:
            return event.status is to
        lane, home, was_aside = event.lane, event.home or event.lane, bool(event.home)
        self._move(event, to)
        event.reason = to.value
        event.crashes = 0
        event.attempt -= not uses_attempt
        if to is Status.SUCCEEDED and event.occurred:
            self.applied[home] = max(self.applied.get(home, 0), event.occurred)
        if aside and not was_aside:
            self._leave(lane, holds=False)
            event.home, event.lane = lane, aside
            self.lanes[aside], self.due[aside] = [key], due
        elif to in IN_FLIGHT:
            self.due[lane] = due
        else:
            self._leave(lane, holds=to is Status.DEAD and event.source in HOLDING and not was_aside)
        return True

    def pause(self, key: str, place: str) -> None:
        """Note that a step of the event waits to be resumed."""
        self.events[key].pauses.setdefault(place, False)

    def resume(self, key: str, places: Sequence[str]) -> bool:
        """Let the pauses of an event go on, those at *places* or all; return whether one did."""
        event = self.events.get(key)
        waits = (Status.PAUSED, Status.RETRYING, Status.PENDING)
        meant = [
            place
            for place, over in (event.pauses if event else {}).items()
            if not over and (not places or place in places)
        ]
        if event is None or event.status not in waits or not meant:
            return False
        event.pauses |= dict.fromkeys(meant, True)
        if event.status is Status.PAUSED:
            self._unpause(event)
            self.due[event.lane] = Due.NOW
        return True

    def replay(self, key: str, *, under: str = "") -> bool:
        """Start an event again, perhaps under a replay on record: at the head of the lane that it holds, else behind the others."""
        event = self.events.get(key)
        if event is None or event.status in (
            Status.PENDING,
            Status.RUNNING,
            Status.RETRYING,
            Status.PAUSED,
            Status.DISCARDED,
        ):
            return False
        self._move(event, Status.PENDING)
        event.reason, event.replay = "", under
        event.base, event.crashes, event.replays = event.attempt, 0, event.replays + 1
        if self._heads(key):
            self.due[event.lane] = Due.NOW
        else:
            self._queue(key)
        return True

    def is_meant(self, key: str, meant: Meant) -> bool:
        """Return whether a replay on record is for an event; no death is long ago here."""
        event = self.events.get(key)
        dead = event is not None and event.status is Status.DEAD
        return meant is Meant.NAMED or (meant is Meant.DEAD and dead)

    def resolve(self, key: str, step: str, *, done: bool, start: bool) -> Resolved | Refused:
        """Settle a step of a dead letter whose outcome is unknown, as a person says it was."""
        event = self.events.get(key)
        if event is None or event.status is not Status.DEAD:
            return Refused(status=event.status if event else "")
        was = event.ledger.get(step, "")
        if was not in (StepState.INTENT, StepState.UNKNOWN):
            return Refused(state=was)
        if done:
            event.ledger[step] = StepState.DONE
        else:
            del event.ledger[step]
        return Resolved(was=StepState(was), started=start and self.replay(key))

    def parked(self) -> list[tuple[str, str]]:
        """Return every step that a person may settle, with its event."""
        dead = sorted(self.keys_where({Status.DEAD}))
        states = (StepState.INTENT, StepState.UNKNOWN)
        return [
            (key, step) for key in dead for step, state in self.events[key].ledger.items() if state in states
        ]

    def discard(self, key: str) -> bool:
        """Close a dead letter or a paused event for good; a lane that it held goes on."""
        event = self.events.get(key)
        if event is None or event.status not in (Status.DEAD, Status.PAUSED):
            return False
        lane, heads = event.lane, self._heads(key)
        self._move(event, Status.DISCARDED)
        if heads:
            self._leave(lane, holds=False)
        return True

    def retire(self) -> int:
        """Forget what is closed, all of it, but not that it was there; return how much it was."""
        over = [key for key, event in self.events.items() if event.status in CLOSED]
        for key in over:
            event = self.events.pop(key)
            self.counts[f"{event.source}:retired.{event.status}"] += 1
        return len(over)

    def keys_where(self, statuses: Sequence[Status] | frozenset[Status]) -> set[str]:
        return {key for key, event in self.events.items() if event.status in statuses}

    def _move(self, event: Event, to: Status) -> None:
        self.counts[f"{event.source}:{event.status}"] -= 1
        self.counts[f"{event.source}:{to}"] += 1
        event.status = to
        if event.home and to not in IN_FLIGHT:
            event.lane, event.home = event.home, ""

    def _unpause(self, event: Event) -> None:
        """Count attempts and crashes of a paused event anew."""
        self._move(event, Status.PENDING)
        event.reason, event.base, event.crashes = "", event.attempt, 0

    def _queue(self, key: str) -> None:
        lane = self.events[key].lane
        self.lanes.setdefault(lane, []).append(key)
        self.due.setdefault(lane, Due.NOW)

    def _heads(self, key: str) -> bool:
        return self.lanes.get(self.events[key].lane, [""])[0] == key

    def _leave(self, lane: str, *, holds: bool) -> None:
        """Take the head off its lane and let the next one be claimed; a dead letter that holds the lane stays."""
        if holds:
            self.due[lane] = Due.NEVER
            return
        self.lanes[lane].pop(0)
        self.due[lane] = Due.NOW
        if not self.lanes[lane]:
            del self.lanes[lane], self.due[lane]
