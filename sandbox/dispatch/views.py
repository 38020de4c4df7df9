"""
What the API shows of each thing: short in lists, whole when one is asked for.

The short forms of orders and shipments are documented but for `updatedAt`; of the whole forms, that of the order up to
its carrier.
"""

from collections.abc import Mapping
from typing import Any

from .world import Entity, Things, World

_IN_LIST = ("street", "city", "state", "postalCode")
_WHOLE_SHIPMENT = (
    "orderId",
    "packages",
    "reference",
    "collectionDate",
    "deliveryDate",
    "deliveredAt",
    "notes",
)


def order_line(world: World, order: Entity) -> Entity:
    """
    Return an order as the list shows it.
    """
    address = order["deliveryAddress"]
    return {
        **_only(order, "guid", "orderNumber", "status"),
        "customer": _only(world.customers[order["customerId"]], "guid", "name"),
        "items": [_only(item, "description", "quantity", "price") for item in order["items"]],
        "deliveryAddress": _only(address, *_IN_LIST),
        **_only(order, "createdAt", "updatedAt"),
    }


def whole_order(world: World, order: Entity) -> Entity:
    """
    Return an order as get_order shows it.
    """
    return {
        **order_line(world, order),
        "customer": _only(world.customers[order["customerId"]], "guid", "name", "email"),
        "items": order["items"],
        "deliveryAddress": order["deliveryAddress"],
        "carrier": named(world.carriers, order["carrierId"]),
        "collectionDate": order["collectionDate"],
        "shipments": [guid for guid, one in world.shipments.items() if one["orderId"] == order["guid"]],
    }


def shipment_line(world: World, shipment: Entity) -> Entity:
    """
    Return a shipment as the list shows it.
    """
    return {
        **_only(shipment, "guid", "trackingNumber", "status"),
        "customer": _only(world.customers[shipment["customerId"]], "guid", "name"),
        "sender": _party(shipment["sender"]),
        "recipient": _party(shipment["recipient"]),
        "carrier": named(world.carriers, shipment["carrierId"]),
        **_only(shipment, "createdAt", "updatedAt"),
    }


def whole_shipment(world: World, shipment: Entity) -> Entity:
    """
    Return a shipment as get_shipment shows it.
    """
    return {**shipment_line(world, shipment), **_only(shipment, *_WHOLE_SHIPMENT)}


def named(things: Things, guid: str | None) -> Entity | None:
    """
    Return something by guid and name, None for nothing.
    """
    return None if guid is None else _only(things[guid], "guid", "name")


def one_line(address: Mapping[str, Any]) -> str:
    """
    Return an address as one string, as shipments show it.
    """
    place = " ".join(part for part in (address.get("postalCode"), address.get("city")) if part)
    return ", ".join(part for part in (address.get("street"), place, address.get("country")) if part)


def _party(party: Mapping[str, Any]) -> Entity:
    return {"name": party["name"], "address": one_line(party)}


def _only(thing: Mapping[str, Any], *names: str) -> Entity:
    return {name: thing[name] for name in names}
