"""
What the attempts of one shift share: workflows, actions, rules of the sources, and the ledger as they see it.

Values and protocols only; `plant.py` makes them from the settings.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from .actions import Kit, OrderApi, Registry, Target
from .budget import Budgets
from .ledger import Claim, End
from .loops.echoes import Echo
from .loops.guard import LoopRules
from .providers.shops import Shops
from .retry import RetryPolicy
from .workflows import Workflow


class Books(Protocol):
    """The ledger as an attempt sees it; all raise `LeaseLost`."""

    async def note(
        self, claim: Claim, fields: Mapping[str, str], *, begins: int = 0, window_ms: int = 0
    ) -> None: ...

    async def expect(self, echo: Echo, *, window_ms: int) -> None: ...

    async def superseded(self, claim: Claim) -> bool: ...

    async def end(self, claim: Claim, end: End) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRules:
    """What an attempt needs to know of a source."""

    api: OrderApi | None = None
    trusts_payload: bool = True
    #: An event is only acted on where its order API knows the order.
    verifies_by_fetch: bool = False
    holds_lane: bool = False
    keep_ms: int
    loops: LoopRules = field(default_factory=LoopRules)


@dataclass(frozen=True, slots=True, kw_only=True)
class Workshop:
    """All that attempts of one shift share."""

    books: Books
    workflows: Sequence[Workflow]
    #: Finds a version that is not current any more, by name and version.
    find_version: Callable[[str, str], Awaitable[Workflow | None]]
    registry: Registry
    budgets: Budgets
    targets: Mapping[str, Target]
    kit: Kit
    shops: Shops | None = None
    rules: Mapping[str, SourceRules]
    default_rules: SourceRules
    policy: RetryPolicy
    call_deadline_s: float
    #: Seconds that one attempt may take in all.
    event_deadline_s: float
    stopping: asyncio.Event
    chance: Callable[[], float] = random.random

    def rules_of(self, source: str) -> SourceRules:
        """Return what holds for a source; of one that is not configured any more, the defaults."""
        return self.rules.get(source, self.default_rules)
