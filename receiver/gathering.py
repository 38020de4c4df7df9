"""
A transport that sends what is written at one moment together.

uvicorn writes head and body of an answer apart and uvloop sends each at once: two system calls for us, two packets and
two wake-ups for the sender. Knows nothing of HTTP.
"""

import asyncio
from typing import Any


class GatheringTransport(asyncio.Transport):
    """Writes through another transport, once for each turn of the event loop."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__()
        self._loop = loop
        self._transport = transport
        self._waiting: list[bytes] = []
        # Asked for at each request: without a step in between.
        self.is_closing = transport.is_closing  # type: ignore[method-assign]
        self.resume_reading = transport.resume_reading  # type: ignore[method-assign]

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return self._transport.get_extra_info(name, default)

    def pause_reading(self) -> None:
        self._transport.pause_reading()

    def write(self, data: bytes) -> None:  # type: ignore[override]
        if not self._waiting:
            self._loop.call_soon(self._send)
        self._waiting.append(data)

    def close(self) -> None:
        self._send()
        self._transport.close()

    def abort(self) -> None:
        self._waiting.clear()
        self._transport.abort()

    def _send(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting and not self._transport.is_closing():
            self._transport.write(b"".join(waiting))
