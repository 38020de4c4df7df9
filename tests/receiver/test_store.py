"""Connections that send nothing twice."""

import pytest
import redis

from receiver import keys, scripts, store
from receiver.unsent import NothingSent
from receiver.wake import ShiftTemplate
from tests.support.proxy import Proxy
from tests.support.waiting import until_async

WAKE_KEYS, WAKE_ARGUMENTS = ShiftTemplate().arguments()
RELAY = ((*WAKE_KEYS, keys.shifts()), (*WAKE_ARGUMENTS, ""))


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


@pytest.mark.anyio
async def test_a_connection_reset_at_rest_costs_no_error(redis_server, client):
    """On uvloop it was a RuntimeError, which a worker took for a bug of its own, and the receiver for one of ours."""
    with Proxy(redis_server.port) as proxy:
        async with store.async_client(proxy.redis_url, timeout_s=1) as careful:
            await scripts.run(careful, "relay", *RELAY)
            proxy.reset()
            await until_async(lambda: _was_reset(careful))

            await scripts.run(careful, "relay", *RELAY)

            proxy.reset()
            await until_async(lambda: _was_reset(careful))
            with pytest.raises(NothingSent):
                await careful.rpush("list", "x")


async def _was_reset(careful) -> bool:
    """Return whether the reset has been noticed below redis-py."""
    (connection,) = careful.connection_pool._available_connections
    return connection._writer.transport.is_closing()
