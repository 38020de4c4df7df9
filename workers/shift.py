"""
A shift: one rq job in which a worker drains ready lanes, many events at once, on one event loop.

Ends when nothing is ready, when its time is up, or when the worker must stop; hands over to the next shift while lanes
wait. Correctness never depends on it: a shift that is killed leaves leases that run out.
"""

import asyncio
import concurrent.futures
import contextlib
import signal
import time
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field

import redis.asyncio as aredis
import structlog
import uvloop
from redis.exceptions import RedisError

from receiver import keys, scripts, store
from receiver.ending import ended
from receiver.lifecycle import Status
from receiver.wake import ShiftTemplate

from .attempt import attempt
from .ledger import Claim, End, Ledger
from .plant import Plant, plant, workshop
from .pulse import pulse
from .unreadable import Notices
from .workshop import Workshop

log = structlog.get_logger()

#: Seconds a shift stays when nothing is ready: the next event then finds warm hands.
LINGER_S = 1.0
#: Longest wait for a wake-up, in seconds; without one, due lanes are looked for this often.
POLL_S = 0.5
#: Seconds between tries while Redis does not answer: at first, and at most.
FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 2.0
#: Seconds a stopping shift gives to steps that are under way.
STOP_GRACE_S = 8.0
#: Longest wait for an answer of Redis, in seconds.
REDIS_TIMEOUT_S = 5.0


def run() -> None:
    """Work for one shift: the function that rq calls; takes and returns nothing, so that no order is in a job."""
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_alone(plant()))


async def _alone(tools: Plant) -> None:
    """Work for one shift on a loop that ends with it, seen by the watchdog."""
    threads = _Threads(tools.settings.worker.concurrency, "action")
    asyncio.get_running_loop().set_default_executor(threads)
    async with pulse().beating():
        await work(tools)


async def work(tools: Plant, *, linger_s: float = LINGER_S) -> int:
    """Work for one shift, and *linger_s* seconds after nothing is ready; return how many attempts were made."""
    shift_id = uuid.uuid4().hex
    redis = store.async_client(tools.settings.redis_url, timeout_s=REDIS_TIMEOUT_S)
    ledger = _ledger(redis, tools, shift_id)
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stopping.set)
    wake = asyncio.Event()
    try:
        async with workshop(tools, books=ledger, redis=redis, stopping=stopping) as shop:
            heard = {keys.wake(): lambda _: wake.set(), keys.budgets(): shop.budgets.changed}
            async with _listening(redis, heard):
                shift = _Shift(shop, ledger, tools, wake, linger_s)
                await shift.drain()
                return shift.attempts
    finally:
        loop.remove_signal_handler(signal.SIGTERM)
        await ledger.close()
        await _hand_over(redis, shift_id)
        await redis.aclose()


class _Threads(concurrent.futures.ThreadPoolExecutor):
    """Threads for actions that are no coroutines; one that is stuck in its action ends with the process."""

    def shutdown(self, *_: object, **__: object) -> None:
        super().shutdown(wait=False, cancel_futures=True)  # the loop's end, too, would wait for a stuck one


def _ledger(redis: "aredis.Redis", tools: Plant, shift_id: str) -> Ledger:
    section = tools.settings.worker
    return Ledger(
        redis,
        shift_id=shift_id,
        lease_s=section.lease_s,
        max_crashes=section.max_crashes,
        hold=tools.holding,
        dedupe_ms=tools.dedupe_ms,
    )


@contextlib.asynccontextmanager
async def _listening(
    redis: "aredis.Redis", heard: Mapping[str, Callable[[str], object]]
) -> AsyncIterator[None]:
    task = asyncio.create_task(_listen(redis, heard))
    try:
        yield
    finally:
        await ended([task])


async def _listen(redis: "aredis.Redis", heard: Mapping[str, Callable[[str], object]]) -> None:
    """Hand on each message of the channels; without Redis, lanes and budgets are looked at now and then instead."""
    while True:
        with contextlib.suppress(RedisError, OSError):
            async with redis.pubsub(ignore_subscribe_messages=True) as pubsub:
                await pubsub.subscribe(*heard)
                while True:
                    message = await pubsub.get_message(timeout=REDIS_TIMEOUT_S - 1)
                    if message:
                        heard[message["channel"].decode()](message["data"].decode())
        await asyncio.sleep(LONGEST_WAIT_S)


