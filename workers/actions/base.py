"""
The types that an action is made of, and what it is given.

Knows neither the ledger nor retries: an action sees one step, acts, and returns or raises.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from pydantic import BaseModel

from receiver.record import Lane

from ..api.models import OrderCreated, OrderPhase, Tag, UploadedFile
from ..api.orders import NewOrder
from .kit import EMPTY, Kit

if TYPE_CHECKING:  # it calls shops, and so knows more than an action's type needs
    from ..providers.shops import Shops

#: What an action leaves in the ledger: a small JSON object, or nothing.
Result: TypeAlias = Mapping[str, Any]


class EffectClass(StrEnum):
    """What may be done about a step that was begun and has no result, since its process died."""

    NATURAL = "natural"  # the action reads the state before it acts: run it again
    KEYED = "keyed"  # the target honours the idempotency key: run it again with the same key
    COLLAPSIBLE = "collapsible"  # a repeat under the same id replaces the first, as a push message does
    UNKEYED = "unkeyed"  # a repeat would be a second effect: park it for a person


@dataclass(frozen=True, slots=True, kw_only=True)
class EventView:
    """
    The event as an action sees it; times are RFC 3339 in UTC.

    Args:
        body: The bytes as they were received; `payload` is what they were parsed to. Both are empty where the source
            is trusted as a hint only, so that no action can act by what nobody has verified.
        stale: An event of the same subject that occurred later has been accepted before this one.
        echo: A write of ours raised it.
    """

    source: str
    id: str
    type: str
    subject: str | None
    occurred_at: str | None
    accepted_at: str
    stale: bool
    echo: bool = False
    # Personal data: an event ends up in a log line or a traceback sooner or later.
    payload: Mapping[str, Any] = field(repr=False)
    body: bytes = field(repr=False)


class OrderSeen(Protocol):
    """An order as any API's client shows it; each adds what else its API says."""

    @property
    def id(self) -> str: ...
    @property
    def display_id(self) -> str | None: ...
    @property
    def status(self) -> int | str: ...
    @property
    def phase(self) -> OrderPhase | None:
        """Return where it stands; None where nobody knows what the status means."""

    @property
    def tags(self) -> Sequence[Tag]: ...
    @property
    def raw(self) -> Mapping[str, Any]:
        """Return the whole object of the answer."""


class OrderApi(Protocol):
    """
    The calls that actions make to an order API; each raises a `Failure` and nothing else.

    One that an API lacks raises `workers.api.refusals.missing(...)`, before anything is sent.
    """

    async def get_order(self, order_id: str) -> OrderSeen: ...
    async def dispatch_order(self, order_id: str, *, idempotency_key: str) -> object: ...
    async def cancel_order(self, order_id: str, *, reason: str | None, idempotency_key: str) -> object: ...
    async def list_tags(self) -> Sequence[Tag]: ...
    async def create_tags(self, names: Sequence[str], *, idempotency_key: str) -> Sequence[Tag]: ...
    async def assign_tag(self, order_id: str, tag_id: str, *, idempotency_key: str) -> object: ...
    async def remove_tag(self, order_id: str, tag_id: str, *, idempotency_key: str) -> object: ...
    async def create_order(self, order: NewOrder, *, idempotency_key: str) -> OrderCreated: ...
    async def update_status(self, order_id: str, status: str, *, idempotency_key: str) -> object: ...
    async def upload_file(
        self, content: bytes, *, name: str, media_type: str, idempotency_key: str
    ) -> UploadedFile: ...
    async def attach_file(self, order_id: str, file_id: str, *, idempotency_key: str) -> object: ...


class Target(Protocol):
    """A configured receiver of outbound webhooks, see `workers.targets`."""

    async def deliver(self, message_id: str, body: bytes) -> Result:
        """Sign and post one message; a repeat under the same id is the same message. Raises a `Failure`."""


class Pause(Exception):
    """
    Raised by an action whose run shall wait until somebody resumes it; the action then runs again, with `Step.resumed`.

    Args:
        why: For the person who is to decide.
        lane: Whether the later events of the order wait behind this one.
        for_s: Seconds after which it goes on by itself; None for never.
    """

    def __init__(self, why: str, *, lane: Lane = Lane.WAITS, for_s: float | None = None) -> None:
        self.why = why
        self.lane = lane
        self.for_s = for_s
        super().__init__(why)


@dataclass(frozen=True, slots=True, kw_only=True)
class Resumed:
    """A pause that is over; *by* whom and why, empty where its time was up."""

    by: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """
    One action at its place in a run.

    Args:
        about: What its workflow is about: `Order`, `Shipment`, `Customer` or `Product`.
        order: The order as it was when the conditions were asked; an action that acts on the order's state
            reads it again. In a workflow about shipments, customers or products it is that one.
        api: The order API of the event's source; None where the configuration names none.
        idempotency_key: The same in every attempt and every replay of this step.
        targets: The receivers of outbound webhooks, by name.
        kit: What else actions work with: templates, mail, push messages, downloads.
        resumed: How its pause ended, if it paused.
        shops: The shops that are connected through the Integrations API.
        trusts_payload: What the sender wrote is believed; of a source that is a hint only, it is not.
        attempt: Counted from 1.
        index: The step's place in its workflow, counted from 0.
    """

    event: EventView
    about: str = "Order"
    order: Mapping[str, Any] | None = field(default=None, repr=False)
    api: OrderApi | None = field(default=None, repr=False)
    targets: Mapping[str, Target] = field(default_factory=dict, repr=False)
    kit: Kit = field(default=EMPTY, repr=False)
    resumed: Resumed | None = None
    shops: "Shops | None" = field(default=None, repr=False)
    trusts_payload: bool = True
    idempotency_key: str
    attempt: int
    workflow: str
    index: int


Run: TypeAlias = Callable[[Step, BaseModel], Awaitable[Result | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """
    A named effect: what it does, which parameters it takes, and what its repeat would mean.

    Args:
        summary: What it does, from its docstring.
        needs_order: The order must have been fetched before it runs.
        module: Where it was found, for messages.
        code: The module with the digest of its source, as it was loaded.
    """

    name: str
    summary: str = ""
    effect: EffectClass
    params: type[BaseModel]
    needs_order: bool
    run: Run
    module: str
    code: str
