"""
One request out, one bounded reply or one failure back.

Owns the session's rules, the deadline of a call, the limit on what is read, and what each error of the transport means.
Refuses to know what a status means (`refusals.py`), and never sends a write twice.
"""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import TypeAlias

import aiohttp
from yarl import URL

from ..egress import Blocked
from ..failures import BadResponse, Failure, Permanent, Reason, Transient
from ..in_time import InTime, reading
from .bodies import REFUSED, content_of
from .refusals import ApiReason
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
    return aiohttp.ClientSession(
        connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), request_class=InTime
    )


Proof: TypeAlias = Callable[[str], Mapping[str, str]]


def bearer(token: str) -> Mapping[str, str]:
    """Return the header that both order APIs document."""
    return {"Authorization": f"Bearer {token}"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """
    What is asked of an API.

    Args:
        body: JSON as bytes, or a form, which can be sent once only.
        key: Sent as `Idempotency-Key`. That the API honours the header is ours to hope.
        proof: Makes of the token the headers that let us in.
    """

    call: Call
    url: str
    body: bytes | aiohttp.FormData | None = None
    key: str | None = None
    proof: Proof = bearer


async def exchange(
    session: aiohttp.ClientSession, request: Request, *, token: str, deadline_s: float
) -> Reply:
    """
    Send the request and return the reply, whatever its status.

    A read whose kept-alive connection turns out to be dead is sent once more by aiohttp; a write never is, be it a GET.

    Raises:
        Failure: There was no reply that could be read.
        LeaseLost: A write came too late: another worker may have the event.
    """
    call = request.call
    try:
        async with asyncio.timeout(deadline_s), _sent(session, request, token) as response:
            content = await content_of(call, response)
    except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
        raise _failure_from(call, error, deadline_s=deadline_s) from _printable(error)
    shown = _shown(response.status, content, token)
    return Reply(status=response.status, headers=response.headers, body=shown)


def _sent(
    session: aiohttp.ClientSession, request: Request, token: str
) -> AbstractAsyncContextManager[aiohttp.ClientResponse]:
    return session.request(
        request.call.route.method,
        URL(request.url, encoded=True),
        data=request.body,
        headers=_headers(request, token),
        allow_redirects=False,
        auto_decompress=False,
        timeout=_TIMEOUT,
        middlewares=(_send_once,) if request.call.operation.writes else (reading,),
    )


def _headers(request: Request, token: str) -> Mapping[str, str]:
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "identity",
        "User-Agent": "orderhook",
        **request.proof(token),
    }
    if isinstance(request.body, bytes):
        headers["Content-Type"] = "application/json"
    if request.key is not None:
        headers["Idempotency-Key"] = request.key
    return headers


def _shown(status: int, content: bytes, token: str) -> bytes:
    """
    Hide the token in a refusal: its words end up in a dead letter, and some servers repeat what they refuse.

    An order is left alone, whatever is in it, and a word as short as these is no secret but in every text.
    """
    if status < REFUSED or len(token) < _SHORTEST_TOKEN:
        return content
    return content.replace(token.encode(), b"***")


async def _send_once(
    request: aiohttp.ClientRequest, send: aiohttp.ClientHandlerType
) -> aiohttp.ClientResponse:
    """
    Keep aiohttp from sending a PUT, a DELETE or a GET that changes something again by itself.

    It repeats after these two errors on a kept-alive connection and has no public switch, so they change their
    class here; its connector's errors, which come before anything is sent, are not repeated and keep theirs.
    """
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
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, Blocked):
        message = f"{call}: {error.os_error}; correct the address, or allow private ones if it is your own"
        return Permanent(message, reason=ApiReason.BLOCKED)
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
