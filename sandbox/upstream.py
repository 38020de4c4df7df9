"""
The whole pretended upstream, put together: state, log, faults, sender, and what links them.

The composition root: every part gets its clock, its chance and its listener here.
"""

import json
import random

from .auto import AutoAdvance
from .calls import Calls
from .config import SandboxConfig, drawn_seed
from .deliveries import SentEvent
from .effects import EffectLog
from .endpoint import Shared
from .fault_set import FaultSet
from .ids import Ids
from .installer.events import event_body, events_for, sample_body
from .installer.handlers import InstallerHandlers
from .installer.orders import Order
from .installer.paths import OPERATIONS
from .installer.phases import MAIN_PATH, Change, following
from .installer.samples import sample_order
from .installer.state import InstallerState
from .key_memory import KeyMemory
from .limiting import Limiting
from .operations import Answer, Call
from .post import Post
from .sender import Sender


class Upstream:
    """
    One pretended upstream with all its parts.
    """

    def __init__(self, config: SandboxConfig) -> None:
        seed = drawn_seed() if config.seed is None else config.seed
        self.config = config
        self.seed = seed
        self._ids = Ids(_chance(seed, "ids"))
        self._samples = _chance(seed, "samples")
        self.organization_id = self._ids.uuid()
        self.effects = EffectLog(clock=config.clock, file=config.effects_file)
        self.shared = Shared(
            config=config,
            faults=FaultSet(_chance(seed, "faults")),
            calls=Calls(kept=config.calls_kept),
            keys=KeyMemory(),
            limiting=Limiting(tokens=config.tokens),
        )
        self.sender = Sender(post=_post(config), rules=config.sender, faults=self.shared.faults)
        self.auto = AutoAdvance(wait_s=config.auto_advance_s, step=self._step)
        self.installer = InstallerState(
            config=config, ids=self._ids, effects=self.effects, listener=self._changed
        )
        self.handlers = InstallerHandlers(config=config, state=self.installer)

    def _changed(self, change: Change, order: Order) -> None:
        for event_type in events_for(change, self.config.events):
            body = event_body(
                event_type, order, organization_id=self.organization_id, now=self.config.clock()
            )
            self._send(event_type, order.id, body)
        if change is Change.DISPATCHING:
            self.auto.begin(order.id)

    def _send(self, event_type: str, order_id: str, body: bytes) -> str:
        event = SentEvent(id=self._ids.event_id(), type=event_type, subject=order_id, body=body)
        self.sender.take(event)
        return event.id

    def _step(self, order_id: str) -> bool:
        """
        Move an order one step along the main path; False when it is at an end or has left the path.
        """
        order = self.installer.orders.get(order_id)
        after = following(order.phase) if order and order.phase in MAIN_PATH else None
        if after is None:
            return False
        self.installer.advance(order_id, after)
        return following(after) is not None

    def seed_order(self) -> Answer:
        """
        Create one sample order as a client would, token and faults apart.
        """
        body = json.dumps(sample_order(self._samples)).encode()
        return self.handlers.create_order(Call(operation=OPERATIONS["create_order"], body=body))

    def send_sample(self) -> str:
        """
        Send the vendor's sample event, as its test button might; return the event's id.
        """
        body = sample_body(organization_id=self.organization_id, now=self.config.clock())
        return self._send("order.created", json.loads(body)["data"]["id"], body)

    def forget(self) -> None:
        """
        Go back to the start: no orders, no effects, no faults, no rate limit, nothing to send. Ids go on.
        """
        self.auto.forget()
        self.sender.forget()
        self.installer.forget()
        self.effects.forget()
        self.shared.calls.forget()
        self.shared.keys.forget()
        self.shared.faults.replace(())
        self.shared.limiting.forget()

    def close(self) -> None:
        self.auto.forget()
        self.effects.close()


def _chance(seed: int, purpose: str) -> random.Random:
    # One generator each, so that more of one kind never shifts another.
    return random.Random(f"{seed} {purpose}")  # noqa: S311 - reproducible ids and faults, no secrets


def _post(config: SandboxConfig) -> Post | None:
    if config.webhook_url is None:
        return None
    return Post(url=config.webhook_url, signer=config.signer, rules=config.sender, clock=config.clock)
