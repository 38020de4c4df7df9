"""Fixtures that every test may ask for; each gives the real thing."""

from collections.abc import Iterator

import pytest
import redis
from hypothesis import HealthCheck, settings

from console.embedded import RedisServer
from tests.support.events import emptied

# A busy machine is no bug: no property is judged by the time that it takes.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")


@pytest.fixture(name="anyio_backend", scope="session")
def _anyio_backend() -> tuple[str, dict[str, bool]]:
    """Async tests run on asyncio over uvloop, as the product does; they share a loop where a fixture keeps one."""
    return "asyncio", {"use_uvloop": True}


@pytest.fixture(name="redis_server", scope="session")
def _redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisServer]:
    """A real Redis with appendfsync always, for the whole run; tests that stop or break one start their own."""
    server = RedisServer(folder=tmp_path_factory.mktemp("redis")).start()
    with server.client() as client:
        emptied(client)  # a receiver for all tests may start before the first of them asks for `client`
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
