"""
The pretended upstream's memory: everything by kind and guid, as JSON objects; and where a change is told.

An effect goes to the log, with the call that had it; an event goes to the sender.
It refuses to know what a change means: that is in the module of each area.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from ..config import SandboxConfig
from ..effects import EffectLog
from ..errors import Refusal
from ..ids import Ids
from ..limiting import Limiting
from ..operations import Call
from ..times import whole_seconds

#: One thing as it is kept; what the API shows of it is in `views.py`.
Entity = dict[str, Any]
Things = dict[str, Entity]

#: (event type, the thing it is about, what else stands in its data)
Listener = Callable[[str, Entity, Mapping[str, Any]], None]


class World:
    """
    Everything that there is.
    """

    def __init__(
        self,
        *,
        config: SandboxConfig,
        ids: Ids,
        effects: EffectLog,
        limiting: Limiting,
        listener: Listener,
    ) -> None:
        self.config = config
        self.ids = ids
        self.limiting = limiting
        self.tell = listener
        self._effects = effects
        self.forget()

    def forget(self) -> None:
        """
        Drop everything.
        """
        self.businesses: Things = {}
        self.carriers: Things = {}
        self.customers: Things = {}
        self.drivers: Things = {}
        self.integrations: Things = {}
        self.orders: Things = {}
        self.products: Things = {}
        self.runs: Things = {}
        self.shipments: Things = {}
        self.tokens: Things = {}
        self.uploads: Things = {}
        self.vehicles: Things = {}
        self.workflows: Things = {}
        self.subscriptions: dict[str, Mapping[str, Any]] = {}
        self.product_settings: Entity = {"weightUnit": "kg", "dimensionUnit": "cm", "defaultCurrency": "NOK"}
        self.numbers = 0

    def now(self) -> str:
        return whole_seconds(self.config.clock())

    def add(self, things: Things, **fields: Any) -> Entity:
        """
        Keep something new, with a guid and the time.
        """
        now = self.now()
        thing = {"guid": self.ids.uuid(), **fields, "createdAt": now, "updatedAt": now}
        things[thing["guid"]] = thing
        return thing

    def change(self, thing: Entity, **fields: Any) -> Entity:
        """
        Change something in its place.
        """
        thing.update(fields, updatedAt=self.now())
        return thing

    def did(self, call: Call, *, order_id: str | None = None, **detail: Any) -> None:
        """
        Record one effect of a call, named by its operation.
        """
        self._effects.add(
            call.operation.name, order_id=order_id, idempotency_key=call.idempotency_key, detail=detail
        )


def found(things: Things, guid: str, what: str) -> Entity:
    """
    Return what a path names.

    Raises:
        Refusal: 404, there is none.

    """
    thing = things.get(guid.lower())
    if thing is None:
        raise Refusal(HTTPStatus.NOT_FOUND, f"{what} not found")
    return thing


def known(things: Things, guid: str, field: str) -> Entity:
    """
    Return what a field of a body names. That this is a 400 where there is none is ours.

    Raises:
        Refusal: 400.

    """
    thing = things.get(guid)
    if thing is None:
        raise Refusal(HTTPStatus.BAD_REQUEST, f"{field}: {guid} is not known")
    return thing
