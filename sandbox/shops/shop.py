"""
What both shops have in common: orders, products, subscriptions to events, and the log of what was changed.

Knows no vendor's names: how an order looks and how a webhook is signed is the system's.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from http import HTTPStatus
from typing import Any, TypeAlias

from ..config import Clock
from ..deliveries import SentEvent
from ..effects import EffectLog
from ..errors import Refusal
from ..ids import Ids
from ..sender import Sender

Entity: TypeAlias = dict[str, Any]

#: Numbers of a shop begin somewhere in here, so that those of two sandboxes differ.
_FIRST, _LAST = 1_000, 9_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """
    Who wants to hear of a topic.
    """

    id: int
    topic: str
    url: str
    secret: str


@dataclass(slots=True, kw_only=True)
class Shop:
    """
    One shop's memory.

    Args:
        system: Its name for the sender, and the beginning of its effects' names.
        resource: Makes the body of a webhook of what it is about.
    """

    system: str
    ids: Ids
    clock: Clock
    effects: EffectLog
    sender: Sender
    chance: random.Random
    orders: dict[str, Entity] = field(default_factory=dict)
    products: dict[str, Entity] = field(default_factory=dict)
    subscriptions: dict[int, Subscription] = field(default_factory=dict)
    _number: int = 0

    def __post_init__(self) -> None:
        self._number = self.chance.randrange(_FIRST, _LAST)

    def number(self) -> int:
        """
        Return the next id; one that was given out never comes back.
        """
        self._number += 1
        return self._number

    def now(self) -> datetime:
        return self.clock()

    def known(self, things: Mapping[str, Entity], thing_id: str) -> Entity:
        """
        Raises:
            Refusal: 404, there is nothing of this id.

        """
        found = things.get(thing_id)
        if found is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "Invalid ID.")
        return found

    def log(self, effect: str, order_id: object, key: str | None, detail: Mapping[str, Any]) -> None:
        """
        Record a change that was asked for by a call.
        """
        self.effects.add(
            f"{self.system}.{effect}",
            order_id=None if order_id is None else str(order_id),
            idempotency_key=key,
            detail=detail,
        )

    def subscribe(self, topic: str, url: str, secret: str) -> Subscription:
        found = Subscription(id=self.number(), topic=topic, url=url, secret=secret)
        self.subscriptions[found.id] = found
        return found

    def tell(self, topic: str, thing: Entity, body: Callable[[Entity], bytes]) -> None:
        """
        Send a webhook to each who wants to hear of the topic.
        """
        for subscription in self.subscriptions.values():
            if subscription.topic == topic:
                event = SentEvent(
                    id=f"{self.system}-{self.ids.event_id()}-{subscription.id}",
                    type=topic,
                    subject=f"{self.system} {thing['id']}",
                    body=body(thing),
                    system=self.system,
                    url=subscription.url,
                )
                self.sender.take(event)

    def subscription_of(self, event_id: str) -> Subscription | None:
        """
        Return the subscription that an event is sent to.
        """
        return self.subscriptions.get(int(event_id.rpartition("-")[2]))

    def forget(self) -> None:
        self.orders.clear()
        self.products.clear()
        self.subscriptions.clear()
