"""
One POST of one event: the only module that opens connections.

Whatever happens is an attempt with its outcome, never an error: the sender outlives any receiver and any signer.
"""

import time
from typing import Self

import aiohttp

from .config import Clock, SenderRules, Signer
from .deliveries import SendAttempt, SentEvent
from .signing import Headers, signed_headers
from .times import milliseconds

#: Ours; the vendor's own User-Agent is unknown.
USER_AGENT = "orderhook-sandbox"
#: Of an answer so much is read, to give the connection back; the rest closes it.
_ANSWER_BYTES = 4_096


class Post:
    """
    Posts events to one URL over one session.
    """

    def __init__(self, *, url: str, signer: Signer | None, rules: SenderRules, clock: Clock) -> None:
        self._url = url
        self._signer = signer
        self._rules = rules
        self._clock = clock
        self._session: aiohttp.ClientSession

    @property
    def signs(self) -> bool:
        return self._signer is not None

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._rules.concurrency),
            timeout=aiohttp.ClientTimeout(total=self._rules.timeout_s),
            cookie_jar=aiohttp.DummyCookieJar(),
            headers={"user-agent": USER_AGENT, "content-type": "application/json"},
            trust_env=False,
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._session.close()

    async def attempt(self, event: SentEvent, *, spoil: bool) -> SendAttempt:
        """
        Send the event once, signed with the time of this attempt.
        """
        at = self._clock()
        started = time.perf_counter()
        status, error = await self._outcome(event, timestamp=int(at.timestamp()), spoil=spoil)
        return SendAttempt(
            at=milliseconds(at),
            status=status,
            error=error,
            duration_ms=(time.perf_counter() - started) * 1_000,
            bad_signature=spoil,
        )

    async def _outcome(
        self, event: SentEvent, *, timestamp: int, spoil: bool
    ) -> tuple[int | None, str | None]:
        try:
            headers = signed_headers(self._signer, event, timestamp=timestamp, spoil=spoil)
        except Exception as problem:  # noqa: BLE001 - the signer is foreign code, and its bug must not lose the event
            return None, f"the signer failed: {type(problem).__name__}"
        try:
            return await self._post(event.url or self._url, event.body, headers), None
        except TimeoutError:
            return None, f"no answer within {self._rules.timeout_s:g} s"
        except (aiohttp.ClientError, OSError, ValueError) as problem:
            return None, f"{type(problem).__name__}: {problem}"

    async def _post(self, url: str, body: bytes, headers: Headers) -> int:
        async with self._session.post(url, data=body, headers=headers, allow_redirects=False) as response:
            await response.content.read(_ANSWER_BYTES)
            return response.status
