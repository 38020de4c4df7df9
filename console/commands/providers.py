"""
`orderhook providers`: the shops that are connected, without what lets us in.
"""

from collections.abc import Sequence
from typing import Any

from receiver import keys
from workers.providers.provider import Provider
from workers.providers.store import ProviderStore

from .. import render
from ..access import redis_of
from ..desk import Desk
from ..errors import NotFound
from ..render import Piece
from ..story import Tone


def show_list(desk: Desk, *, as_jsonl: bool) -> None:
    """
    Print each provider.
    """
    with redis_of(desk) as client:
        found = ProviderStore(client).all()
    if as_jsonl:
        for provider in found:
            render.json_line(_fields(provider))
    elif found:
        titles = ("SOURCE", "SHOP", "IMPORTS", "TRACKING", "PRODUCTS", "CONNECTED", "STATUS")
        render.table(titles, [_row(provider) for provider in found])
    else:
        render.talk("no shops are connected")


def show(desk: Desk, name: str, *, as_jsonl: bool) -> None:
    """
    Print one provider, by its guid or its source.

    Raises:
        NotFound: There is none.

    """
    with redis_of(desk) as client:
        found = [one for one in ProviderStore(client).all() if name in (one.guid, one.source)]
        products = client.hlen(keys.shop_products(found[0].guid)) if found else 0
    if not found:
        raise NotFound(f"no provider {name!r}; `orderhook providers list` shows what is there")
    fields = {**_fields(found[0]), "products": products}
    if as_jsonl:
        render.json_line(fields)
        return
    for key, value in fields.items():
        render.data(f"{key:<18}{_word(value)}")


def _fields(provider: Provider) -> dict[str, Any]:
    return {
        **provider.as_json(),
        "source": provider.source,
        "webhookPath": f"/webhooks/{provider.source}",
    }


def _row(provider: Provider) -> Sequence[Piece]:
    wishes = provider.wishes
    return (
        provider.source,
        provider.store_url,
        _word(wishes.auto_import_orders),
        _word(wishes.push_tracking),
        _word(wishes.sync_products),
        provider.connected_at,
        (provider.status, Tone.PLAIN if provider.active else Tone.WARN),
    )


def _word(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)
