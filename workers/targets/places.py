"""
The places of one target: how many calls go to it at a time, of all workers together, and whether it wants any.

Decided by place.lua and leave.lua. An event that finds no place holds none of its worker's either: it gets a moment
of its own to come back, and uses no attempt.
"""

import contextlib
import hashlib
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field

import redis.asyncio as aredis
import structlog
from redis.exceptions import RedisError

from receiver import keys, scripts

from ..failures import Reason, Transient
from . import answers

log = structlog.get_logger()

#: Seconds until an event comes back whose place could not be asked for; half of them at least.
REDIS_WAIT_S = 2.0
#: What a call may take beyond its deadline before its place is given to another, in seconds.
MARGIN_S = 5.0


class Busy(Transient):
    """All places of the target are taken; waits, and uses no attempt."""

    uses_attempt = False
    default_reason = Reason.TARGET_BUSY


def address_digest(url: str) -> str:
    """Return what tells one address of a target from another in Redis, where the address itself must not stand."""
    return hashlib.sha256(url.encode()).hexdigest()[:16]


@dataclass(slots=True, kw_only=True)
class Places:
    """
    The places as one worker asks for them.

    Args:
        limit: Calls at the same time.
        hold_s: Longest time that one call may hold a place.
        address: By `address_digest`: a target that was disabled and has moved since is not disabled.
    """

    redis: "aredis.Redis"
    target: str
    limit: int
    hold_s: float
    address: str
    chance: Callable[[], float] = field(default=random.random, repr=False)

    async def take(self, *, waited: bool) -> str:
        """
        Take a place and return the id to give it back by.

        Raises:
            Busy: None is free; the failure says when to come again.
            Permanent: The target is disabled.
        """
        call = uuid.uuid4().hex
        hold_ms = int((self.hold_s + MARGIN_S) * 1000)
        arguments = (self.limit, hold_ms, call, self.address, int(waited), self.chance())
        try:
            what, number, *why = await scripts.run(self.redis, "place", self._keys(), arguments)
        except (RedisError, OSError) as error:
            wait_s = REDIS_WAIT_S * (1 + self.chance()) / 2
            message = f"the places of target {self.target} cannot be asked for: {error}"
            raise Busy(message, retry_after_s=wait_s, punctual=True) from error
        if what == b"disabled":
            raise answers.disabled(self.target, why[0].decode())
        if what == b"busy":
            message = f"all {self.limit} places of target {self.target} are taken; it has its own moment to come back"
            raise Busy(message, retry_after_s=int(number) / 1000, punctual=True)
        return call

    async def leave(self, call: str, *, took_s: float | None = None, disabled: str = "") -> None:
        """
        Give the place back.

        Args:
            took_s: How long the call took, if one was made.
            disabled: The words of an answer that wants no message any more.
        """
        took = "" if took_s is None else int(took_s * 1000)
        arguments = (call, took, self.address if disabled else "", disabled)
        with contextlib.suppress(RedisError, OSError):  # then it is free when its time is over
            if await scripts.run(self.redis, "leave", self._keys(), arguments):
                log.error("target.disabled", target=self.target, why=disabled)

    def _keys(self) -> tuple[str, str]:
        return keys.target(self.target), keys.target_calls(self.target)
