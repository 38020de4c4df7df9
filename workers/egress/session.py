"""
A session that connects to permitted addresses only.

A name is looked up once for each connection, every address that comes back is checked, and the connection goes to
what was checked: no second look-up can answer otherwise (DNS rebinding). The socket's own address is checked again,
so that what came by no look-up, an address in the URL, is seen too.
"""

import asyncio
import socket
from typing import Any

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult

from ..in_time import InTime
from .addresses import refusal
from .destination import Destination

#: Shorter than the 5 s after which many servers close an idle connection.
KEEP_ALIVE_S = 4.0


class Blocked(OSError):
    """The guard refuses the destination; no connection was made. An OSError, so that aiohttp carries it along."""


def open_session(
    *, allow_private: bool = False, resolver: AbstractResolver | None = None
) -> aiohttp.ClientSession:
    """
    Open a session, which the caller closes; it heeds no proxy or netrc of the environment and keeps no cookies.

    Args:
        resolver: What looks names up; the system's if unset.
    """
    connector = aiohttp.TCPConnector(
        limit=0,  # how many calls there are is for the caller to say
        keepalive_timeout=KEEP_ALIVE_S,
        use_dns_cache=False,
        resolver=_Resolver(resolver or aiohttp.ThreadedResolver(), allow_private=allow_private),
        socket_factory=_sockets(allow_private=allow_private),
    )
    return aiohttp.ClientSession(
        connector=connector, trust_env=False, cookie_jar=aiohttp.DummyCookieJar(), request_class=InTime
    )


async def resolved(destination: Destination) -> list[str]:
    """Return the addresses that a destination leads to from here; none where its name is not found."""
    url = destination.url
    try:
        loop = asyncio.get_running_loop()
        found = await loop.getaddrinfo(url.raw_host, url.port, type=socket.SOCK_STREAM)
    except OSError:
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class _Resolver(AbstractResolver):
    """Looks names up, and refuses one of which any address is refused."""

    def __init__(self, inner: AbstractResolver, *, allow_private: bool) -> None:
        self._inner = inner
        self._allow_private = allow_private

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_UNSPEC
    ) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        for each in found:
            check(each["host"], allow_private=self._allow_private)
        return found

    async def close(self) -> None:
        await self._inner.close()


def check(address: str, *, allow_private: bool) -> None:
    """
    Return if the address may be connected to.

    Raises:
        Blocked: It may not.
    """
    if why := refusal(address, allow_private=allow_private):
        raise Blocked(f"{address} is refused: {why}")


def _sockets(*, allow_private: bool) -> Any:
    def make(info: tuple[Any, Any, int, str, tuple[Any, ...]]) -> socket.socket:
        family, kind, protocol, _, address = info
        check(address[0], allow_private=allow_private)
        return socket.socket(family=family, type=kind, proto=protocol)

    return make
