"""
One HTTP exchange as ASGI sees it: reading a bounded body, sending an answer whole, spoilt or byte by byte.
"""

import asyncio
import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from .errors import Refusal
from .operations import Answer

_CHUNK = b"x" * 65_536


@dataclass(frozen=True, slots=True, kw_only=True)
class Wire:
    """
    The three ends of an ASGI exchange.
    """

    scope: Scope
    receive: Receive
    send: Send

    @property
    def headers(self) -> Headers:
        return Headers(scope=self.scope)


async def read_body(receive: Receive, *, limit: int) -> bytes:
    """
    Read the whole body.

    Raises:
        Refusal: 413, it is longer than the limit; found while reading, not from a header.
        ClientDisconnect: the caller went away, as callers under test do.

    """
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            raise Refusal(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"the body is over {limit} bytes")
    return bytes(body)


async def send_answer(wire: Wire, answer: Answer) -> None:
    """
    Send the answer as it is.
    """
    body = json_bytes(answer.body)
    await _start(wire, answer, length=len(body))
    await wire.send({"type": "http.response.body", "body": body})


async def send_spoilt(wire: Wire, answer: Answer, *, body: str, huge_bytes: int | None) -> None:
    """
    Send the answer's status with a body that is not JSON, or with one too long to be read to its end.
    """
    await _start(wire, answer)
    for chunk in [body.encode()] if huge_bytes is None else _huge(huge_bytes):
        await wire.send({"type": "http.response.body", "body": chunk, "more_body": True})
    await wire.send({"type": "http.response.body", "body": b""})


async def send_slowly(wire: Wire, answer: Answer, *, wait_s: float) -> None:
    """
    Send the answer one byte at a time; stop when the caller has gone.
    """
    body = json_bytes(answer.body)
    await _start(wire, answer, length=len(body))
    leaving = asyncio.ensure_future(gone(wire))
    try:
        for index in range(len(body)):
            await asyncio.wait({leaving}, timeout=wait_s)
            if leaving.done():
                return
            chunk = body[index : index + 1]
            await wire.send({"type": "http.response.body", "body": chunk, "more_body": True})
        await wire.send({"type": "http.response.body", "body": b""})
    finally:
        leaving.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await leaving


def json_bytes(body: Any) -> bytes:
    """
    Write JSON as every answer of the sandbox is written.
    """
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()


async def _start(wire: Wire, answer: Answer, *, length: int | None = None) -> None:
    headers = {"content-type": "application/json", **answer.headers}
    if length is not None:
        headers["content-length"] = str(length)
    await wire.send(
        {
            "type": "http.response.start",
            "status": answer.status,
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
        }
    )


async def gone(wire: Wire) -> None:
    """
    Return when the caller has gone.
    """
    while (await wire.receive())["type"] != "http.disconnect":
        pass


def _huge(length: int) -> Iterator[bytes]:
    yield b'"'
    for start in range(0, length, len(_CHUNK)):
        yield _CHUNK[: length - start]
