"""
Reading what the console's `/metrics` tells: some commands per source and API, none that grows with the events.
"""

from collections.abc import Iterator, Mapping

import redis

from receiver import keys
from receiver.config import RawConfig
from receiver.inbox import Inbox
from workers.budget import Standing as Budget
from workers.budget.budgets import named

from .access import now_ms
from .equation import standings
from .metrics import Lanes, Measured


def measure(client: "redis.Redis", raw: RawConfig) -> Measured:
    """
    Return how everything stands now.
    """
    inbox, now = Inbox(client), now_ms(client)
    return Measured(
        now=now,
        standings=standings(client),
        counts=inbox.counts(),
        lanes=_lanes(client, inbox.sources(), now),
        overdue_ms=inbox.overdue_ms(now),
        oldest_ms=_oldest_ms(client, now),
        shifts=int(client.zcount(keys.shifts(), now, "+inf")),
        budgets=_budgets(client, raw),
    )


def _lanes(client: "redis.Redis", sources: list[str], now: int) -> Mapping[str, Lanes]:
    with client.pipeline(transaction=False) as pipeline:
        for source in sources:
            pipeline.zcard(keys.ready(source))
            pipeline.zcount(keys.ready(source), "-inf", now)
        found = pipeline.execute()
    return {source: Lanes(ready=found[2 * n], due=found[2 * n + 1]) for n, source in enumerate(sources)}


def _oldest_ms(client: "redis.Redis", now: int) -> int:
    first: list[tuple[str, float]] = client.zrange(keys.open_events(), 0, 0, withscores=True)  # type: ignore[assignment]
    return max(0, now - int(first[0][1])) if first else 0


def _budgets(client: "redis.Redis", raw: RawConfig) -> Mapping[str, Budget]:
    """
    Return how the budget of each API stands that has been called of late.
    """
    found: dict[str, Budget] = {}
    for name in dict.fromkeys(_apis(raw)):
        fields: Mapping[str, str] = client.hgetall(keys.budget(name))  # type: ignore[assignment]
        if fields:
            found[name] = Budget.read(fields)
    return found


def _apis(raw: RawConfig) -> Iterator[str]:
    """
    Yield what names each API in the configuration; the tokens themselves are not read here.
    """
    sources = raw.values.get("sources")
    for source, table in (sources if isinstance(sources, Mapping) else {}).items():
        api = table.get("api") if isinstance(table, Mapping) else None
        if isinstance(api, Mapping) and isinstance(api.get("base_url"), str):
            yield named(source, base_url=api["base_url"], token=str(api.get("token", "")))
