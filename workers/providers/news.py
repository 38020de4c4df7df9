"""
What an order's shop is told: where the order stands, and how its goods are tracked. Pure.

A status is one of two words. Tracking is looked for under the names of the Dispatch API's shipments (`trackingNumber`,
`carrier.name`); that an order or an event carries them is ours, since neither API documents it.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

Stage: TypeAlias = Literal["dispatched", "completed"]

_LONGEST = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Tracking:
    """How a carrier names the goods; a web address only where it is one."""

    number: str
    carrier: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """
    What is to stand in the shop.

    Args:
        reference: How the order API shows the order to people, such as `P1-42`.
    """

    stage: Stage
    reference: str = ""
    tracking: Tracking | None = None

    @property
    def sentence(self) -> str:
        """Say it to a person; of the same news it is always the same text."""
        order = f"Order {self.reference}" if self.reference else "The order"
        said = f"{order} was {self.stage}."
        if self.tracking is None:
            return said
        carrier = f" with {self.tracking.carrier}" if self.tracking.carrier else ""
        url = f" ({self.tracking.url})" if self.tracking.url else ""
        return f"{said} Tracking number{carrier}: {self.tracking.number}{url}."


def tracking_of(*places: Mapping[str, Any] | None) -> Tracking | None:
    """Return the first tracking number that stands in one of *places*, or one level down in them."""
    for place in _opened(place for place in places if place):
        number = _text(place.get("trackingNumber"))
        if number:
            carrier = place.get("carrier")
            name = carrier.get("name") if isinstance(carrier, Mapping) else carrier
            return Tracking(number=number, carrier=_text(name), url=_url(place.get("trackingUrl")))
    return None


def _opened(places: Iterable[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    for place in places:
        yield place
        if isinstance(place.get("shipment"), Mapping):
            yield place["shipment"]
        shipments = place.get("shipments")
        yield from (
            one for one in (shipments if isinstance(shipments, list) else ()) if isinstance(one, Mapping)
        )


def _text(value: object) -> str:
    return value.strip()[:_LONGEST] if isinstance(value, str) and value.isprintable() else ""


def _url(value: object) -> str:
    text = _text(value)
    return text if text.startswith(("https://", "http://")) else ""
