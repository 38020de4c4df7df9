"""
The pretended upstream behind the Installer API, put together: state, handlers, events, orders that move on.
"""

import json
import random
from collections.abc import Collection, Mapping
from typing import Any

from ..api import Api
from ..auto import AutoAdvance
from ..config import JSON, SandboxConfig
from ..deliveries import SentEvent
from ..effects import EffectLog
from ..errors import Refusal
from ..ids import Ids
from ..limiting import Limiting
from ..operations import Call, refused
from ..sender import Sender
from .events import EVENT_TYPES, event_body, events_for, sample_body
from .handlers import InstallerHandlers
from .notifications import named, render
from .orders import Order
from .paths import OPERATIONS
from .phases import MAIN_PATH, Change, Phase, following
from .samples import sample_order
from .state import InstallerState

_DELETED = "deleted"
#: Where an order can be sent; it begins as created.
_TARGETS = {phase.word: phase for phase in Phase if phase is not Phase.CREATED}


class InstallerSystem:
    """
    One Installer, with its parts.
    """

    def __init__(
        self,
        config: SandboxConfig,
        *,
        ids: Ids,
        samples: random.Random,
        effects: EffectLog,
        sender: Sender,
    ) -> None:
        self._config = config
        self._ids = ids
        self._samples = samples
        self._sender = sender
        self.organization_id = ids.uuid()
        self.auto = AutoAdvance(wait_s=config.auto_advance_s, step=self._step)
        self.state = InstallerState(config=config, ids=ids, effects=effects, listener=self._changed)
        self.handlers = InstallerHandlers(config=config, state=self.state)
        self.api = Api(
            operations=OPERATIONS,
            handlers=self.handlers.table(),
            refused=refused,
            limiting=Limiting(tokens=config.tokens),
        )

    @property
    def event_types(self) -> Collection[str]:
        return EVENT_TYPES

    def owns(self, _: str) -> bool:
        return True

    def summary(self) -> Mapping[str, Any]:
        return {
            "organizationId": self.organization_id,
            "webformId": self.state.webform.id,
            "webhookUrl": self._config.webhook_url,
            "orders": len(self.state.orders),
        }

    def orders(self) -> list[JSON]:
        return [order.for_control() for order in self.state.orders.values()]

    def holds(self, subject: str) -> bool:
        return subject in self.state.orders

    def advance(self, subject: str, to: str | None) -> tuple[str, ...]:
        order = self.state.order(subject)
        if to == _DELETED:
            self.state.delete(order.id)
            return (_DELETED,)
        target = _target(to) if to else following(order.phase)
        if target is None:
            raise Refusal(409, f"no step follows {order.phase.word}")
        return tuple(phase.word for phase in self.state.advance(order.id, target))

    def create_order(self, fields: Mapping[str, Any]) -> JSON:
        body = json.dumps(sample_order(self._samples) | dict(fields)).encode()
        return self.handlers.create_order(Call(operation=OPERATIONS["create_order"], body=body)).body

    def send_sample(self) -> str:
        """
        Send the vendor's sample event, as its test button might; return the event's id.
        """
        body = sample_body(organization_id=self.organization_id, now=self._config.clock())
        return self._send("order.created", json.loads(body)["data"]["id"], body)

    def _changed(self, change: Change, order: Order) -> None:
        for event_type in events_for(change, self._config.events):
            body = event_body(
                event_type, order, organization_id=self.organization_id, now=self._config.clock()
            )
            self._send(event_type, order.id, body)
            self._notify(event_type, order)
        if change is Change.DISPATCHING:
            self.auto.begin(order.id)

    def _notify(self, event_type: str, order: Order) -> None:
        """
        Send the notifications that the event sets off.
        """
        for system, one in named(self._config.notifications):
            if not one.on or event_type in one.on:
                body = render(one.template, event_type, order, now=self._config.clock())
                self._send(event_type, order.id, body, system=system)

    def _send(self, event_type: str, order_id: str, body: bytes, *, system: str = "installer") -> str:
        event = SentEvent(
            id=self._ids.event_id(), type=event_type, subject=order_id, body=body, system=system
        )
        self._sender.take(event)
        return event.id

    def _step(self, order_id: str) -> bool:
        """
        Move an order one step along the main path; False when it is at an end or has left the path.
        """
        order = self.state.orders.get(order_id)
        after = following(order.phase) if order and order.phase in MAIN_PATH else None
        if after is None:
            return False
        self.state.advance(order_id, after)
        return following(after) is not None

    def forget(self) -> None:
        self.auto.forget()
        self.state.forget()
        self.api.limiting.forget()

    def close(self) -> None:
        self.auto.forget()


def _target(word: str) -> Phase:
    found = _TARGETS.get(word)
    if found is None:
        raise Refusal(422, f"to: {word!r} is unknown; known: {', '.join([*_TARGETS, _DELETED])}")
    return found
