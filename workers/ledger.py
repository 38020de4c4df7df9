"""
Claims, ledger writes and ends of attempts, over Redis: the workers' side of claim.lua and settle.lua.

Writes of concurrent events go together, one script call in flight. A write that gets no answer is sent again until the
lease is over: each carries its fencing token and says the same thing twice, so a repeat changes nothing.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import redis.asyncio as aredis
import structlog
from redis.exceptions import RedisError

from receiver import keys, scripts
from receiver.batcher import Batcher
from receiver.lifecycle import Status
from receiver.record import Record, StepState

from . import lease
from .lease import LeaseLost
from .loops.echoes import Echo
from .loops.guard import NOTHING_YET, Tally
from .unreadable import Unreadable

log = structlog.get_logger()

#: Most writes in one script call.
MAX_BATCH = 256
#: Events of a lane looked at in one go.
LANE_PAGE = 100
#: Seconds between tries while Redis does not answer: at first, and at most.
FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """An event that this worker holds, until its lease runs out."""

    lane: str
    token: int
    record: Record
    body: bytes | None
    #: Redis' time of the claim, milliseconds.
    now: int
    #: What the order of the event has had of late.
    tally: Tally = NOTHING_YET


@dataclass(frozen=True, slots=True)
class Claims:
    """What a claim brought, and in how many seconds the next lane is due; None where none waits."""

    claims: tuple[Claim, ...]
    next_due_s: float | None
    #: What was left in its lane for a newer orderhook.
    unreadable: tuple[Unreadable, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How an attempt ends: carried out by settle.lua in one step with the lane."""

    status: Status
    wait_s: float = 0.0
    #: Goes into the attempt's line, one or a few words.
    detail: str = ""
    uses_attempt: bool = True
    #: A dead letter keeps its lane from going on.
    holds_lane: bool = False
    #: How long the record of a closed event is kept, in milliseconds.
    keep_ms: int = 0
    fields: Mapping[str, str] = field(default_factory=dict)


def entry(state: StepState, token: int, detail: object = None) -> str:
    """Return a ledger entry as settle.lua takes it: it puts Redis' time in front."""
    return f"@now {state} {token} {'' if detail is None else _written(detail)}"


def _written(detail: object) -> str:
    try:
        return msgspec.json.encode(detail).decode()
    except (TypeError, ValueError):  # no JSON, or half of a surrogate pair; slower, but it takes anything
        return json.dumps(detail, default=str)


