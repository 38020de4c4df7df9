"""
Reading the body of an answer within a limit, which counts before and after decompression.

Refuses to know what is in it; the transport's errors are left to `http.py`.
"""

import zlib

import aiohttp

from ..failures import BadResponse
from .replies import Call

#: The most bytes that are read of one answer, packed and unpacked; ours.
BODY_LIMIT = 1_048_576
#: From this status on it is no success.
REFUSED = 300


async def content_of(call: Call, response: aiohttp.ClientResponse) -> bytes:
    """
    Return the body, decompressed; a refusal counts by its status, so its body may be unreadable.

    Raises:
        BadResponse: A success whose body is too large, or packed in a way that cannot be undone.
    """
    try:
        return _decompressed(call, response, await _limited(call, response))
    except BadResponse:
        if response.status >= REFUSED:
            return b""
        raise


async def _limited(call: Call, response: aiohttp.ClientResponse) -> bytes:
    content = await _read(response)
    if content is None:
        raise _bad(call, f"answered with more than {BODY_LIMIT} bytes")
    return content


async def _read(response: aiohttp.ClientResponse) -> bytes | None:
    """Return the body as it came, None where it is too large; a failure raised here would keep a megabyte alive."""
    content = bytearray()
    async for chunk in response.content.iter_any():
        content += chunk
        if len(content) > BODY_LIMIT:
            return None
    return bytes(content)


def _decompressed(call: Call, response: aiohttp.ClientResponse, content: bytes) -> bytes:
    """Undo a compression that we did not ask for."""
    encoding = response.headers.get("Content-Encoding", "identity").strip().lower()
    if encoding in ("", "identity") or not content:
        return content
    if encoding not in ("gzip", "x-gzip", "deflate"):
        raise _bad(call, f"answered in the encoding {encoding[:20]!r}, expected identity")
    try:
        plain = _inflated(content)
    except zlib.error as error:
        raise _bad(call, f"answered with broken {encoding}") from error
    if plain is None:
        raise _bad(call, f"answered with more than {BODY_LIMIT} bytes, unpacked")
    return plain


def _inflated(content: bytes) -> bytes | None:
    """
    Return what is packed in *content*, None where that is too large: 97 kB of gzip can hold 100 MB.

    Raises:
        zlib.error: It is broken, or ends too early.
    """
    machine = zlib.decompressobj(zlib.MAX_WBITS | 32)  # 32: gzip or zlib, by the header
    plain = machine.decompress(content, BODY_LIMIT + 1)
    if len(plain) > BODY_LIMIT:
        return None
    if not machine.eof:
        raise zlib.error("it ends too early")
    return plain


def _bad(call: Call, what: str) -> BadResponse:
    return BadResponse(f"{call} {what}; the vendor must act", effect=call.effect_if_lost)
