"""
Push messages to all who are meant, each once.

A push service takes a message or does not, for each browser apart: so it is noted of each that has been served, and an
attempt that follows one that failed in part goes to the others only. Between a yes and its note a crash sends it again,
under the same topic, by which a push service keeps the newer one only.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import aiohttp
import redis.asyncio as aredis
import structlog
from redis.exceptions import RedisError

from receiver import keys

from ..failures import Failure, Permanent, Reason, Transient
from ..targets.answers import Answer, failure_of
from ..targets.exchange import Post, exchange
from . import subscriptions
from .sealing import Signer, sealed
from .subscriptions import Allowed, Subscription

log = structlog.get_logger()

#: How long it is remembered who was served, in seconds.
REMEMBERED_S = 30 * 24 * 60 * 60
#: Calls at the same time, of one step.
AT_ONCE = 20
#: The longest topic. Source: RFC 8030, 5.4.
_TOPIC = 32
#: The push service does not know the subscription any more. Source: RFC 8030, 7.3, and what they answer.
_GONE = frozenset({404, 410})


class PushReason(StrEnum):
    """Reasons of dead letters that only push messages give."""

    REFUSED = "push_refused"
    TOO_LONG = "push_too_long"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one message: served, gone, or a failure."""

    subscription: Subscription
    failure: Failure | None = None
    is_gone: bool = False


@dataclass(slots=True, kw_only=True)
class PushServices:
    """
    Sends to the push services of all who have subscribed.

    Args:
        deadline_s: How long all of them may take together; less than the step has.
        timeout_s: How long one may take.
    """

    redis: "aredis.Redis" = field(repr=False)
    session: aiohttp.ClientSession = field(repr=False)
    signer: Signer
    allowed: Allowed
    deadline_s: float
    timeout_s: float
    clock: Callable[[], float] = field(default=time.time, repr=False)

    async def send(
        self, message: bytes, *, key: str, to: Sequence[str], ttl_s: int, urgency: str
    ) -> Mapping[str, object]:
        """
        Send to every subscription that *to* names, or to all, but for those that have been served under this key.

        Raises:
            Failure: Some have not been served; those that were are not served again.
            LeaseLost: It came too late: another worker may have the event.
        """
        meant, served = await self._meant(key, to)
        headers = {"TTL": str(ttl_s), "Urgency": urgency, "Topic": key[:_TOPIC]}
        left = [one for one in meant if one.id not in served]
        outcomes = await self._all(message, left, key=key, headers=headers)
        _raise_what_is_left(outcomes, of=len(meant))
        gone = sum(outcome.is_gone for outcome in outcomes)
        return _result(meant, gone=gone, to=to)

    async def _meant(self, key: str, to: Sequence[str]) -> tuple[Sequence[Subscription], frozenset[str]]:
        try:
            every = await subscriptions.read(self.redis)
            members: set[bytes] = await self.redis.smembers(keys.pushed(key))  # type: ignore[assignment]
        except (RedisError, OSError) as error:
            message = f"the subscriptions cannot be read: {error}"
            raise Transient(message, reason=Reason.IO_ERROR) from error
        meant = [one for one in every if not to or any(one.is_called(word) for word in to)]
        return meant, frozenset(member.decode() for member in members)

    async def _all(
        self, message: bytes, left: Sequence[Subscription], *, key: str, headers: Mapping[str, str]
    ) -> Sequence[Outcome]:
        """Send to each, some at a time; what is not done in time is a failure of its own, and no other's."""
        places = asyncio.Semaphore(AT_ONCE)

        async def one(subscription: Subscription) -> Outcome:
            async with places:
                return await self._one(message, subscription, key=key, headers=headers)

        tasks = [asyncio.create_task(one(subscription)) for subscription in left]
        try:
            if tasks:
                await asyncio.wait(tasks, timeout=self.deadline_s)
            return [_outcome(task, who) for task, who in zip(tasks, left, strict=True)]
        finally:
            for task in tasks:
                task.cancel()

    async def _one(
        self, message: bytes, subscription: Subscription, *, key: str, headers: Mapping[str, str]
    ) -> Outcome:
        try:
            answer = await self._posted(message, subscription, headers)
        except Failure as failure:
            return Outcome(subscription, failure)
        if answer.status in _GONE:
            await self._noted(subscriptions.forget(self.redis, subscription.id))
            log.info("push.subscription_removed", subscription=subscription.id, service=subscription.shown)
            return Outcome(subscription, is_gone=True)
        now = datetime.fromtimestamp(self.clock(), UTC)
        refusal = failure_of(subscription.shown, answer, now=now)
        if refusal is None:
            await self._noted(self._serve(key, subscription))
        return Outcome(subscription, refusal)

    async def _posted(self, message: bytes, subscription: Subscription, headers: Mapping[str, str]) -> Answer:
        try:
            destination = self.allowed.destination(subscription.endpoint)
        except ValueError as error:  # the settings have been narrowed since it was saved
            raise Permanent(str(error), reason=PushReason.REFUSED) from None
        proof = self.signer.headers(destination.url, now=self.clock())
        post = Post(
            target=subscription.shown,
            url=destination.url,
            headers={
                **headers,
                **proof,
                "Content-Encoding": "aes128gcm",
                "Content-Type": "application/octet-stream",
                "User-Agent": "orderhook",
            },
            hidden=tuple(proof.values()),
            body=sealed(message, subscription),
        )
        return await exchange(self.session, post, deadline_s=self.timeout_s)

    async def _serve(self, key: str, subscription: Subscription) -> None:
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.sadd(keys.pushed(key), subscription.id)
            pipeline.expire(keys.pushed(key), REMEMBERED_S)
            await pipeline.execute()

    async def _noted(self, write: Awaitable[None]) -> None:
        """Wait for a note; without Redis, the message goes out once more, under the same topic."""
        with suppress(RedisError, OSError):
            await write


def _outcome(task: "asyncio.Task[Outcome]", subscription: Subscription) -> Outcome:
    if not task.done():
        late = Transient(f"{subscription.shown}: not done in time", reason=Reason.TIMEOUT, effect="unknown")
        return Outcome(subscription, late)
    return task.result()  # raises LeaseLost, and what is a bug of ours


def _raise_what_is_left(outcomes: Sequence[Outcome], *, of: int) -> None:
    """
    Raise where somebody was not served: what time may heal goes before what a person must.

    Raises:
        Failure: The first of them, with how many there are.
    """
    failed = [outcome.failure for outcome in outcomes if outcome.failure is not None]
    waiting = [failure for failure in failed if isinstance(failure, Transient)]
    if waiting:
        waits = [failure.retry_after_s for failure in waiting if failure.retry_after_s is not None]
        message = f"{len(waiting)} of {of} are not served yet: {waiting[0].message}"
        raise Transient(message, reason=waiting[0].reason, retry_after_s=max(waits, default=None))
    if failed:
        message = f"{len(failed)} of {of} are not served: {failed[0].message}"
        raise Permanent(message, reason=PushReason.REFUSED)


def _result(meant: Sequence[Subscription], *, gone: int, to: Sequence[str]) -> Mapping[str, object]:
    missing = [word for word in to if not any(one.is_called(word) for one in meant)]
    result: dict[str, object] = {"sent": len(meant) - gone, "gone": gone}
    if missing:
        result["nobodyIsCalled"] = missing
    elif not meant:
        result["note"] = "nobody has subscribed"
    return result
