"""
What is bought in the pretended shops: made-up customers at streets that exist.
"""

import random
from typing import Any

from ..installer.samples import sample_order

_GOODS = (("Varmepumpe 6,6 kW", "VP-66", "12990.00"), ("Elbillader 22 kW", "EL-22", "8490.00"))


def sample_purchase(chance: random.Random) -> dict[str, Any]:
    """
    Return who bought what, under names of our own.
    """
    order, (name, sku, price) = sample_order(chance), chance.choice(_GOODS)
    first, _, last = order["contactPersonName"].partition(" ")
    return {
        "first": first,
        "last": last,
        "address": order["address"],
        "city": order["city"],
        "postcode": order["postalCode"],
        "country": order["countryCode"],
        "email": order["email"],
        "phone": order["phoneNumber"],
        "product": name,
        "sku": sku,
        "price": price,
    }
