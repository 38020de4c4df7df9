"""
One API's budget as a worker keeps it: asks for permits, waits a moment for them, and tells what calls met.

While nothing limits an API, calls go without a word, and the budget is looked at once a second. As soon as something
does, every call asks first; calls that ask at the same time go together in one script call.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import redis.asyncio as aredis
import structlog
from redis.exceptions import RedisError

from receiver import keys, scripts
from receiver.batcher import Batcher

from ..api.limits import Window
from ..failures import CircuitOpen, Failure, RateLimited, Transient, Unauthorized
from .notes import SAME_WINDOW_S, Notes
from .visit import Visit, current

log = structlog.get_logger()

#: Seconds for which calls go without asking, once the budget has said that nothing limits them.
FREE_S = 1.0
#: Longest wait for a token that holds a place among a worker's events, in seconds: of an event that begins, and of
#: one that has begun, which is waited out so that its calls are not made again.
MOMENT_S = 0.1
PATIENCE_S = 5.0
#: Seconds until an event comes back whose permit could not be asked for; half of them at least.
REDIS_WAIT_S = 2.0
#: Most calls in one asking.
MAX_BATCH = 256

_WHY: dict[bytes, tuple[type[Transient], str]] = {
    b"rate_limited": (RateLimited, "its rate limit is used up; the event has its own moment to come back"),
    b"circuit_open": (CircuitOpen, "its last calls failed; the event comes back when it may have recovered"),
    b"unauthorized": (Unauthorized, "it refuses the token; an operator must renew api.token"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """
    What the settings say of one API.

    Args:
        name: Its address and whose token: what the budget is shared by.
        rate_per_s: Calls per second; None is what the API itself says or shows.
        burst: Calls that may go at once after a quiet time.
        patience_s: Longest wait for a token of an event that has begun.
        probe_s: Time between tries while the circuit is open.
    """

    name: str
    rate_per_s: float | None = None
    burst: int = 1
    patience_s: float = PATIENCE_S
    probe_s: float = 10.0


class _Answer(NamedTuple):
    what: bytes
    wait_s: float
    #: How often the budget had changed when it was given.
    age: int


class Budget:
    """The gate of one API (`workers.api.gate.Gate`); build it inside a running loop and `close` it."""

    def __init__(
        self, redis: "aredis.Redis", terms: Terms, *, chance: Callable[[], float] = random.random
    ) -> None:
        self.terms = terms
        self._redis = redis
        self._chance = chance
        self._loop = asyncio.get_running_loop()
        self._free_until = 0.0
        self._changes = 0
        self._notes = Notes()
        self._telling = asyncio.Lock()
        self._told_reset = 0.0
        self._asks = Batcher[Visit, _Answer](self._permits, max_items=MAX_BATCH)

    async def close(self) -> None:
        """Tell what is left to tell, and stop asking."""
        await self._tell()
        await self._asks.close()

    def changed(self) -> None:
        """Hear that the budget is not what it was: ask before the next call."""
        self._changes += 1
        self._free_until = 0.0

    # The gate.

    async def enter(self) -> bool:
        """Wait for permission; see `Gate`."""
        visit = current()
        if self._loop.time() < self._free_until:
            visit.made += 1
            return False
        while True:
            answer = await self._ask(visit)
            if answer.what not in (b"go", b"probe"):
                raise self._not_now(answer)
            if answer.wait_s:
                await asyncio.sleep(answer.wait_s)
            if answer.what == b"probe" or not answer.wait_s or answer.age == self._changes:
                visit.made += 1
                return answer.what == b"probe"
            visit.back = True  # while it waited, the API asked for a pause, or broke

    async def passed(self, said: Window | None, *, probe: bool) -> None:
        """Count an answer; tell of it at once only where others wait for the news."""
        self._notes.answered += 1
        if probe:
            self._notes.probe = "up"
        if self._hear(said) or probe:
            await self._tell()

    async def failed(self, words: str, said: Window | None = None, *, probe: bool) -> None:
        """Tell of a failure before its event is put off: what opens the circuit must be known to the next call."""
        self.abandoned(words)
        self._hear(said)
        if probe:
            self._notes.probe = "down"
        await self._tell()

    async def limited(self, wait_s: float | None, said: Window | None, *, probe: bool) -> float | None:
        """Tell of a 429, and return in how many seconds this event's own moment is."""
        self._notes.limit(wait_s)
        if probe:
            self._notes.probe = "up"
        self._hear(said)
        await self._tell()
        return await self._moment()

    async def refused(self, said: Window | None = None) -> float | None:
        """Tell that the token is refused, and return in how many seconds this event's own moment is."""
        self._notes.refused += 1
        self._hear(said)
        await self._tell()
        return await self._moment()

    def abandoned(self, words: str) -> None:
        """Note a failure; it is told with what comes next."""
        self._notes.failed += 1
        self._notes.words = words

    # Asking.

    async def _moment(self) -> float | None:
        """Return when an event that was refused may come again; None where nothing keeps it."""
        try:
            answer = await self._ask(replace(current(), made=1))
        except RateLimited:
            return None
        return None if answer.what in (b"go", b"probe") else answer.wait_s

    async def _ask(self, visit: Visit) -> _Answer:
        try:
            return await self._asks.put(visit)
        except (RedisError, OSError) as error:
            wait_s = REDIS_WAIT_S * (1 + self._chance()) / 2
            message = f"the budget of {self.terms.name} cannot be asked: {error}"
            raise RateLimited(message, retry_after_s=wait_s, punctual=True) from error

    async def _permits(self, visits: Sequence[Visit], oldest: float) -> list[_Answer]:
        del oldest
        await self._tell()
        age = self._changes
        # Whoever has begun is asked for first, so that a newcomer of the same batch does not go before.
        order = sorted(range(len(visits)), key=lambda n: not visits[n].made)
        asks = [part for n in order for part in _ask_of(visits[n])]
        key = keys.budget(self.terms.name)
        try:
            free, *found = await scripts.run(self._redis, "permit", (key,), (*self._limits(), *asks))
        except (RedisError, OSError) as error:
            log.warning("budget.not_asked", api=self.terms.name, events=len(visits), error=str(error))
            raise
        if free and age == self._changes:
            self._free_until = self._loop.time() + FREE_S
        answers = {n: _Answer(what, int(ms) / 1000, age) for n, (what, ms) in zip(order, found, strict=True)}
        return [answers[n] for n in range(len(visits))]

    def _limits(self) -> tuple[float, ...]:
        terms = self.terms
        waits = (int(seconds * 1000) for seconds in (MOMENT_S, terms.patience_s, terms.probe_s))
        return terms.rate_per_s or 0, terms.burst, *waits

    def _not_now(self, answer: _Answer) -> Failure:
        kind, why = _WHY[answer.what]
        return kind(f"no call to {self.terms.name} now: {why}", retry_after_s=answer.wait_s, punctual=True)

    # Telling.

    def _hear(self, said: Window | None) -> bool:
        """Take what the API advertises; return whether it is news."""
        if said is None:
            return False
        now = self._loop.time()
        reset = now + said.reset_s
        self._notes.advertise(replace(said, reset_s=reset))
        is_news = abs(reset - self._told_reset) > SAME_WINDOW_S or self._told_reset < now
        if is_news:
            self._told_reset = reset
        return is_news

    async def _tell(self) -> None:
        """Tell what has been noted; who comes while another tells waits, and mostly finds nothing left."""
        async with self._telling:
            notes, self._notes = self._notes, Notes()
            if not notes:
                return
            try:
                news = await scripts.run(
                    self._redis, "outcome", (keys.budget(self.terms.name),), self._outcome(notes)
                )
            except (RedisError, OSError) as error:
                log.warning("budget.not_told", api=self.terms.name, error=str(error))
                return
        if news:
            self.changed()
            _log_news(news.decode(), self.terms.name, notes.words)

    def _outcome(self, notes: Notes) -> tuple[object, ...]:
        return (
            notes.answered,
            notes.failed,
            notes.words.encode(errors="replace"),
            notes.limited,
            "" if notes.wait_s is None else int(notes.wait_s * 1000),
            notes.refused,
            notes.probe,
            *_window(notes.window, now=self._loop.time()),
            self._chance(),
            self.terms.rate_per_s or 0,
            int(self.terms.probe_s * 1000),
            keys.budgets(),
            self.terms.name,
        )


def _ask_of(visit: Visit) -> tuple[str, str, str, int]:
    return visit.source, visit.budget_class, visit.standing, visit.made


def _window(window: Window | None, *, now: float) -> tuple[object, object, object]:
    if window is None:
        return "", "", ""
    return window.limit, window.remaining, int((window.reset_s - now) * 1000)


def _log_news(news: str, api: str, words: str) -> None:
    if news == "opened":
        log.warning("circuit.opened", api=api, last_failure=words)
    elif news == "closed":
        log.info("circuit.closed", api=api)
    else:
        log.info("budget.limited", api=api)
