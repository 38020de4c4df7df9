"""
What `orderhook doctor` says of connected shops: whether their keys open what is kept of them.

A key that was lost shows only when a delivery or an order comes; by then a shop has waited.
"""

from collections.abc import Iterator

import redis

from receiver import keys
from receiver.config import ConfigError, RawConfig
from receiver.provided import UnreadableRecord, read_record
from receiver.sealing import SealError, Sealing
from workers.providers.provider import Provider
from workers.providers.store import ProviderStore

from . import render
from .connecting import Keys, Refused
from .diagnoses import Check, fail, ok, warn

_NAME = "shops"


def checks(client: "redis.Redis", raw: RawConfig) -> Iterator[Check]:
    """
    Yield a check where shops are connected; of a shell without the keys it says so.
    """
    shops = [one for one in ProviderStore(client).all() if one.active]
    if not shops:
        return
    connected = f"{render.counted(len(shops), 'shop')} connected"
    try:
        secrets, credentials = _sealings(raw)
    except (ConfigError, Refused) as problem:
        advice = "both keys must be set where receivers, workers and the console are"
        yield warn(
            _NAME, f"{connected}; whether the keys open their secrets is unknown here: {problem}", advice
        )
        return
    lost = [what for shop in shops for what in _lost(client, shop, secrets, credentials)]
    if lost:
        advice = "put the old key behind the new one, or disable these shops and configure them again"
        yield fail(_NAME, f"{connected}; cannot be opened: {', '.join(lost)}", advice)
    else:
        yield ok(_NAME, f"{connected}; the keys open what is kept of them")


def _sealings(raw: RawConfig) -> tuple[Sealing, Sealing]:
    found = Keys.of(raw)
    return found.secrets, found.credentials


def _lost(client: "redis.Redis", shop: Provider, secrets: Sealing, credentials: Sealing) -> Iterator[str]:
    """
    Yield what of a shop cannot be opened.
    """
    try:
        read_record(str(client.hget(keys.provided(), shop.source) or "").encode(), secrets)
    except UnreadableRecord:
        yield f"the webhook secret of {shop.source}"
    try:
        credentials.opened(str(client.hget(keys.provider_credentials(), shop.guid) or ""))
    except SealError:
        yield f"the credentials of {shop.source}"
