"""
The edge between a client and an HTTP API: the gate, the token, and what the gate is told of each reply.

Owns who may call and when a call is repeated with another token. Refuses to know operations, JSON, what a status means
(`refusals.py`) and how a request goes over the wire (`transport.py`).
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Self

import aiohttp

from ..failures import BadResponse, RateLimited, Transient, Unauthorized
from ..sections import ApiSettings
from .gate import Gate, OpenGate
from .limits import asked_wait, window_of
from .refusals import checked, failure_of
from .replies import Call, Reply
from .token import Token
from .transport import Proof, Request, bearer, exchange

#: A call that is given up from outside after so many seconds has found an API that does not answer.
_SILENCE_S = 1.0

_UNAUTHORIZED, _THEIR_TIMEOUT, _TOO_MANY, _SERVER_ERRORS = 401, 408, 429, 500


def _now() -> datetime:
    return datetime.now(UTC)


class Edge:
    """
    One API behind one token.

    Args:
        deadline_s: Seconds that one call may take in all, a quick second try included; time at the gate is apart.
        gate: Lets calls through, and hears how they went.
        proof: Makes of the token the headers that let us in.
        clock: The aware time that a Retry-After date is measured against.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        token: Token,
        deadline_s: float = 20.0,
        gate: Gate | None = None,
        proof: Proof = bearer,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        if session.trust_env:
            raise ValueError("expected a session with trust_env=False: a proxy or netrc would see the token")
        self._session = session
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._deadline_s = deadline_s
        self._gate: Gate = gate or OpenGate()
        self._proof = proof
        self._clock = clock

    @classmethod
    def build(
        cls,
        settings: ApiSettings,
        session: aiohttp.ClientSession,
        *,
        gate: Gate | None = None,
        token: Token | None = None,
    ) -> Self:
        """
        Make the edge of a source's `api` table.

        Args:
            gate: None lets every call through.
            token: None is the settings' own, which is never read again.
        """
        return cls(
            session,
            base_url=settings.base_url,
            token=token or Token(settings.token),
            deadline_s=settings.deadline_s,
            gate=gate,
        )

    def check(self, call: Call, reply: Reply) -> Reply:
        """
        Return the reply of a call that succeeded.

        Raises:
            Failure: It did not, by its status.
        """
        return checked(call, reply, now=self._clock())

    async def send(
        self,
        call: Call,
        path: str,
        *,
        body: bytes | aiohttp.FormData | None = None,
        key: str | None = None,
    ) -> Reply:
        """
        Pass the gate, send one request and return the reply, whatever its status.

        A read whose kept-alive connection turns out to be dead is sent once more by aiohttp; a write never is, be it a
        GET. A call whose token is refused is sent once more if another token has been put in its place: it had no
        effect.

        Args:
            body: JSON as bytes, or a form.
            key: Sent as `Idempotency-Key`. That the API honours the header is ours to hope.

        Raises:
            Failure: The gate is shut, there was no reply that could be read, or it was 401 or 429 and the gate knows
                when to come back.
            LeaseLost: A write came too late: another worker may have the event.
        """
        request = Request(call=call, url=self._base_url + path, body=body, key=key, proof=self._proof)
        probe = await self._gate.enter()
        token = self._token.value
        reply = await self._exchanged(request, token, probe=probe)
        if reply.status == _UNAUTHORIZED and await self._token.renewed(token):
            if isinstance(body, aiohttp.FormData):
                return reply  # a form can be sent once only; the next attempt has the other token
            reply = await self._exchanged(request, self._token.value, probe=probe)
        return await self._reported(call, reply, probe=probe)

    async def _reported(self, call: Call, reply: Reply, *, probe: bool) -> Reply:
        """Tell the gate of a reply; 401 and 429 end here where the gate knows the caller's moment to come back."""
        now = self._clock()
        said = window_of(reply.headers, now=now)
        if reply.status >= _SERVER_ERRORS or reply.status == _THEIR_TIMEOUT:
            await self._gate.failed(f"{call} answered {reply.status}", said, probe=probe)
            return reply
        if reply.status == _UNAUTHORIZED:
            moment_s = await self._gate.refused(said)
        elif reply.status == _TOO_MANY:
            moment_s = await self._gate.limited(asked_wait(reply.headers, now=now), said, probe=probe)
        else:
            await self._gate.passed(said, probe=probe)
            return reply
        if moment_s is None:
            return reply
        kind = RateLimited if reply.status == _TOO_MANY else Unauthorized
        raise kind(str(failure_of(call, reply, now=now)), retry_after_s=moment_s, punctual=True)

    async def _exchanged(self, request: Request, token: str, *, probe: bool) -> Reply:
        """Return the reply; tell the gate of a call that got none."""
        begun = time.monotonic()
        try:
            return await exchange(self._session, request, token=token, deadline_s=self._deadline_s)
        except BadResponse:
            raise  # the API is there, and says something that nobody can read
        except Transient as failure:
            await self._gate.failed(failure.message, probe=probe)
            raise
        except asyncio.CancelledError:
            if time.monotonic() - begun >= _SILENCE_S:
                self._gate.abandoned(f"{request.call}: no answer in the time of its step")
            raise
