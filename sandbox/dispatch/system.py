"""
The pretended upstream behind the Dispatch API, put together: memory, calls, webhooks, what is there from the start.
"""

import random
from collections.abc import Collection, Mapping
from typing import Any

from pydantic import ValidationError

from ..api import Api
from ..auto import AutoAdvance
from ..config import JSON, SandboxConfig
from ..deliveries import SentEvent
from ..effects import EffectLog
from ..errors import Refusal, invalid
from ..ids import Ids
from ..limiting import Limiting
from ..operations import Handler
from ..sender import Sender
from .bodies import NewOrder
from .business import Business
from .customer_upload import CustomerUpload
from .customers import Customers
from .envelope import refused
from .events import EVENT_TYPES, event_body
from .integrations import PROVIDERS, Integrations
from .lives import ORDER, SHIPMENT
from .order_book import OrderBook
from .orders import Orders
from .paths import OPERATIONS, PREFIX, ROOTS
from .products import Products
from .routes import Routes
from .runs import Runs
from .seeds import Seeds
from .shipment_book import ShipmentBook
from .shipments import Shipments
from .views import whole_order, whole_shipment
from .workflows import Workflows
from .world import Entity, World

#: By this name the sender knows where events go.
NAME = "dispatch"
_DELETED = "deleted"


class DispatchSystem:
    """
    One Dispatch, with its parts.
    """

    def __init__(
        self, config: SandboxConfig, *, ids: Ids, seed: str, effects: EffectLog, sender: Sender
    ) -> None:
        self._config = config
        self._ids = ids
        self._seed = seed
        self._sender = sender
        limiting = Limiting(tokens=config.tokens, rate=config.dispatch.rate_limit)
        self.auto = AutoAdvance(wait_s=config.auto_advance_s, step=self._step)
        self.world = World(config=config, ids=ids, effects=effects, limiting=limiting, listener=self._changed)
        customers = Customers(self.world)
        self._orders, self._shipments = OrderBook(self.world, customers), ShipmentBook(self.world)
        self.api = Api(
            operations=OPERATIONS, handlers=self._handlers(customers), refused=refused, limiting=limiting
        )
        self._fill()

    def _handlers(self, customers: Customers) -> Mapping[str, Handler]:
        areas = (
            Orders(self.world, self._orders, self._shipments),
            Shipments(self.world, self._shipments),
            customers,
            CustomerUpload(self.world, customers),
            Products(self.world),
            Business(self.world),
            Runs(self.world),
            Routes(self.world),
            Integrations(self.world),
            Workflows(self.world),
        )
        return {PREFIX + name: handler for area in areas for name, handler in area.table().items()}

    def _fill(self) -> None:
        # A new generator each time: after a reset the same things are there, under the same guids.
        chance = random.Random(self._seed)  # noqa: S311 - reproducible samples, no secrets
        Seeds(self.world, chance).fill()
        self._samples = chance

    @property
    def event_types(self) -> Collection[str]:
        return EVENT_TYPES

    def owns(self, path: str) -> bool:
        return any(path == root or path.startswith(f"{root}/") for root in ROOTS)

    def summary(self) -> Mapping[str, Any]:
        world = self.world
        return {
            "webhookUrl": self._config.dispatch.webhook_url,
            "orders": len(world.orders),
            "shipments": len(world.shipments),
            "customers": len(world.customers),
            "products": len(world.products),
            "dispatches": len(world.runs),
            "carriers": _names(world.carriers),
            "drivers": _names(world.drivers),
            "vehicles": _names(world.vehicles),
            "providers": dict(PROVIDERS),
        }

    def orders(self) -> list[JSON]:
        return [whole_order(self.world, order) for order in self.world.orders.values()]

    def holds(self, subject: str) -> bool:
        return subject in self.world.orders or subject in self.world.shipments

    def advance(self, subject: str, to: str | None) -> tuple[str, ...]:
        order, shipment = self.world.orders.get(subject), self.world.shipments.get(subject)
        if to == _DELETED:
            self._delete(order, shipment)
            return (_DELETED,)
        if order is not None:
            return tuple(self._moved(order, status) for status in ORDER.way(order["status"], to))
        if shipment is not None:
            return tuple(self._moved(shipment, status) for status in SHIPMENT.way(shipment["status"], to))
        raise Refusal(404, "no order or shipment with this id")

    def _moved(self, thing: Entity, status: str) -> str:
        if thing["guid"] in self.world.orders:
            self._orders.move(thing, status)
        else:
            self._shipments.move(thing, status)
        return status

    def _delete(self, order: Entity | None, shipment: Entity | None) -> None:
        if order is not None:
            self._orders.remove(order)
        if shipment is not None:
            self._shipments.remove(shipment)

    def create_order(self, fields: Mapping[str, Any]) -> JSON:
        try:
            wish = NewOrder.model_validate(dict(fields))
        except ValidationError as problem:
            raise invalid(problem) from None
        return whole_order(self.world, self._orders.add(wish, self._samples))

    def _changed(self, event_type: str, thing: Entity, extra: Mapping[str, Any]) -> None:
        show = whole_order if event_type.startswith("order.") else whole_shipment
        event_id = self._ids.event_id()
        body = event_body(
            event_type, event_id, {**show(self.world, thing), **extra}, now=self._config.clock()
        )
        event = SentEvent(id=event_id, type=event_type, subject=thing["guid"], body=body, system=NAME)
        self._sender.take(event)
        if event_type == "shipment.created":
            self.auto.begin(thing["guid"])

    def _step(self, guid: str) -> bool:
        """
        Move a shipment one step along its path; False when it is at an end or has left the path.
        """
        shipment = self.world.shipments.get(guid)
        if shipment is None or shipment["status"] not in SHIPMENT.path[:-1]:
            return False
        (status,) = self.advance(guid, None)
        return status != SHIPMENT.path[-1]

    def forget(self) -> None:
        self.auto.forget()
        self.world.forget()
        self.api.limiting.forget()
        self._fill()

    def close(self) -> None:
        self.auto.forget()


def _names(things: Mapping[str, Entity]) -> dict[str, str]:
    return {guid: thing["name"] for guid, thing in things.items()}
