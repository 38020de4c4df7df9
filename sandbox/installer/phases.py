"""
The life cycle of an order: its phases, their numbers, the legal moves.

The names are documented. Of the numbers only 0 = created can be inferred from a sample; the rest are ours.
"""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from itertools import pairwise
from types import MappingProxyType


class Phase(IntEnum):
    """
    A phase of an order; its value is the number on the wire.
    """

    CREATED = 0
    DISPATCHING = 1
    SCHEDULED = 2
    IN_PROGRESS = 3
    COMPLETED = 4
    DECLINED = 5
    CANCELLED = 6

    @property
    def word(self) -> str:
        return self.name.lower()


class Change(StrEnum):
    """
    What can happen to an order, told to whoever listens: it enters a phase, is deleted, or its tags change.
    """

    CREATED = "created"
    DISPATCHING = "dispatching"
    SCHEDULED = "scheduled"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    DELETED = "deleted"
    TAGGED = "tagged"


#: The way that an order goes when all is well.
MAIN_PATH = (Phase.CREATED, Phase.DISPATCHING, Phase.SCHEDULED, Phase.IN_PROGRESS, Phase.COMPLETED)

# Documented: Declined leaves Dispatching, and Cancelled is possible "at any point".
# Ours: a declined order may be dispatched again; completed and cancelled are final.
MOVES: Mapping[Phase, frozenset[Phase]] = MappingProxyType(
    {
        Phase.CREATED: frozenset({Phase.DISPATCHING, Phase.CANCELLED}),
        Phase.DISPATCHING: frozenset({Phase.SCHEDULED, Phase.DECLINED, Phase.CANCELLED}),
        Phase.SCHEDULED: frozenset({Phase.IN_PROGRESS, Phase.CANCELLED}),
        Phase.IN_PROGRESS: frozenset({Phase.COMPLETED, Phase.CANCELLED}),
        Phase.DECLINED: frozenset({Phase.DISPATCHING, Phase.CANCELLED}),
        Phase.COMPLETED: frozenset(),
        Phase.CANCELLED: frozenset(),
    }
)


def following(phase: Phase) -> Phase | None:
    """
    Return the next phase on the main path, None at an end.
    """
    if phase is Phase.DECLINED:
        return Phase.DISPATCHING
    return dict(pairwise(MAIN_PATH)).get(phase)


def steps(start: Phase, end: Phase) -> tuple[Phase, ...] | None:
    """
    Return the phases to pass through to get from one to another, None where no way leads.

    An order walks the main path forward; side exits are taken directly or from a phase on the way.
    """
    if end in MOVES[start]:
        return (end,)
    after = following(start)
    if after is None:
        return None
    rest = steps(after, end)
    return None if rest is None else (after, *rest)
