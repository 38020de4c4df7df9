"""
Which order was made of which order of a shop, in both directions; `keys.imported` and `keys.shop_order` are the schema.

Written after the order was made: between the two, the idempotency key of the call stands for them.
"""

from dataclasses import dataclass

import redis.asyncio as aredis

from receiver import keys

#: How long a shop's order may still be told of; in seconds.
KEPT_S = 400 * 24 * 60 * 60


@dataclass(frozen=True, slots=True)
class Links:
    """The links, as actions see them."""

    redis: "aredis.Redis"

    async def made_of(self, provider: str, shop_order: str) -> str:
        """Return the id of the order that was made of it; empty where none was."""
        found = await self.redis.get(keys.imported(provider, shop_order))
        return _second(found)

    async def origin(self, source: str, order: str) -> tuple[str, str] | None:
        """Return provider and shop's order that this order was made of; None where it came otherwise."""
        found = await self.redis.get(keys.shop_order(source, order))
        provider, _, shop_order = _word(found).partition(" ")
        return (provider, shop_order) if shop_order else None

    async def remember(self, *, provider: str, shop_order: str, source: str, order: str) -> None:
        """Keep both directions."""
        async with self.redis.pipeline(transaction=True) as pipeline:
            pipeline.set(keys.imported(provider, shop_order), f"{source} {order}", ex=KEPT_S)
            pipeline.set(keys.shop_order(source, order), f"{provider} {shop_order}", ex=KEPT_S)
            await pipeline.execute()


def _second(found: bytes | str | None) -> str:
    return _word(found).partition(" ")[2]


def _word(found: bytes | str | None) -> str:
    return found.decode() if isinstance(found, bytes) else found or ""
