"""
One target as an action sees it: takes a message, and returns when the other side has taken it.

Owns the order of things: a place, the gate, the signature, the call, what is told of it, the place again.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import aiohttp

from receiver.verification import SecretSettings, SigningError

from ..api.gate import Gate
from ..api.limits import asked_wait, window_of
from ..budget import visit
from ..egress import Destination
from ..failures import BadResponse, Permanent, RateLimited, Transient
from .answers import Answer, TargetReason, failure_of
from .exchange import Post, exchange
from .places import Places
from .signing import signature_headers

_HEADERS = {
    "Accept": "*/*",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": "orderhook",
}


@dataclass(slots=True, kw_only=True)
class Target:
    """
    A configured target, within one shift.

    Args:
        headers: Further headers, whose values no answer may repeat.
        clock: Seconds since 1970; the other side compares them with its own.
    """

    name: str
    destination: Destination
    secrets: Sequence[SecretSettings] = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    deadline_s: float
    places: Places
    gate: Gate
    session: aiohttp.ClientSession = field(repr=False)
    clock: Callable[[], float] = field(default=time.time, repr=False)

    async def deliver(self, message_id: str, body: bytes) -> Mapping[str, object]:
        """
        Post one message and return what the ledger keeps of it.

        Raises:
            Failure: It was not taken, or cannot go now.
        """
        try:
            return await self._delivered(message_id, body)
        except Transient as failure:
            # One of several places to tell: its order must not wait for it for ever.
            failure.ages = True
            raise

    async def _delivered(self, message_id: str, body: bytes) -> Mapping[str, object]:
        call = await self.places.take(waited=visit.current().back)
        took_s: float | None = None
        gone = ""
        try:
            post = self._post(message_id, body)  # before the gate, which must hear of whoever it lets through
            probe = await self.gate.enter()
            begun = time.monotonic()
            try:
                answer = await self._sent(post, probe=probe)
            finally:
                took_s = time.monotonic() - begun
            gone = f"target {self.name} answered {answer.status}" if answer.is_gone else ""
        finally:
            await self.places.leave(call, took_s=took_s, disabled=gone)
        failure = failure_of(self.name, answer, now=self._now())
        if failure is not None:
            raise failure
        return {"target": self.name, "id": message_id, "status": answer.status, "answer": answer.excerpt}

    def _post(self, message_id: str, body: bytes) -> Post:
        try:
            signed = signature_headers(
                self.secrets, message_id=message_id, timestamp=int(self.clock()), body=body
            )
        except SigningError as error:
            raise Permanent(f"target {self.name}: {error}", reason=TargetReason.UNSIGNED) from error
        return Post(
            target=self.name,
            url=self.destination.url,
            headers={**_HEADERS, **self.headers, **signed},
            hidden=tuple(self.headers.values()),
            body=body,
        )

    async def _sent(self, post: Post, *, probe: bool) -> Answer:
        """Return the answer; the gate hears of it, or that there was none."""
        begun = time.monotonic()
        try:
            answer = await exchange(self.session, post, deadline_s=self.deadline_s)
        except BadResponse:
            await self.gate.passed(None, probe=probe)
            raise
        except Transient as failure:
            await self._failed(failure.message, begun, probe=probe)
            raise
        except asyncio.CancelledError:
            self._weigh(f"target {self.name}: no answer in the time of its step", begun)
            raise
        await self._reported(answer, begun, probe=probe)
        return answer

    async def _reported(self, answer: Answer, begun: float, *, probe: bool) -> None:
        """Tell the gate of an answer; a 429 ends here where the gate knows the event's moment to come back."""
        if answer.is_broken:
            await self._failed(f"target {self.name} answered {answer.status}", begun, probe=probe)
            return
        now = self._now()
        said = window_of(answer.headers, now=now)
        if not answer.is_limit:
            await self.gate.passed(said, probe=probe)
            return
        moment_s = await self.gate.limited(asked_wait(answer.headers, now=now), said, probe=probe)
        if moment_s is not None:
            message = f"target {self.name} answered 429; it has its own moment to come back"
            raise RateLimited(message, retry_after_s=moment_s, punctual=True)

    async def _failed(self, words: str, begun: float, *, probe: bool) -> None:
        self._weigh(words, begun)
        await self.gate.failed(words, probe=probe)

    def _weigh(self, words: str, begun: float) -> None:
        """
        Count a failure once more for each second that it took.

        Few calls go to a target at a time: of one that lets all of them time out, the circuit would hear too little to
        open, though it takes the most.
        """
        for _ in range(int(time.monotonic() - begun)):
            self.gate.abandoned(words)

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)
