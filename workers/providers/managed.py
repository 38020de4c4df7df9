"""
The workflows that providers bring along: what their three settings mean. Pure.

They are like those of the file, and like those nobody can change them through the API.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from .provider import Provider

#: A shop that removes a product tells so too.
_PRODUCT_EVENTS = ("product.created", "product.updated", "product.deleted")
#: What shops are told of.
NEWS = ("order.dispatched", "order.completed")


def definitions(providers: Sequence[Provider], *, order_source: str = "") -> tuple[Mapping[str, Any], ...]:
    """
    Return the definitions of the workflows of all active providers.

    Args:
        order_source: The source whose events are told to shops; empty where there is none, and then nothing is told.
    """
    active = [provider for provider in providers if provider.active]
    tells = bool(order_source) and any(provider.wishes.push_tracking for provider in active)
    own = [definition for provider in active for definition in _own(provider)]
    return (*own, *(_telling(trigger, order_source) for trigger in NEWS if tells))


def _own(provider: Provider) -> Iterator[Mapping[str, Any]]:
    only_its_own = {"event.source": provider.source}
    if provider.wishes.auto_import_orders:
        yield {
            "name": f"Import orders of {provider.source}",
            "entity_type": "Order",
            "trigger": "order.created",
            "conditions": only_its_own,
            "actions": [{"type": "import_order", "provider": provider.guid}],
            # An order that is told of late is an order all the same.
            "on_stale": "run",
        }
    if provider.wishes.sync_products:
        for trigger in _PRODUCT_EVENTS:
            yield {
                "name": f"Sync products of {provider.source}: {trigger}",
                "entity_type": "Product",
                "trigger": trigger,
                "conditions": only_its_own,
                "actions": [{"type": "sync_product", "provider": provider.guid}],
            }


def _telling(trigger: str, order_source: str) -> Mapping[str, Any]:
    """Return one workflow for all shops: whose order it is, only the step can find out."""
    return {
        "name": f"Tell shops: {trigger}",
        "entity_type": "Order",
        "trigger": trigger,
        "conditions": {"event.source": order_source},
        "actions": [{"type": "push_tracking"}],
        # A shop wants to hear of a dispatch that a workflow of ours has caused, too; it writes nothing to the order.
        "on_echo": "run",
    }
