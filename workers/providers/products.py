"""
The products of connected shops, as last seen; `keys.shop_products` is the schema.

Ours: the Integrations API documents that products are synchronised and not where to.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import redis
import redis.asyncio as aredis

from receiver import keys

from .reading import ShopProduct

#: The most products of one shop that are kept.
MOST = 10_000
_PAGE = 500


@dataclass(frozen=True, slots=True)
class Products:
    """The products, as actions see them."""

    redis: "aredis.Redis"

    async def put(self, provider: str, product: ShopProduct) -> bool:
        """Keep a product; return whether there was room for it."""
        key = keys.shop_products(provider)
        known, count = await self.redis.hexists(key, product.id), await self.redis.hlen(key)
        if not known and count >= MOST:
            return False
        await self.redis.hset(key, product.id, json.dumps(product.as_json()))
        return True

    async def drop(self, provider: str, product: str) -> None:
        await self.redis.hdel(keys.shop_products(provider), product)


def kept(client: "redis.Redis", provider: str) -> Iterator[dict[str, Any]]:
    """Yield the products of a shop, in no order, without holding up Redis."""
    for _, text in client.hscan_iter(keys.shop_products(provider), count=_PAGE):
        yield json.loads(text)
