"""
What a Redis URL says: one address, or the sentinels that know the address of the primary.

Reads text and connects to nothing. Errors name what was expected and never show the URL, which may hold a password.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any
from urllib.parse import unquote

#: The first words of a URL that names sentinels; the value says whether connections are encrypted.
SENTINEL_SCHEMES: Mapping[str, bool] = MappingProxyType({"redis+sentinel": False, "rediss+sentinel": True})
SENTINEL_PORT = 26379

_FORM = (
    "redis+sentinel://[user:password@]host:26379,host:26379/NAME[/database] with the NAME the sentinels watch"
)
_TLS_FILES = frozenset({"ssl_ca_certs", "ssl_certfile", "ssl_keyfile"})
_OF_SENTINELS = {"sentinel_username": "username", "sentinel_password": "password"}
_HOST = re.compile(r"(?:\[(?P<six>[0-9A-Fa-f:.%]+)\]|(?P<name>[^\s:/?#\[\]@,]+))(?::(?P<port>[0-9]{1,5}))?")
_HIGHEST_PORT = 65_535


class BadRedisUrl(ValueError):
    """A URL cannot be read; the message says what was expected and shows nothing of the URL."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SentinelUrl:
    """Where the primary is asked for, and how it and the sentinels are connected to."""

    sentinels: tuple[tuple[str, int], ...]
    #: The name under which the sentinels watch the primary.
    primary: str
    tls: bool
    #: Further arguments of connections to Redis, and to sentinels; both may hold a password.
    redis_options: Mapping[str, Any] = field(default_factory=dict, repr=False)
    sentinel_options: Mapping[str, Any] = field(default_factory=dict, repr=False)

    @property
    def places(self) -> str:
        """The sentinels, as an error message names them."""
        return ", ".join(f"{host}:{port}" for host, port in self.sentinels)


def names_sentinels(url: str) -> bool:
    """Return whether a URL names sentinels; else it names one server."""
    return url.partition("://")[0] in SENTINEL_SCHEMES


def checked(url: str) -> str:
    """
    Return the URL, if it can be read.

    Raises:
        BadRedisUrl: It names sentinels, and not as it should.
    """
    if names_sentinels(url):
        read(url)
    return url


def read(url: str) -> SentinelUrl:
    """
    Read a URL that names sentinels.

    Raises:
        BadRedisUrl: It cannot be read.
    """
    scheme, _, rest = url.partition("://")
    address, _, query = rest.partition("?")
    servers, _, path = address.partition("/")
    login, _, hosts = servers.rpartition("@")
    name, _, database = path.partition("/")
    if "@" in path or "@" in query:
        raise BadRedisUrl("an @ behind the hosts; expected %40 in its place, as of / and ? in a password")
    if not name:
        raise BadRedisUrl(f"a URL of sentinels without a name; expected {_FORM}")
    tls = SENTINEL_SCHEMES[scheme]
    of_redis, of_sentinels = _options(query, tls=tls)
    return SentinelUrl(
        sentinels=tuple(_host(text) for text in hosts.split(",")),
        primary=unquote(name),
        tls=tls,
        redis_options=MappingProxyType(_login(login) | _database(database) | of_redis),
        sentinel_options=MappingProxyType(of_sentinels),
    )


def shown(url: str) -> str:
    """Return a Redis URL as it may be shown: without what may be a password."""
    scheme, separator, rest = url.partition("://")
    before, _, after = rest.rpartition("@")
    # An @ behind a ? may stand in a password that is an option: then nothing can be told apart for sure.
    return f"{scheme}{separator}{'***' if '?' in before else after.partition('?')[0]}"


def _host(text: str) -> tuple[str, int]:
    found = _HOST.fullmatch(text)
    port = int(found["port"] or SENTINEL_PORT) if found else 0
    if not found or not 0 < port <= _HIGHEST_PORT:
        raise BadRedisUrl(f"a sentinel that is no host:port; expected {_FORM}")
    return found["six"] or unquote(found["name"]), port


def _login(text: str) -> dict[str, Any]:
    user, _, password = text.partition(":")
    given = {"username": unquote(user), "password": unquote(password)}
    return {name: value for name, value in given.items() if value}


def _database(text: str) -> dict[str, Any]:
    if not re.fullmatch(r"[0-9]{0,9}", text):
        raise BadRedisUrl(f"a database that is no number; expected {_FORM}")
    return {"db": int(text)} if text else {}


def _options(query: str, *, tls: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the options for connections to Redis and for those to sentinels."""
    of_sentinels: dict[str, Any] = {}
    of_both: dict[str, Any] = {}
    for pair in query.split("&") if query else ():
        name, _, text = pair.partition("=")
        if name in _OF_SENTINELS:
            of_sentinels[_OF_SENTINELS[name]] = unquote(text)
        else:
            of_both[name] = _tls_option(name, unquote(text), tls=tls)
    return of_both, of_both | of_sentinels


def _tls_option(name: str, text: str, *, tls: bool) -> Any:
    if tls and name in _TLS_FILES and text:
        return text
    if tls and name == "ssl_cert_reqs" and text in {"none", "optional", "required"}:
        return text
    if tls and name == "ssl_check_hostname" and text in {"true", "false"}:
        return text == "true"
    known = [*_OF_SENTINELS, *(("ssl_cert_reqs", "ssl_check_hostname", *sorted(_TLS_FILES)) if tls else ())]
    raise BadRedisUrl(f"an option that is not known or has no such value; expected one of {', '.join(known)}")
