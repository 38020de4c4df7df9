"""
Serving the sandbox: as a process of its own, or inside another program's event loop.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace

import uvicorn

from .app import create_app
from .config import SandboxConfig
from .connection import CuttableProtocol

#: At shutdown, the time for answers under way, a slow drip among them.
_GRACE_S = 2


def run(config: SandboxConfig) -> None:
    """
    Serve until SIGINT or SIGTERM.
    """
    uvicorn.Server(_settings(config)).run()


@contextlib.asynccontextmanager
async def serving(config: SandboxConfig) -> AsyncIterator[str]:
    """
    Serve in this event loop while the context is open, and yield the base URL. Port 0 takes a free one.

    Raises:
        OSError: the address cannot be bound.

    """
    with _listening(config) as listener:
        host, port = listener.getsockname()[:2]
        server = _Guest(_settings(replace(config, host=host, port=port)))
        task = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            await server.listening(task)
            yield f"http://{_bracketed(host)}:{port}"
        finally:
            server.should_exit = True
            await task


class _Guest(uvicorn.Server):
    """
    A server that leaves signals to the program around it.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._listening = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._listening.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    async def listening(self, task: asyncio.Task[None]) -> None:
        """
        Return when requests are taken; raise what ended the server before that.
        """
        started = asyncio.create_task(self._listening.wait())
        await asyncio.wait({started, task}, return_when=asyncio.FIRST_COMPLETED)
        started.cancel()
        if task.done():
            task.result()


def _listening(config: SandboxConfig) -> socket.socket:
    family = socket.AF_INET6 if ":" in config.host else socket.AF_INET
    # The protocol spelt out: asyncio sets TCP_NODELAY only where it reads TCP, else each answer takes 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((config.host, config.port))
    except OSError:
        listener.close()
        raise
    return listener


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


def _settings(config: SandboxConfig) -> uvicorn.Config:
    return uvicorn.Config(
        create_app(config),
        host=config.host,
        port=config.port,
        http=CuttableProtocol,
        ws="none",
        lifespan="on",
        access_log=False,
        log_config=None,
        timeout_graceful_shutdown=_GRACE_S,
        server_header=False,
    )
