"""Ways in which a Redis of one's own goes wrong, each as a context manager that mends it at the end."""

import contextlib
import signal
from collections.abc import Iterator

from console.embedded import RedisServer, free_port


@contextlib.contextmanager
def frozen(server: RedisServer) -> Iterator[None]:
    """The process is stopped: connections stay, nothing is answered, and what was sent is carried out later."""
    assert server.process is not None
    server.process.send_signal(signal.SIGSTOP)
    try:
        yield
    finally:
        server.process.send_signal(signal.SIGCONT)


@contextlib.contextmanager
def read_only(server: RedisServer) -> Iterator[None]:
    """The server has become a replica, as after a failover: it answers, and refuses writes."""
    with server.client() as client:
        client.replicaof("127.0.0.1", free_port())
        try:
            yield
        finally:
            client.replicaof("NO", "ONE")


@contextlib.contextmanager
def full(server: RedisServer) -> Iterator[None]:
    """The memory is used up: writes are refused, what frees memory is not."""
    with server.client() as client:
        client.config_set("maxmemory", "1mb")
        try:
            yield
        finally:
            client.config_set("maxmemory", "0")


@contextlib.contextmanager
def down(server: RedisServer) -> Iterator[None]:
    """The process is gone; it comes back with what it had written."""
    server.kill()
    try:
        yield
    finally:
        server.start()
