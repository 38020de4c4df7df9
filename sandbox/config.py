"""
What can be set, and nothing else: values only, no reading of files or environment.
"""

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from .limiting import RateLimit

# Anything that JSON can say; `Any` stands only at this boundary.
JSON = Any
JSONObject = Mapping[str, Any]

#: (event_id, event_type, timestamp in Unix seconds, body) -> headers to add.
Signer = Callable[[str, str, int, bytes], list[tuple[str, str]]]
Clock = Callable[[], datetime]

#: The limit is the vendor's sample; how long its window is, nobody says.
DISPATCH_RATE_LIMIT = RateLimit(limit=1_000, window_s=60)


def utc_now() -> datetime:
    """
    Return the time now; the default clock.
    """
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRules:
    """
    Which action raises which event. All ours: the vendor names the events and not their causes.
    """

    #: Send order.assigned after order.dispatched.
    assigned_after_dispatch: bool = False
    #: The event that says work has begun; there is no order.started.
    in_progress: Literal["workflow.step.activated", "order.updated"] = "workflow.step.activated"
    #: Send order.updated when a tag is assigned or removed.
    updated_on_tags: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SenderRules:
    """
    How deliveries are sent. Only the 5 s come from the vendor; the rest is ours.
    """

    #: The vendor asks receivers to answer within 5 seconds; that it hangs up then is our reading.
    timeout_s: float = 5.0
    #: The wait before each retry; when they are used up, the event is given up.
    retry_delays_s: tuple[float, ...] = (1.0, 5.0, 30.0, 120.0, 600.0)
    #: Deliveries under way at once.
    concurrency: int = 50
    #: At shutdown, the time for deliveries under way to finish.
    stop_grace_s: float = 5.0
    #: Finished deliveries kept for /_sandbox/deliveries; those not yet finished are all kept.
    kept: int = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchRules:
    """
    What can be set for the Dispatch API alone. All ours, but for the three X-RateLimit headers and `totalPages`.
    """

    #: Where its events go; None keeps them, marked `unsent`.
    webhook_url: str | None = None
    #: None signs as the Installer side does.
    signer: Signer | None = None
    #: On from the start, so that every answer carries the documented headers; None switches it off.
    rate_limit: RateLimit | None = DISPATCH_RATE_LIMIT
    #: Begin with orders, shipments, customers, products and a dispatch; False begins with carriers and drivers only.
    seeded: bool = True
    #: Send `totalPages`, which one page of the vendor shows and four leave out.
    total_pages: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """
    One workflow notification of Installer.com: Workflows > Notifications, type Webhook.

    Documented: an address, a body that is a Handlebars template, headers of the user's own. Which step and state sets
    it off is chosen there too, and the states are not listed anywhere: that it is an event of ours is ours.
    """

    url: str
    #: Documented is the variable `{{ order.id }}`; the others that are filled in are ours.
    template: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    #: The events that set it off; empty for all.
    on: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopRules:
    """
    What lets a client into the two shops, and what the second one signs its webhooks with. All ours.
    """

    consumer_key: str = "ck_sandbox"
    consumer_secret: str = "cs_sandbox"  # noqa: S105 - a sandbox has no secrets
    access_token: str = "shpat_sandbox"  # noqa: S105
    client_secret: str = "shpss_sandbox"  # noqa: S105


@dataclass(frozen=True, slots=True, kw_only=True)
class SandboxConfig:
    """
    Everything that can be set.
    """

    host: str = "127.0.0.1"
    port: int = 8002
    #: Where events go; None keeps them, marked `unsent`.
    webhook_url: str | None = None
    #: None sends unsigned, which is all that the vendor documents.
    signer: Signer | None = None
    tokens: tuple[str, ...] = ("sandbox-token",)
    #: Known tokens whose user lacks the role: answered 403.
    forbidden_tokens: tuple[str, ...] = ()
    #: The same seed gives the same ids and the same faults. None draws one: after a restart the ids
    #: must differ, or a receiver would take new events for redeliveries.
    seed: int | None = None
    clock: Clock = utc_now
    #: The answer to a body idempotencyKey seen before: 409 is second-hand, 400 the vendor's own text.
    duplicate_status: Literal[409, 400] = 409
    #: Insist on the seven fields of create-order which a third party reports as required.
    require_seven: bool = True
    #: Honour the header Idempotency-Key (ours; the vendor documents none).
    honour_idempotency_key: bool = True
    #: A dispatch, cancel or tag call that repeats one: perform it again, so that tests can count it,
    #: or answer 409.
    repeats: Literal["perform", "refuse"] = "perform"
    events: EventRules = field(default_factory=EventRules)
    sender: SenderRules = field(default_factory=SenderRules)
    #: What is sent beside the events, to addresses of their own.
    notifications: tuple[Notification, ...] = ()
    dispatch: DispatchRules = field(default_factory=DispatchRules)
    shops: ShopRules = field(default_factory=ShopRules)
    #: After a dispatch, the order moves one step each so many seconds, up to completed; a new shipment of the
    #: Dispatch side does so too, up to delivered.
    auto_advance_s: float | None = None
    #: Effects are appended here before they are answered, so that they outlive a kill.
    effects_file: Path | None = None
    body_limit_bytes: int = 1_048_576
    file_limit_bytes: int = 10_485_760
    calls_kept: int = 2_000


def drawn_seed() -> int:
    """
    Return a seed that no earlier sandbox is likely to have had.
    """
    return random.SystemRandom().getrandbits(32)
