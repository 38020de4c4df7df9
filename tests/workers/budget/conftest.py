"""Budgets of several workers on one real Redis, and a hand on its hash to let time pass."""

from collections.abc import AsyncIterator, Callable

import pytest
import redis.asyncio as aredis

from receiver import keys, store
from workers.budget import Budget, Terms, Visit, visiting
from workers.failures import Transient

API = "api.example.com env:TOKEN"
#: Fields that are times.
TIMES = frozenset(
    {
        "at",
        "full",
        "grown",
        "bound",
        "reset",
        "asking",
        "paused",
        "live",
        "replay",
        "replays",
        "opened",
        "probe",
    }
)


class Workers:
    """Several workers' budgets of one API."""

    def __init__(self, redis: "aredis.Redis") -> None:
        self.redis = redis
        self.budgets: list[Budget] = []

    def budget(self, **terms) -> Budget:
        """A further worker's budget; its chance is always the same."""
        self.budgets.append(Budget(self.redis, Terms(name=API, **terms), chance=lambda: 0.0))
        return self.budgets[-1]

    async def field(self, name: str) -> str:
        return ((await self.redis.hget(keys.budget(API), name)) or b"").decode()

    async def pass_time(self, seconds: float) -> None:
        """Let the budget believe that so much time has passed: all its times lie further back."""
        key = keys.budget(API)
        for name, value in (await self.redis.hgetall(key)).items():
            if name.decode() in TIMES or name.startswith((b"next:", b"again:")):
                if float(value):
                    await self.redis.hset(key, name, f"{float(value) - seconds * 1000:.3f}")
            elif name == b"seen":
                entries = (entry.split(":") for entry in value.decode().split())
                await self.redis.hset(
                    key,
                    name,
                    " ".join(f"{int(at) - int(seconds)}:{rest[0]}:{rest[1]}" for at, *rest in entries),
                )


@pytest.fixture(name="workers")
async def _workers(redis_url: str) -> AsyncIterator[Workers]:
    redis = store.async_client(redis_url, timeout_s=5)
    workers = Workers(redis)
    yield workers
    for budget in workers.budgets:
        await budget.close()
    await redis.aclose()


@pytest.fixture(name="asked")
def _asked() -> Callable:
    """Ask for one call as a visit of those words; return what came: "go", "probe", or the failure."""

    async def ask(budget: Budget, **visit):
        with visiting(Visit(**visit)):
            try:
                return "probe" if await budget.enter() else "go"
            except Transient as failure:
                return failure

    return ask
