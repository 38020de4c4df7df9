"""A target on a real server, with its places and its budget in a real Redis."""

import contextlib
from collections.abc import AsyncIterator, Callable

import pytest

from receiver import store
from tests.support import hooks
from tests.support.http_peer import Upstream, serving
from workers.targets import keeping
from workers.targets.target import Target


@pytest.fixture(name="peer")
async def _peer() -> AsyncIterator[Upstream]:
    """The target's own server; it takes what comes."""
    async with serving() as peer:
        peer.answers(204)
        yield peer


@pytest.fixture(name="redis")
async def _redis(redis_url: str):
    redis = store.async_client(redis_url, timeout_s=5)
    yield redis
    await redis.aclose()


@pytest.fixture(name="target_at")
async def _target_at(redis) -> AsyncIterator[Callable]:
    """Makes the target `erp` at a URL, as another worker would."""
    async with contextlib.AsyncExitStack() as stack:

        async def make(url: str, *, call_deadline_s: float = 20.0, **changes) -> Target:
            settings = {"erp": hooks.settings(url, **changes)}
            kept = await stack.enter_async_context(
                keeping.keeping(redis, settings, call_deadline_s=call_deadline_s)
            )
            return kept.by_name["erp"]

        yield make


@pytest.fixture(name="target")
async def _target(peer: Upstream, target_at: Callable) -> Target:
    return await target_at(peer.url)
