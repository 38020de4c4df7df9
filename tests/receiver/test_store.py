"""Connections that send nothing twice."""

import pytest
import redis

from receiver import store
from tests.support.proxy import Proxy


@pytest.mark.parametrize("silently", [False, True])
def test_a_blocking_client_sends_nothing_twice(redis_server, client, silently):
    """redis-py by itself sends again what lost its answer: one RPUSH was run eleven times."""
    with Proxy(redis_server.port) as proxy, store.client(proxy.redis_url, timeout_s=0.3) as careful:
        careful.ping()
        proxy.lose_replies(1, silently=silently)

        with pytest.raises((redis.ConnectionError, redis.TimeoutError)):
            careful.rpush("list", "x")

    assert 1 == client.llen("list")


@pytest.mark.anyio
async def test_an_asyncio_client_sends_nothing_twice(redis_server, client):
    """The same of the client that the workers use."""
    with Proxy(redis_server.port) as proxy:
        async with store.async_client(proxy.redis_url, timeout_s=0.3) as careful:
            await careful.ping()
            proxy.lose_replies(1)

            with pytest.raises((redis.ConnectionError, redis.TimeoutError)):
                await careful.rpush("list", "x")

    assert 1 == client.llen("list")
