"""
Which workflows an attempt runs: those pinned to its event, else those that match now, which pins them.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from receiver.provided import is_of_shop

from .actions import EventView
from .facts import Facts
from .failures import Permanent, Reason
from .ledger import Claim
from .providers.managed import NEWS
from .providers.shops import ShopsChanged
from .shadowing import note
from .workflows import Workflow, triggered
from .workshop import Workshop


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The workflows in their order, and what is to be written into the record of how they were chosen."""

    workflows: tuple[Workflow, ...]
    fields: Mapping[str, str] = field(default_factory=dict)


async def plan(shop: Workshop, claim: Claim, facts: Facts) -> Plan:
    """
    Return the plan of the event.

    Raises:
        Failure: A pinned workflow is gone, or what the conditions need cannot be had.
    """
    if claim.record.plan is not None:
        return Plan(workflows=tuple([await _pinned(shop, pin) for pin in claim.record.plan]))
    await _know_shops(shop, facts.event)
    echo = passed_over(shop, claim)
    started = triggered(facts.event.type, facts.event.stale, shop.workflows, echo=echo)
    matching = tuple([workflow for workflow in started if workflow.acts and await facts.holds(workflow)])
    shadow = await note(facts, [workflow for workflow in started if not workflow.acts])
    return Plan(workflows=matching, fields={**_pins(matching), **_shadow(shadow, claim)})


async def _know_shops(shop: Workshop, event: EventView) -> None:
    """
    Return if the event is nothing to shops, or this shift knows those of now; else it ends, and the next one does.

    Raises:
        ShopsChanged: The event waits for the next one.
    """
    shops = shop.shops
    if shops is None:
        return
    if not is_of_shop(event.source) and not (event.source == shops.source and event.type in NEWS):
        return
    try:
        await shops.assure_current()
    except ShopsChanged:
        shop.stopping.set()
        raise


def nothing_to_do(shop: Workshop, claim: Claim, facts: Facts) -> str:
    """Return why no workflow runs: one might, had the event come in time, or been raised by somebody else."""
    event, echo = facts.event, passed_over(shop, claim)
    if not (event.stale or echo) or not (
        claim.record.plan or _acting(triggered(event.type, False, shop.workflows))
    ):
        return Reason.NO_WORKFLOW
    return Reason.ECHO if echo else Reason.STALE


def passed_over(shop: Workshop, claim: Claim) -> bool:
    """Return whether the event is the echo of a write of ours, and starts no workflow but those that ask for it."""
    return shop.rules_of(claim.record.source).loops.passes_over(claim.record)


def _acting(workflows: Sequence[Workflow]) -> bool:
    return any(workflow.acts for workflow in workflows)


def _pins(matching: Sequence[Workflow]) -> Mapping[str, str]:
    return {"plan": json.dumps([workflow.pin for workflow in matching])} if matching else {}


def _shadow(shadow: str, claim: Claim) -> Mapping[str, str]:
    # A replay asks anew, and an old note must not stand for its answer.
    return {"shadow": shadow} if shadow or claim.record.shadow else {}


async def _pinned(shop: Workshop, pin: str) -> Workflow:
    name, _, version = pin.rpartition("@")
    current = next((one for one in shop.workflows if one.pin == pin), None)
    found = current or await shop.find_version(name, version)
    if found is None:
        raise Permanent(
            f"version {version} of the workflow {name!r} is pinned to this event and known nowhere any more",
            reason=Reason.WORKFLOW_INVALID,
        )
    return found
