"""
A URL that somebody wrote, as a place that may be connected to. Pure; names are looked up elsewhere.

Parsed once, by the library that connects (yarl, aiohttp's own): two parsers that disagree on where the host ends are
a way around any check. No message shows the URL: its path or query may hold a token.
"""

import re
from dataclasses import dataclass, field
from ipaddress import ip_address

from yarl import URL

from .addresses import refusal

PORTS = frozenset({443, 8443})
_EXPECTED = "a URL such as https://erp.example.com/hooks"
#: ASCII without what parsers disagree on; a host of other letters is written as xn--….
_TEXT = re.compile(r"[!-\[\]-~]{1,2048}", re.ASCII)
_NAME = re.compile(r"(?:[a-z0-9_-]{1,63}\.)*[a-z0-9_-]{1,63}\.?", re.ASCII | re.IGNORECASE)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Destination:
    """
    Where to.

    Args:
        shown: Scheme, host and port: what of it may be shown.
    """

    url: URL = field(repr=False)
    shown: str


def parse(text: str, *, allow_private: bool = False) -> Destination:
    """
    Return the destination of a URL.

    Args:
        allow_private: Any port, plain HTTP and addresses of one's own network may be.

    Raises:
        ValueError: Nothing may be sent there; says what was expected, and shows nothing of the text.
    """
    url = _parsed(text)
    if url.scheme != "https" and not (allow_private and url.scheme == "http"):
        raise ValueError(f"expected {_EXPECTED}; http only with allow_private")
    if "@" in text.split("/")[2]:
        raise ValueError(f"a user or password stands in it; expected {_EXPECTED}, and headers for those")
    if url.port not in PORTS and not (allow_private and url.port):
        ports = " or ".join(map(str, sorted(PORTS)))
        raise ValueError(f"port {url.port}; expected {ports}, others only with allow_private")
    host = url.raw_host or ""
    if why := _wrong_host(host, allow_private=allow_private):
        raise ValueError(why)
    return Destination(url=url, shown=f"{url.scheme}://{_bracketed(host)}:{url.port}")


def _parsed(text: str) -> URL:
    if not _TEXT.fullmatch(text) or "#" in text:
        raise ValueError(f"expected {_EXPECTED}, in ASCII, without spaces, `\\` and `#`")
    try:
        url = URL(text, encoded=True)
        has_port = url.port is not None  # it is read only now
    except ValueError:
        raise ValueError(f"expected {_EXPECTED}") from None
    if not url.raw_host or not has_port:
        raise ValueError(f"expected {_EXPECTED}")
    return url


def _wrong_host(host: str, *, allow_private: bool) -> str:
    if _is_address(host):
        why = refusal(host, allow_private=allow_private)
        return f"{host} is refused, {why}; expected a public host, or allow_private" if why else ""
    # `127.1`, `0x7f000001` and `0177.0.0.1` are addresses to some and names to others.
    if not _NAME.fullmatch(host) or _NUMBER.fullmatch(host.rstrip(".").rpartition(".")[2]):
        return f"the host is no name, or ends in a number; expected {_EXPECTED}"
    return ""


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return ":" in host  # with a zone, or broken: the list of addresses refuses it
    return True


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
