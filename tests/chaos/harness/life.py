"""
The life of an order as the suite sends it: ten events, and the effects that each must leave behind.

Each effect of the order API belongs to one event alone, so the sandbox's log says by itself in which order the events of
an order were worked on.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: A user's actions. Each deed is a line, appended before the action returns; its time is the machine's, also where
#: the worker's own clock is wrong.
ACTIONS = """
import asyncio, json, os, time
from workers.actions import action


def deed(step, name):
    at = int(time.clock_gettime(time.CLOCK_REALTIME) * 1000)
    number = step.event.payload["data"]["number"]
    line = json.dumps([name, step.event.subject, number, step.idempotency_key, at])
    file = os.open(os.environ["DEEDS"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.write(file, line.encode() + b"\\n")
    os.close(file)


@action("chaos_note", effect="keyed")
async def note(step):
    await asyncio.sleep(0.01)
    deed(step, "note")
    await asyncio.sleep(0.01)


@action("chaos_mail", effect="unkeyed")
async def mail(step):
    await asyncio.sleep(0.01)
    deed(step, "mail")
    await asyncio.sleep(0.01)
"""

NOTE: Mapping[str, Any] = {"type": "chaos_note"}
MAIL: Mapping[str, Any] = {"type": "chaos_mail"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One event of an order's life."""

    event_type: str
    actions: Sequence[Mapping[str, Any]]
    #: As `Effect.name` spells them.
    effects: tuple[str, ...]


def _tag(name: str) -> Mapping[str, Any]:
    return {"type": "assign_tag", "tag": name}


LIFE: tuple[Stage, ...] = (
    Stage(
        event_type="order.created",
        actions=[_tag("imported"), {"type": "dispatch_order"}],
        effects=("tag.assign imported", "order.dispatch"),
    ),
    Stage(event_type="order.dispatched", actions=[NOTE], effects=("note",)),
    Stage(event_type="order.assigned", actions=[_tag("assigned")], effects=("tag.assign assigned",)),
    Stage(event_type="booking.created", actions=[NOTE], effects=("note",)),
    Stage(event_type="workflow.step.activated", actions=[_tag("begun")], effects=("tag.assign begun",)),
    Stage(event_type="order.updated", actions=[NOTE], effects=("note",)),
    Stage(
        event_type="workflow.step.completed",
        actions=[{"type": "remove_tag", "tag": "begun"}],
        effects=("tag.remove begun",),
    ),
    Stage(event_type="booking.updated", actions=[NOTE], effects=("note",)),
    Stage(event_type="booking.cancelled", actions=[NOTE], effects=("note",)),
    Stage(event_type="order.cancelled", actions=[{"type": "cancel_order"}], effects=("order.cancel",)),
)

#: The same with steps that must not be repeated in the place of two that may.
LIFE_WITH_MAIL: tuple[Stage, ...] = tuple(
    Stage(event_type=stage.event_type, actions=[MAIL], effects=("mail",))
    if stage.event_type in ("booking.created", "booking.updated")
    else stage
    for stage in LIFE
)


def workflows(life: Sequence[Stage]) -> list[dict[str, Any]]:
    """Return a workflow for each stage."""
    return [
        {
            "name": f"At {stage.event_type}",
            "entity_type": "Order",
            "trigger": stage.event_type,
            "actions": list(stage.actions),
            # Some events are what a step before them has raised.
            "on_echo": "run",
        }
        for stage in life
    ]


def number_of(life: Sequence[Stage], effect: str) -> int | None:
    """Return which event of a life leaves an effect of the order API; None for one that belongs to none."""
    return next((number for number, stage in enumerate(life) if effect in stage.effects), None)
