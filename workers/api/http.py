"""
The thin edge between a client and an HTTP API: one request out, one bounded reply or one failure back.

Owns the session's rules, the deadline, the limit on what is read, and what each error of the transport means.
Refuses to know operations, JSON and what a status means (`refusals.py`), and never sends a write twice.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime

import aiohttp
from yarl import URL

from receiver.secrets import Secret

from .. import lease
from ..failures import BadResponse, Failure, Permanent, Reason, Transient
from .bodies import REFUSED, content_of
from .refusals import ApiReason, checked
from .replies import Call, Reply

#: Seconds for a connection, its DNS and TLS included, and between two reads.
CONNECT_S = 3.0
READ_S = 10.0
#: Shorter than the 5 s after which Node and uvicorn close an idle connection: a write that meets a connection
#: closed under it has an unknown outcome.
KEEP_ALIVE_S = 4.0

_SHORTEST_TOKEN = 8
_TIMEOUT = aiohttp.ClientTimeout(total=None, connect=CONNECT_S, sock_read=READ_S)


def open_session(*, concurrency: int) -> aiohttp.ClientSession:
    """
    Open the session that all clients of a process or shift share; the caller closes it.

    It heeds no proxy or netrc of the environment and keeps no cookies, which would mix the users of two sources.
    """
    connector = aiohttp.TCPConnector(limit=2 * concurrency, keepalive_timeout=KEEP_ALIVE_S)
    return aiohttp.ClientSession(connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar())


def _now() -> datetime:
    return datetime.now(UTC)


class Edge:
    """
    One API behind one token.

    Args:
        deadline_s: Seconds that one call may take in all, a quick second try included.
        clock: The aware time that a Retry-After date is measured against.
    """

    def __init__(
        self,
        session: aiohttp.ClientSession,
        *,
        base_url: str,
        token: Secret,
        deadline_s: float = 20.0,
        clock: Callable[[], datetime] = _now,
    ) -> None:
        if session.trust_env:
            raise ValueError("expected a session with trust_env=False: a proxy or netrc would see the token")
        self._session = session
        self._base_url = base_url.rstrip("/")
        self._token = token
        self._deadline_s = deadline_s
        self._clock = clock

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
        Send one request and return the reply, whatever its status.

        A GET whose kept-alive connection turns out to be dead is sent once more by aiohttp; a write never is.

        Args:
            body: JSON as bytes, or a form.
            key: Sent as `Idempotency-Key`. That the API honours the header is ours to hope.

        Raises:
            Failure: There was no reply that could be read.
            LeaseLost: A write came too late: another worker may have the event.
        """
        try:
            async with asyncio.timeout(self._deadline_s), self._request(call, path, body, key) as response:
                content = await content_of(call, response)
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise _failure_from(call, error, deadline_s=self._deadline_s) from _printable(error)
        return Reply(
            status=response.status, headers=response.headers, body=self._shown(response.status, content)
        )

    def _request(
        self, call: Call, path: str, body: bytes | aiohttp.FormData | None, key: str | None
    ) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
        return self._session.request(
            call.route.method,
            URL(self._base_url + path, encoded=True),
            data=body,
            headers=self._headers(body, key),
            allow_redirects=False,
            auto_decompress=False,
            timeout=_TIMEOUT,
            middlewares=(_send_once,) if call.operation.writes else (),
        )

    def _headers(self, body: object, key: str | None) -> Mapping[str, str]:
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Authorization": f"Bearer {self._token.reveal()}",
            "User-Agent": "orderhook",
        }
        if isinstance(body, bytes):
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        return headers

    def _shown(self, status: int, content: bytes) -> bytes:
        """
        Hide the token in a refusal: its words end up in a dead letter, and some servers repeat what they refuse.

        An order is left alone, whatever is in it, and a word as short as these is no secret but in every text.
        """
        token = self._token.reveal().encode()
        return (
            content.replace(token, b"***") if status >= REFUSED and len(token) >= _SHORTEST_TOKEN else content
        )


async def _send_once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """
    Send a write only while the lease lasts, and keep aiohttp from sending a PUT or a DELETE again by itself.

    It repeats after these two errors on a kept-alive connection and has no public switch, so they change their
    class here; its connector's errors, which come before anything is sent, are not repeated and keep theirs.
    """
    lease.check()
    try:
        return await send(request)
    except aiohttp.ClientConnectorError:
        raise
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise aiohttp.ClientConnectionError(str(error)) from error


def _failure_from(call: Call, error: Exception, *, deadline_s: float) -> Failure:
    """Say what an error of the transport means; what came before the request was sent had no effect."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        message = f"{call}: the certificate of {error.host} is refused ({_why(error.certificate_error)}); "
        todo = "an operator must trust its authority or correct api.base_url"
        return Permanent(message + todo, reason=ApiReason.CERTIFICATE)
    if isinstance(error, aiohttp.ClientConnectorError):
        message = f"{call}: no connection to {error.host} ({_why(error.os_error)}); tried again by itself"
        return Transient(message, reason=Reason.IO_ERROR)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Transient(
            f"{call}: no connection within {CONNECT_S:g} s; tried again by itself", reason=Reason.TIMEOUT
        )
    return _failure_once_sent(call, error, deadline_s=deadline_s)


def _failure_once_sent(call: Call, error: Exception, *, deadline_s: float) -> Failure:
    effect = call.effect_if_lost
    if isinstance(error, TimeoutError):
        message = f"{call}: no full answer within {deadline_s:g} s, or silence for {READ_S:g} s; tried again by itself"
        return Transient(message, reason=Reason.TIMEOUT, effect=effect)
    if isinstance(error, ValueError):
        message = (
            f"{call} cannot be sent: {error}; an operator must correct api.base_url, api.token or the key"
        )
        return Permanent(message, reason=ApiReason.REQUEST_INVALID)
    if isinstance(error, aiohttp.ClientResponseError):
        return BadResponse(
            f"{call}: expected HTTP, found {error.message}; the vendor must act", effect=effect
        )
    message = (
        f"{call}: the connection was lost before the full answer ({_why(error)}); tried again if that is safe"
    )
    return Transient(message, reason=Reason.IO_ERROR, effect=effect)


def _why(error: BaseException) -> str:
    return str(getattr(error, "verify_message", "") or getattr(error, "strerror", "") or error)


def _printable(error: Exception) -> Exception | None:
    # Its repr shows the headers that were sent, the token among them.
    return None if isinstance(error, aiohttp.ClientResponseError) else error
