"""
One message out, one answer or one failure back.

Owns the deadline, how little is read of an answer, and what each error of the transport means. A message is sent once:
aiohttp repeats no POST. The status is the answer; a body that drips or never ends only costs itself its excerpt.
"""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

import aiohttp
from yarl import URL

from ..egress import Blocked
from ..failures import BadResponse, Failure, Permanent, Reason, Transient
from ..redaction import redacted
from .answers import Answer, TargetReason

#: Seconds for a connection, its DNS and TLS included.
CONNECT_S = 5.0
#: Seconds that an answer's body has, once its status is there.
BODY_S = 1.0
#: The most bytes that are read of an answer's body.
BODY_LIMIT = 4_096
_SHORTEST_SECRET = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """
    What is sent, and where.

    Args:
        target: Its name, for messages.
        hidden: Values of headers that no excerpt of an answer may repeat.
    """

    target: str
    url: URL = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)
    hidden: tuple[str, ...] = field(repr=False)
    body: bytes = field(repr=False)


async def exchange(session: aiohttp.ClientSession, post: Post, *, deadline_s: float) -> Answer:
    """
    Send the message and return the answer, whatever its status.

    Raises:
        Failure: There was no answer that could be read.
        LeaseLost: It came too late: another worker may have the event.
    """
    timeout = aiohttp.ClientTimeout(total=None, connect=min(CONNECT_S, deadline_s))
    try:
        async with (
            asyncio.timeout(deadline_s),
            session.post(
                post.url,
                data=post.body,
                headers=post.headers,
                allow_redirects=False,
                auto_decompress=False,
                timeout=timeout,
            ) as response,
        ):
            excerpt = _shown(await _beginning(response), post.hidden)
            return Answer(status=response.status, headers=response.headers, excerpt=excerpt)
    except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
        # Its repr may show the headers that were sent, so it is not chained.
        raise _failure_from(post.target, error, deadline_s=deadline_s) from None


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Return the first bytes of the body; what is left of it is cut off with its connection."""
    content = bytearray()
    with suppress(TimeoutError, aiohttp.ClientError, OSError):
        async with asyncio.timeout(BODY_S):
            while len(content) < BODY_LIMIT and not response.content.at_eof():
                content += await response.content.read(BODY_LIMIT - len(content))
    if not response.content.at_eof():
        response.close()
    return bytes(content)


def _shown(content: bytes, hidden: tuple[str, ...]) -> str:
    """Return what is kept of a body; a packed one, which we did not ask for, shows as what it is."""
    text = content.decode("utf-8", "replace").strip()
    for value in hidden:
        if len(value) >= _SHORTEST_SECRET:
            text = text.replace(value, "***")
    return redacted(text)


def _failure_from(target: str, error: Exception, *, deadline_s: float) -> Failure:
    """Say what an error of the transport means; what came before anything was sent had no effect."""
    said = f"target {target}"
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        why = getattr(error.certificate_error, "verify_message", "") or error.certificate_error
        message = (
            f"{said}: its certificate is refused ({why}); its operator must renew it, or correct the url"
        )
        return Permanent(message, reason=TargetReason.CERTIFICATE)
    if isinstance(error, aiohttp.ClientConnectorError):
        return _unconnected(said, error.os_error)
    if isinstance(error, aiohttp.ConnectionTimeoutError):
        return Transient(f"{said}: no connection within {CONNECT_S:g} s", reason=Reason.TIMEOUT)
    if isinstance(error, ValueError):
        message = f"{said}: the message cannot be sent ({type(error).__name__}); correct its url or headers"
        return Permanent(message, reason=TargetReason.REJECTED)
    return _unanswered(said, error, deadline_s=deadline_s)


def _unanswered(said: str, error: Exception, *, deadline_s: float) -> Failure:
    if isinstance(error, TimeoutError):
        message = f"{said}: no answer within {deadline_s:g} s"
        return Transient(message, reason=Reason.TIMEOUT, effect="unknown")
    if isinstance(error, aiohttp.ClientResponseError):
        return BadResponse(f"{said}: expected HTTP, found {error.message}", effect="unknown")
    why = getattr(error, "strerror", None) or str(error)
    message = f"{said}: the connection was lost before the answer ({why})"
    return Transient(message, reason=Reason.IO_ERROR, effect="unknown")


def _unconnected(said: str, error: OSError) -> Failure:
    if isinstance(error, Blocked):
        message = f"{said}: {error}; correct its url, or set allow_private if it is your own"
        return Permanent(message, reason=TargetReason.BLOCKED)
    return Transient(f"{said}: no connection ({error.strerror or error})", reason=Reason.IO_ERROR)