class Ledger:
    """The scripts as functions; build it inside a running loop and `close` it."""

    def __init__(
        self,
        redis: "aredis.Redis",
        *,
        shift_id: str,
        lease_s: float,
        max_crashes: int,
        hold: Sequence[str],
        dedupe_ms: int,
    ) -> None:
        """
        Args:
            hold: Sources whose lanes wait behind a dead letter.
            dedupe_ms: How long the newest applied time of a lane is remembered, in milliseconds.
        """
        self._redis = redis
        self._shift_id = shift_id
        self._lease_s = lease_s
        self._max_crashes = max_crashes
        self._hold = f" {' '.join(hold)} "
        self._dedupe_ms = dedupe_ms
        self._batcher = Batcher[Sequence[Any], int](self._send, max_items=MAX_BATCH)

    async def claim(self, limit: int) -> Claims:
        """Claim up to *limit* due lanes."""
        answer = await scripts.run(
            self._redis,
            "claim",
            (keys.fence(), keys.shifts(), keys.unreadable(), keys.paused()),
            (
                limit,
                self._lease_ms,
                self._max_crashes,
                self._shift_id,
                *keys.prefixes(),
                self._hold,
                keys.recent(""),
            ),
        )
        now, due, left, *claims = answer
        next_due_s = max(0.0, (int(float(due)) - int(now)) / 1000) if due else None
        unreadable = tuple(
            Unreadable(*(fact.decode() for fact in left[at : at + 3])) for at in range(0, len(left), 3)
        )
        return Claims(tuple(_claim(fields, int(now)) for fields in claims), next_due_s, unreadable)

    async def note(
        self, claim: Claim, fields: Mapping[str, str], *, begins: int = 0, window_ms: int = 0
    ) -> None:
        """
        Write fields into the record and renew the lease.

        Args:
            begins: Runs that begin with it; they count for their order for *window_ms*.

        Raises:
            LeaseLost: Another worker has the event now.
        """
        until = time.monotonic() + self._lease_s  # Redis counts from a later moment
        await self._put("step", claim, wait=begins, detail=str(window_ms), fields=fields)
        lease.hold(until)

    async def expect(self, echo: Echo, *, window_ms: int) -> None:
        """
        Take the events that a write of ours will raise for its echo, within that time from now; forget it without one.

        Goes with the other writes, so that it costs no round trip of its own; see `workers.loops`.
        """
        types = ",".join(echo.types)
        flat = (window_ms, _bytes(echo.cause), 1, int(echo.made), 1, _bytes(types))
        await self._batcher.put(("expect", echo.recent, _bytes(echo.key), "", *flat))

    async def superseded(self, claim: Claim) -> bool:
        """
        Return whether a newer event of the same type waits in the lane; False where Redis does not say.

        Looked for from the lane's end, where a burst of updates has its newest.
        """
        own, kind = claim.record.key.encode(), claim.record.type.encode()
        with contextlib.suppress(RedisError, OSError):
            end = -1
            while page := await self._redis.lrange(claim.lane, end - LANE_PAGE + 1, end):
                async with self._redis.pipeline(transaction=False) as pipeline:
                    for key in page:
                        pipeline.hget(key, "type")
                    types = await pipeline.execute()
                if any(key != own and found == kind for key, found in zip(page, types, strict=True)):
                    return True
                end -= LANE_PAGE
        return False

    async def end(self, claim: Claim, end: End) -> None:
        """
        End the attempt and move the lane on.

        Raises:
            LeaseLost: Another worker has the event now.
        """
        wait_ms = end.keep_ms + keys.EXPIRY_MARGIN_MS if end.keep_ms else int(end.wait_s * 1000)
        flags = (int(end.uses_attempt), int(end.holds_lane))
        await self._put(
            end.status.value, claim, wait=wait_ms, detail=end.detail, flags=flags, fields=end.fields
        )

    async def close(self) -> None:
        """Stop; all writes must have been waited for."""
        await self._batcher.close()

    @property
    def _lease_ms(self) -> int:
        return int(self._lease_s * 1000)

    async def _put(
        self,
        kind: str,
        claim: Claim,
        *,
        wait: int,
        detail: str,
        flags: tuple[int, int] = (1, 0),
        fields: Mapping[str, str],
    ) -> None:
        flat = [_bytes(part) for pair in fields.items() for part in pair]
        place = (claim.record.key, claim.lane, claim.token)
        if not await self._batcher.put((kind, *place, wait, _bytes(detail), *flags, len(flat), *flat)):
            raise LeaseLost

    async def _send(self, writes: Sequence[Sequence[Any]], oldest: float) -> list[int]:
        arguments = [
            self._lease_ms,
            *_settle_prefixes(),
            self._dedupe_ms,
            keys.recent(""),
            *(part for write in writes for part in write),
        ]
        wait_s, loop = FIRST_WAIT_S, asyncio.get_running_loop()
        while True:
            try:
                return list(await scripts.run(self._redis, "settle", (keys.paused(),), arguments))
            except (RedisError, OSError) as error:
                if loop.time() > oldest + self._lease_s:
                    raise LeaseLost from error
                log.warning("ledger.retrying", error=str(error), wait_s=wait_s)
                await asyncio.sleep(wait_s)
                wait_s = min(2 * wait_s, LONGEST_WAIT_S)


def _bytes(text: str) -> bytes:
    """Encode here what an action may have said: an error while a batch is packed would fail the other events in it."""
    return text.encode(errors="replace")


def _settle_prefixes() -> tuple[str, str, str, str]:
    event, body, lane, applied = keys.prefixes()
    return body, event, lane, applied


def _claim(answer: Sequence[Any], now: int) -> Claim:
    lane, key, token, body, runs, since, *flat = answer
    texts = [part.decode() for part in flat]
    record = Record.read(key.decode(), dict(zip(texts[::2], texts[1::2], strict=True)))
    return Claim(
        lane=lane.decode(),
        token=int(token),
        record=record,
        body=body,
        now=now,
        tally=Tally(int(runs), int(since)),
    )
