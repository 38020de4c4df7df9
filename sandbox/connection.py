"""
Cutting a TCP connection from inside an ASGI app, which ASGI has no word for.

The server's protocol class puts the way to do it into the scope; an app served otherwise cannot cut.
"""

import socket
import struct

from starlette.types import Scope
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from .wire import Wire, gone

_EXTENSION = "sandbox.cut"

# on, 0 s: close() then sends RST and drops what is unsent (SO_LINGER, socket(7)).
_LINGER_ZERO = struct.pack("ii", 1, 0)


class CuttableProtocol(HttpToolsProtocol):
    """
    uvicorn's protocol, plus a scope extension that resets the connection.
    """

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {_EXTENSION: {"cut": self._cut}}

    def _cut(self) -> None:
        handle = self.transport.get_extra_info("socket")
        # A duplicate, since uvloop's own handle takes no options; the option lies on the shared socket.
        with socket.socket(fileno=socket.dup(handle.fileno())) as shared:
            shared.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _LINGER_ZERO)
        self.transport.abort()


def can_cut(scope: Scope) -> bool:
    """
    Say whether the server under this request can cut its connection.
    """
    return _EXTENSION in scope.get("extensions", {})


async def cut(wire: Wire) -> None:
    """
    Reset the connection and return when it is gone, so that the server sends nothing in our place.
    """
    wire.scope["extensions"][_EXTENSION]["cut"]()
    await gone(wire)
