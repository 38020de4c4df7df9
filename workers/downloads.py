"""
Files from addresses that somebody else wrote, through the guard of `egress`.

A redirect is followed a few times, and each address on the way is asked for anew. Little is believed of an answer: its
size is counted while it is read, whatever it says of itself.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

import aiohttp
from yarl import URL

from . import egress
from .actions.kit import Download
from .api.limits import retry_after
from .egress import Blocked
from .failures import Failure, Permanent, Reason, Transient
from .in_time import reading

#: Redirects that are followed: a link of a shop leads to a store of files, seldom further.
REDIRECTS = 3
CONNECT_S = 5.0
_PIECE = 65_536
_LATER = frozenset({408, 425, 429})
_MOVED = frozenset({301, 302, 303, 307, 308})


class FileReason(StrEnum):
    """Reasons of dead letters that only a file gives."""

    GONE = "file_gone"
    REFUSED = "file_refused"
    TOO_LARGE = "file_too_large"
    BLOCKED = "blocked_destination"


@dataclass(frozen=True, slots=True, kw_only=True)
class Downloads:
    """
    Fetches files.

    Args:
        hosts: Names that files may come from, and what is under them; any, if empty.
        deadline_s: How long a file may take in all; less than its step has.
    """

    session: aiohttp.ClientSession = field(repr=False)
    allow_private: bool = False
    hosts: Sequence[str] = ()
    deadline_s: float

    async def fetch(self, url: str, *, most_bytes: int) -> Download:
        """
        Return the file at *url*.

        Raises:
            Failure: It cannot be had, or not now; never shows the address, which may hold a token.
        """
        try:
            async with asyncio.timeout(self.deadline_s):
                return await self._followed(url, most_bytes)
        except TimeoutError:
            raise Transient(
                f"the file was not there after {self.deadline_s:g} s", reason=Reason.TIMEOUT
            ) from None

    async def _followed(self, url: str, most_bytes: int) -> Download:
        place = self._allowed(url)
        for _ in range(REDIRECTS + 1):
            found = await self._asked(place, most_bytes)
            if isinstance(found, Download):
                return found
            place = self._allowed(found)
        message = f"the file's address leads on more than {REDIRECTS} times"
        raise Permanent(message, reason=FileReason.REFUSED)

    def _allowed(self, url: str) -> egress.Destination:
        try:
            found = egress.parse(url, allow_private=self.allow_private)
        except ValueError as error:
            raise Permanent(
                f"the file's address cannot be used: {error}", reason=FileReason.BLOCKED
            ) from None
        host = (found.url.raw_host or "").rstrip(".").lower()
        if self.hosts and not any(host == name or host.endswith(f".{name}") for name in self.hosts):
            message = f"no files are taken from {host}; expected {', '.join(self.hosts)}, see [downloads]"
            raise Permanent(message, reason=FileReason.BLOCKED)
        return found

    async def _asked(self, place: egress.Destination, most_bytes: int) -> Download | str:
        """Return the file, or where it is said to be."""
        timeout = aiohttp.ClientTimeout(total=None, connect=CONNECT_S)
        headers = {"Accept": "*/*", "Accept-Encoding": "identity", "User-Agent": "orderhook"}
        try:
            async with self.session.get(
                place.url,
                headers=headers,
                allow_redirects=False,
                auto_decompress=False,
                timeout=timeout,
                middlewares=(reading,),
            ) as answer:
                if answer.status in _MOVED:
                    return _next(place.url, answer)
                if answer.status != 200:  # noqa: PLR2004 - OK
                    raise _refusal(place, answer)
                content = await _read(place, answer, most_bytes)
                return Download(content=content, media_type=_type_of(answer))
        except (aiohttp.ClientError, OSError, ValueError) as error:  # TimeoutError is an OSError
            raise _failure_from(place, error) from None


async def _read(place: egress.Destination, answer: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    content = bytearray()
    while piece := await answer.content.read(_PIECE):
        content += piece
        if len(content) > most_bytes:
            answer.close()
            message = f"{place.shown}: the file has more than {most_bytes} bytes; see `max_bytes`"
            raise Permanent(message, reason=FileReason.TOO_LARGE)
    return bytes(content)


def _type_of(answer: aiohttp.ClientResponse) -> str:
    """Return what the answer says that it is; nothing where that is no media type, and so not for a header of ours."""
    found = answer.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    kind, slash, rest = found.partition("/")
    parts = (kind, rest)
    good = slash and all(
        part and part.isascii() and part.replace("-", "").replace("+", "").replace(".", "").isalnum()
        for part in parts
    )
    return found if good and len(found) <= 100 else ""  # noqa: PLR2004 - ours, over any media type


def _next(url: URL, answer: aiohttp.ClientResponse) -> str:
    try:
        return str(url.join(URL(answer.headers.get("Location", ""), encoded=True)))
    except ValueError:
        message = f"{url.host} sends on to an address that is none"
        raise Permanent(message, reason=FileReason.REFUSED) from None


def _refusal(place: egress.Destination, answer: aiohttp.ClientResponse) -> Failure:
    said = f"{place.shown} answered {answer.status} in place of the file"
    if answer.status >= 500 or answer.status in _LATER:  # noqa: PLR2004 - the class of their errors
        wait_s = retry_after(answer.headers, now=datetime.now(UTC))
        return Transient(said, reason=Reason.UPSTREAM_ERROR, retry_after_s=wait_s)
    reason = FileReason.GONE if answer.status in {404, 410} else FileReason.REFUSED
    return Permanent(f"{said}; whoever wrote its address must act", reason=reason)


def _failure_from(place: egress.Destination, error: Exception) -> Failure:
    if isinstance(error, aiohttp.ClientConnectorError) and isinstance(error.os_error, Blocked):
        return Permanent(f"{place.shown}: {error.os_error}", reason=FileReason.BLOCKED)
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return Permanent(f"{place.shown}: its certificate is refused", reason=FileReason.REFUSED)
    if isinstance(error, ValueError):
        return Permanent(f"{place.shown}: its address cannot be used", reason=FileReason.BLOCKED)
    reason = Reason.TIMEOUT if isinstance(error, TimeoutError) else Reason.IO_ERROR
    return Transient(f"{place.shown}: the file did not come ({type(error).__name__})", reason=reason)
