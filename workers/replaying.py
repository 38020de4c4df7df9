"""
Moving the events of a replay, portion by portion and behind live traffic, until none is left or somebody stops it.
"""

import itertools
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import redis

from receiver.inbox import Inbox

from . import dead_letters
from .pacing import Pace
from .replays import Register, Replay, State

#: Seconds between two looks at how far the workers are.
LOOK_EVERY_S = 0.1
#: A moved event that is still open after so many seconds waits for something else than the replay's pace: its order's
#: lane may be held, or its API down.
OPEN_AT_MOST_S = 60.0


class Stopped(Exception):
    """The replay is not this process' any more; *state* is what it is: paused, cancelled, gone, or taken by another."""

    def __init__(self, state: str) -> None:
        super().__init__(state)
        self.state = state


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One look: the events that were handled with whether they were moved, and how long a lane has been waiting."""

    events: Sequence[tuple[str, bool]] = ()
    overdue_ms: int


@dataclass(slots=True, kw_only=True)
class Replaying:
    """A replay under way in this process."""

    client: "redis.Redis"
    replay: Replay
    holder: str
    clock: Callable[[], float] = time.monotonic
    wait: Callable[[float], None] = time.sleep
    #: Events that were moved and were open at the last look, by when they were moved.
    opened: dict[str, float] = field(default_factory=dict)

    def run(self) -> Iterator[Step]:
        """
        Move what is to be moved; yield after each look.

        Raises:
            Stopped: Somebody paused or cancelled the replay, or took it up elsewhere.
        """
        inbox, register = Inbox(self.client), Register(self.client)
        pace = Pace(ceiling=self.replay.terms.ahead, rate=self.replay.terms.rate)
        rest = register.ahead_of(self.replay)
        first = next(rest, None)
        while first is not None:
            now = self._now()
            overdue_ms = inbox.overdue_ms(now)
            opened = self._opened(inbox) if self.replay.terms.ahead else 0
            room = pace.room(opened=opened, overdue_ms=overdue_ms, now_s=self.clock())
            size = dead_letters.BATCH if room is None else min(room, dead_letters.BATCH)
            portion = list(itertools.islice(itertools.chain([first], rest), size))
            # Also with nothing to move: it is the sign of life, and how a pause is noticed.
            moved = self._move(portion)
            pace.used(len(portion))
            if portion:
                first = next(rest, None)
            yield Step(events=list(zip(portion, moved, strict=True)), overdue_ms=overdue_ms)
            if first is not None and room is not None and len(portion) == room:
                self.wait(LOOK_EVERY_S)
        if not register.finish(self.replay.id, self.holder, now=self._now()):
            raise Stopped(self._state(register))

    def _move(self, portion: Sequence[str]) -> list[bool]:
        answer = dead_letters.move(
            self.client, portion, under=(self.replay.id, self.holder), died_before=self.replay.died_before
        )
        if isinstance(answer, str):
            raise Stopped(answer)
        if self.replay.terms.ahead:
            now_s = self.clock()
            self.opened |= {key: now_s for key, moved in zip(portion, answer, strict=True) if moved}
        return answer

    def _opened(self, inbox: Inbox) -> int:
        still, oldest = inbox.open_among(list(self.opened)), self.clock() - OPEN_AT_MOST_S
        self.opened = {key: at for key, at in self.opened.items() if key in still and at > oldest}
        return len(self.opened)

    def _now(self) -> int:
        seconds, microseconds = self.client.time()
        return int(seconds) * 1000 + int(microseconds) // 1000

    def _state(self, register: Register) -> str:
        found = register.get(self.replay.id)
        return "gone" if found is None else "taken" if found.state is State.RUNNING else found.state
