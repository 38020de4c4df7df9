"""
The action of a user, as a configuration names it: one POST under the step's idempotency key.
"""

from collections.abc import Mapping
from typing import Any

from workers.actions import Step, action


@action("mark_in_erp", effect="keyed")
async def mark_in_erp(step: Step) -> Mapping[str, Any]:
    """One call; the stub behind the API takes any POST."""
    await step.api.dispatch_order(step.event.subject, idempotency_key=step.idempotency_key)
    return {"marked": True}
