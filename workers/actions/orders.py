"""
The built-in actions on the event's order.

All are natural: each reads the order afresh, acts only where something is left to do, and returns a small
result in which `already` says that nothing was. So a step whose outcome is unknown is simply run again.

Which phase a status number stands for is configuration, since the numbers are not documented. Where a number
has no phase, an action acts and relies on the idempotency key alone: a table that lacks a row must not stop
the business. The result says so.
"""

from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Annotated, TypeAlias

from pydantic import Field

from ..api.models import OrderPhase, Tag
from ..failures import BadResponse, Conflict, Moot, OrderGone, Permanent, Reason, Transient
from .base import OrderSeen, Result, Step
from .marking import action
from .subjects import api_of, order_id_of

#: The limits are ours.
TagName: TypeAlias = Annotated[str, Field(min_length=1, max_length=100)]
OrderStatus: TypeAlias = Annotated[str, Field(min_length=1, max_length=100)]
CancelReason: TypeAlias = Annotated[str, Field(min_length=1, max_length=500)]

_DISPATCHED = frozenset(
    {OrderPhase.DISPATCHING, OrderPhase.SCHEDULED, OrderPhase.IN_PROGRESS, OrderPhase.COMPLETED}
)


@action("fetch_order", effect="natural")
async def fetch_order(step: Step) -> Result:
    """Read the order and record where it stands; personal data stays out of the result."""
    order = await _read(step)
    return {"id": order.id, "displayId": order.display_id, **_standing(order)}


@action("dispatch_order", effect="natural")
async def dispatch_order(step: Step) -> Result:
    """
    Dispatch the order, unless it is dispatched already or further on.

    A cancelled order ends the run without a dead letter: nobody wants it dispatched, and nobody need look.
    A declined one is dead with `order_not_dispatchable`: whom to ask next is for a person to decide.
    """
    order = await _read(step)
    if _is_dispatched(order):
        return _outcome(order, acted=False)
    call = api_of(step).dispatch_order(order_id_of(step), idempotency_key=step.idempotency_key)
    return _outcome(order, acted=await _act(step, call, done=_is_dispatched))


def _is_dispatched(order: OrderSeen) -> bool:
    if order.phase is OrderPhase.CANCELLED:
        raise Moot(f"order {order.id} is cancelled, so it is not dispatched", reason=Reason.ORDER_CANCELLED)
    if order.phase is OrderPhase.DECLINED:
        message = f"order {order.id} was declined; decide who is asked next, then dispatch it there"
        raise Permanent(message, reason=Reason.ORDER_NOT_DISPATCHABLE)
    return order.phase in _DISPATCHED


@action("cancel_order", effect="natural")
async def cancel_order(step: Step, *, reason: CancelReason | None = None) -> Result:
    """
    Cancel the order, unless it is cancelled already.

    A completed one is dead with `order_not_cancellable`: the work is done and invoiced, and somebody believes
    that it is cancelled. A declined one is cancelled like any other.

    Args:
        reason: Why, for whoever looks at the order; that the call takes one is ours.
    """
    order = await _read(step)
    if _is_cancelled(order):
        return _outcome(order, acted=False)
    call = api_of(step).cancel_order(order_id_of(step), reason=reason, idempotency_key=step.idempotency_key)
    return _outcome(order, acted=await _act(step, call, done=_is_cancelled))


def _is_cancelled(order: OrderSeen) -> bool:
    if order.phase is OrderPhase.COMPLETED:
        message = f"order {order.id} is completed; what is done cannot be cancelled"
        raise Permanent(message, reason=Reason.ORDER_NOT_CANCELLABLE)
    return order.phase is OrderPhase.CANCELLED


@action("update_status", effect="natural")
async def update_status(step: Step, *, status: OrderStatus) -> Result:
    """
    Give the order a status, unless it has it already.

    Args:
        status: In the API's own words; the Dispatch API documents `pending` and `processing`. The Installer API has
            no such call: there a status follows from what is done with the order.
    """
    order = await _read(step)
    if str(order.status) == status:
        return {"status": status, "already": True}
    call = api_of(step).update_status(order_id_of(step), status, idempotency_key=step.idempotency_key)
    acted = await _act(step, call, done=lambda found: str(found.status) == status)
    return {"status": status, "was": order.status, "already": not acted}


@action("assign_tag", effect="natural")
async def assign_tag(step: Step, *, tag: TagName) -> Result:
    """
    Put the tag of this name on the order, unless it carries it; a tag that does not exist is created.

    Args:
        tag: The tag's name.
    """
    if _carries(tag, await _read(step)):
        return {"tag": tag, "already": True}
    found = await _find_or_create(step, tag)
    call = api_of(step).assign_tag(order_id_of(step), found.id, idempotency_key=step.idempotency_key)
    acted = await _act(step, call, done=partial(_carries, tag))
    return {"tag": tag, "tagId": found.id, "already": not acted}


@action("remove_tag", effect="natural")
async def remove_tag(step: Step, *, tag: TagName) -> Result:
    """
    Take the tag of this name off the order, if it carries it.

    Args:
        tag: The tag's name.
    """
    carried = _named(tag, (await _read(step)).tags)
    if carried is None:
        return {"tag": tag, "already": True}
    call = api_of(step).remove_tag(order_id_of(step), carried.id, idempotency_key=step.idempotency_key)
    acted = await _act(step, call, done=lambda order: not _carries(tag, order))
    return {"tag": tag, "tagId": carried.id, "already": not acted}


async def _find_or_create(step: Step, name: str) -> Tag:
    api = api_of(step)
    found = _named(name, await api.list_tags())
    if found is None:
        found = _named(name, await _create(step, name))
    if found is None:
        raise BadResponse(f"the answer to creating the tag {name!r} does not name it", effect="unknown")
    return found


async def _create(step: Step, name: str) -> Sequence[Tag]:
    api = api_of(step)
    try:
        # A key of its own: under the step's key the API would take the assignment for a repeat of this call.
        return await api.create_tags([name], idempotency_key=f"{step.idempotency_key}-tag")
    except Conflict:  # another worker was faster
        return await api.list_tags()


async def _act(step: Step, call: Awaitable[object], *, done: Callable[[OrderSeen], bool]) -> bool:
    """
    Carry out *call*; where the API refuses since something has moved, read the order once more and decide.

    Return whether the call did it; False: it was done meanwhile. *done* may raise what ends the matter.
    """
    try:
        await call
    except (Conflict, OrderGone) as refusal:
        order = await _read(step)  # raises OrderGone itself, if it is the order that is gone
        if done(order):
            return False
        if isinstance(refusal, Conflict):
            raise
        # The tag is gone, or the call's path, which is configuration, is wrong: ending the run would hide it.
        message = f"404, though order {order.id} is there: {refusal.message}"
        raise Transient(message, reason=Reason.UPSTREAM_ERROR) from refusal
    return True


async def _read(step: Step) -> OrderSeen:
    return await api_of(step).get_order(order_id_of(step))


def _named(name: str, tags: Sequence[Tag]) -> Tag | None:
    return next((tag for tag in tags if tag.name == name), None)


def _carries(name: str, order: OrderSeen) -> bool:
    return _named(name, order.tags) is not None


def _outcome(order: OrderSeen, *, acted: bool) -> Result:
    """Return the result of a change of state: where the order stood before it, and whether there was one."""
    outcome = {"already": not acted, **_standing(order)}
    if order.phase is None:
        outcome["note"] = f"status {order.status} has no phase; acted on the idempotency key alone"
    return outcome


def _standing(order: OrderSeen) -> dict[str, object]:
    return {"status": order.status, "phase": order.phase}