async def _hand_over(redis: "aredis.Redis", shift_id: str) -> None:
    wake_keys, wake_arguments = ShiftTemplate().arguments()
    with contextlib.suppress(RedisError, OSError):  # then a worker's maintenance does it
        await scripts.run(redis, "relay", (*wake_keys, keys.shifts()), (*wake_arguments, shift_id))


@dataclass(slots=True)
class _Shift:
    """The claiming loop of one shift."""

    shop: Workshop
    ledger: Ledger
    tools: Plant
    wake: asyncio.Event
    linger_s: float
    live: set[asyncio.Task[None]] = field(default_factory=set)
    notices: Notices = field(default_factory=Notices)
    attempts: int = 0
    idle_since: float | None = None
    wait_s: float = FIRST_WAIT_S

    async def drain(self) -> None:
        """Claim and work until there is nothing to do or the time is up; then let what is under way finish."""
        end = time.monotonic() + self.tools.settings.worker.shift_s
        while time.monotonic() < end and not self.shop.stopping.is_set():
            self.wake.clear()
            next_due_s = await self._claim()
            if self._is_over(next_due_s):
                break
            await self._wait(next_due_s)
        await self._finish()

    async def _claim(self) -> float | None:
        """Claim what there is room for; return in how many seconds to look again, None for nothing waits."""
        room = self.tools.settings.worker.concurrency - len(self.live)
        if room < max(1, self.tools.settings.worker.concurrency // 8):
            return POLL_S
        try:
            found = await self.ledger.claim(room)
        except (RedisError, OSError) as error:
            log.warning("shift.redis_unreachable", error=str(error), wait_s=self.wait_s)
            await asyncio.sleep(self.wait_s)
            self.wait_s = min(2 * self.wait_s, LONGEST_WAIT_S)
            return 0.0
        self.wait_s = FIRST_WAIT_S
        self.notices.say(found.unreadable)
        for claim in found.claims:
            task = asyncio.create_task(self._attempt(claim))
            self.live.add(task)
            task.add_done_callback(self._done)
        return found.next_due_s

    def _done(self, task: asyncio.Task[None]) -> None:
        self.live.discard(task)
        self.wake.set()

    def _is_over(self, next_due_s: float | None) -> bool:
        if self.live or next_due_s is not None:
            self.idle_since = None
            return False
        self.idle_since = self.idle_since or time.monotonic()
        return time.monotonic() - self.idle_since > self.linger_s

    async def _wait(self, next_due_s: float | None) -> None:
        """Wait for a wake-up, an ended attempt or a due lane, whichever comes first."""
        wait_s = min(POLL_S, self.linger_s if next_due_s is None else next_due_s)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(max(wait_s, 0.001)):
                await self.wake.wait()

    async def _attempt(self, claim: Claim) -> None:
        started = time.perf_counter()
        self.attempts += 1
        end = await attempt(self.shop, claim)
        _log_attempt(claim, end, time.perf_counter() - started)

    async def _finish(self) -> None:
        """Let attempts end: between two steps at once when stopping, else in their own time."""
        if not self.live:
            return
        grace = STOP_GRACE_S if self.shop.stopping.is_set() else self.tools.settings.worker.event_deadline_s
        await asyncio.wait(self.live, timeout=grace)
        # Their leases run out, and the ledger tells the next worker where they stood.
        await ended(self.live)


def _log_attempt(claim: Claim, end: End | None, elapsed_s: float) -> None:
    record = claim.record
    log.log(
        _level(end),
        "attempt.finished",
        source=record.source,
        event_id=record.id,
        type=record.type,
        subject=record.subject,
        attempt=record.attempts_now,
        outcome=end.status.value if end else "lease_lost",
        detail=end.detail if end else "another worker has the event now",
        duration_ms=round(elapsed_s * 1000, 1),
    )


def _level(end: End | None) -> int:
    """Return the level by reader: 20 info is normal, 30 warning heals itself, 40 error needs an operator."""
    if end is None:
        return 30
    if end.status is Status.RETRYING:
        return (
            30 if end.uses_attempt else 20
        )  # to wait for one's moment is normal; the API's trouble has its own line
    return 40 if end.status is Status.DEAD else 20
