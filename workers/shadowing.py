"""
Workflows in shadow mode: what they would have done about an event, as a note in its record.

They are asked once, in the attempt that plans the event, after the workflows that act. Nothing of theirs is planned,
run or kept in the ledger, and nothing that goes wrong here is the event's: an answer that cannot be had is noted as
unknown. So they change neither how an event ends nor why, and hold it up by one read at most.
"""

import asyncio
import json
from collections.abc import Iterable, Mapping
from typing import Any

from .facts import Facts
from .failures import classify
from .workflows import Workflow

#: Seconds that the read for such a workflow may take; the workflows that act wait for it.
READ_S = 2.0
#: Workflows in one note, and actions of one; of further workflows it holds the number.
MOST = 20


async def note(facts: Facts, workflows: Iterable[Workflow]) -> str:
    """Return the note, JSON; empty where none of the workflows would do anything."""
    found = [entry for workflow in workflows if (entry := await _asked(facts, workflow))]
    more = [{"more": len(found) - MOST}] if len(found) > MOST else []
    return json.dumps([*found[:MOST], *more]) if found else ""


async def _asked(facts: Facts, workflow: Workflow) -> Mapping[str, Any] | None:
    try:
        async with asyncio.timeout(READ_S):
            wanted = await facts.holds(workflow)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is not the event's failure
        return {"workflow": workflow.pin, "unknown": classify(error).reason}
    return (
        {"workflow": workflow.pin, "would": [spec.type for spec in workflow.actions[:MOST]]}
        if wanted
        else None
    )
