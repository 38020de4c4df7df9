"""Fixtures that every test may ask for; each gives the real thing."""

from collections.abc import Iterator

import pytest
import redis

from console.embedded import RedisServer
from tests.support.events import emptied


@pytest.fixture(name="anyio_backend", scope="session")
def _anyio_backend() -> str:
    """Async tests run on asyncio, as the product does."""
    return "asyncio"


@pytest.fixture(name="redis_server", scope="session")
def _redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A real Redis with appendfsync always, for the whole run; tests that stop or break one start their own."""
    server = RedisServer(folder=tmp_path_factory.mktemp("redis")).start()
    yield server
    server.stop()


@pytest.fixture(name="client")
def _client(redis_server: RedisServer) -> Iterator["redis.Redis"]:
    """An empty Redis."""
    with redis_server.client() as client:
        emptied(client)
        yield client


@pytest.fixture(name="redis_url")
def _redis_url(client: "redis.Redis", redis_server: RedisServer) -> str:
    """The address of an empty Redis."""
    return redis_server.url
