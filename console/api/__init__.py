"""
The operations of the console's REST API, a module for each kind of thing; `console/rest` is the frame that serves them.

Each module has its models, its handlers and its `OPERATIONS`; handlers have no rules of their own, they call `receiver`
and `workers`, as the command line does.
"""

from ..rest.operation import Operation
from . import (
    actions,
    audit,
    backtests,
    dead_letters,
    deliveries,
    events,
    explanations,
    integrations,
    pauses,
    replay_preview,
    replays,
    sources,
    tokens,
    workflows,
)

#: Every operation, in the order of the documentation.
OPERATIONS: tuple[Operation, ...] = (
    *events.OPERATIONS,
    *explanations.OPERATIONS,
    *deliveries.OPERATIONS,
    *dead_letters.OPERATIONS,
    *pauses.OPERATIONS,
    *replays.OPERATIONS,
    *replay_preview.OPERATIONS,
    *workflows.OPERATIONS,
    *actions.OPERATIONS,
    *backtests.OPERATIONS,
    *integrations.OPERATIONS,
    *sources.OPERATIONS,
    *audit.OPERATIONS,
    *tokens.OPERATIONS,
)
