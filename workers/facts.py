"""
What an attempt knows of what its event is about: the order, shipment, customer or product, read at most once.

A read leaves nothing in the ledger.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .actions import EventView, OrderApi
from .conditions import OrderNeeded, View, holds
from .failures import Permanent, Reason
from .fetching import fetched
from .views import condition_view
from .workflows import EntityType, Workflow


@dataclass(slots=True, kw_only=True)
class Facts:
    """The event, and what has been read about it; asks the API of its source."""

    event: EventView
    api: OrderApi | None
    trusts_payload: bool
    call_deadline_s: float
    _read: dict[EntityType, Mapping[str, Any]] = field(default_factory=dict, init=False)

    def known(self, about: EntityType) -> Mapping[str, Any] | None:
        """Return the entity as it was read; None where it was not."""
        return self._read.get(about)

    async def read(self, about: EntityType) -> None:
        """
        Read the entity that the event names, unless that was done.

        Raises:
            Failure: It cannot be had.
        """
        if about in self._read:
            return
        if self.api is None:
            raise Permanent(
                f"sources.{self.event.source}.api is not configured, and a workflow needs the {about.lower()}",
                reason=Reason.API_MISSING,
            )
        if self.event.subject is None:
            raise Permanent(
                f"the event names no {about.lower()}, and a workflow needs it", reason=Reason.SUBJECT_MISSING
            )
        async with asyncio.timeout(self.call_deadline_s):
            self._read[about] = await fetched(self.api, about, self.event.subject)

    async def holds(self, workflow: Workflow) -> bool:
        """
        Return whether the workflow's conditions hold; read what they ask for where the answer depends on it.

        Raises:
            Failure: It cannot be had.
        """
        if not workflow.is_for(self.event.source):
            return False
        try:
            return holds(workflow.conditions, self.view(workflow))
        except OrderNeeded:
            await self.read(workflow.entity_type)
            return holds(workflow.conditions, self.view(workflow))

    def view(self, workflow: Workflow) -> View:
        """Return the event as the workflow's conditions see it by now."""
        about = workflow.entity_type
        return condition_view(
            self.event, trusts_payload=self.trusts_payload, fetched=self.known(about), about=about
        )
