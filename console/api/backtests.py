"""
`/api/v1/workflows/backtest`: what workflows would have done about recorded events.
"""

from itertools import islice
from typing import Any

from pydantic import Field

from receiver.inbox import Inbox
from workers.workflows import Workflow, WorkflowErrors, load_workflows

from ..backtesting import Backtest, Tally, as_json, trials
from ..catalog import Catalog
from ..filters import filter_of
from ..moments import iso
from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import Answer, BodyModel, Moment, NoPath, NoQuery
from ..wish import Wish

#: Events that one call looks at, at most; the command line has no such bound.
MOST_EVENTS = 10_000
_WHEN = "ago, such as `7d`, or a time such as `2026-11-21T10:15`"


class BacktestBody(BodyModel):
    """
    Which workflows, over which events.
    """

    workflows: list[dict[str, Any]] = Field(
        min_length=1, max_length=20, description="Definitions as in a file: `name`, `trigger`, `actions` …"
    )
    since: str = Field(default="7d", max_length=40, description=f"From then on: {_WHEN}.")
    until: str = Field(default="", max_length=40, description=f"Before then: {_WHEN}.")
    source: str = Field(default="", max_length=64, description="Only this source.")
    limit: int = Field(default=1_000, ge=1, le=MOST_EVENTS, description="Only the newest so many events.")


class TriedWorkflow(Answer):
    """
    What one of the workflows would have done.
    """

    workflow: str = Field(description="Its name.")
    version: str = Field(description="The version that was tried.")
    today: str | None = Field(
        default=None, description="The version of that name today; absent where there is none."
    )
    started: int = Field(description="Events that its trigger is for.")
    matched: int = Field(description="Of these, those that its conditions hold for.")
    open: int = Field(description="Those for which that depends on an order, which is not read here.")
    actions: dict[str, int] = Field(description="How often each kind of action would have run.")
    gained: int = Field(description="Events that it matches and today's version does not.")
    lost: int = Field(description="Events that today's version matches and it does not.")
    unsure: int = Field(description="Events for which the difference depends on an order.")
    gained_ids: list[str] = Field(description="Some of the former.")
    lost_ids: list[str] = Field(description="Some of the latter.")


class BacktestAnswer(Answer):
    """
    What the workflows would have done.
    """

    events: int = Field(description="Events that were looked at, the newest first.")
    first: Moment | None = Field(default=None, description="When the oldest of them was accepted.")
    last: Moment | None = Field(default=None, description="When the newest of them was accepted.")
    unusable: int = Field(description="Events left out, since their body is gone or unusable.")
    reads: dict[str, int] = Field(
        description="Events for which an entity would have to be read, by its type."
    )
    workflows: list[TriedWorkflow] = Field(description="What each would have done.")


def _backtest(call: Call[NoPath, NoQuery, BacktestBody]) -> BacktestAnswer:
    asked, catalog = call.body, Catalog.load(call.services.raw, call.client)
    tallies = [Tally(trial=trial) for trial in trials(_loaded(asked, catalog), catalog.workflows)]
    test, inbox = Backtest(tallies=tallies, settings=call.settings), Inbox(call.client)
    wish = Wish(source=asked.source, since=asked.since, until=asked.until)
    wanted = filter_of(wish, now=call.now())
    for _ in test.run(inbox, islice(inbox.events(wanted), asked.limit)):
        pass
    return BacktestAnswer(
        events=test.events,
        first=iso(test.first),
        last=iso(test.last),
        unusable=test.unusable,
        reads=dict(test.reads.items()),
        workflows=[TriedWorkflow.model_validate(as_json(tally)) for tally in tallies],
    )


def _loaded(asked: BacktestBody, catalog: Catalog) -> tuple[Workflow, ...]:
    try:
        return load_workflows(asked.workflows, known=catalog.registry)
    except WorkflowErrors as error:
        places = "; ".join(f"{one.key}: {one.message}" for one in error.problems)
        raise ApiError(ErrorCode.CONFIGURATION_ERROR, places) from error


OPERATIONS = (
    Operation(
        name="backtestWorkflows",
        method="POST",
        path="/api/v1/workflows/backtest",
        tag="Workflows",
        scope=Scope.READ,
        summary="What workflows would have done about recorded events",
        about="Nothing is done, and no order API is asked. `orderhook workflows backtest` does the same over any "
        "number of events.",
        body=BacktestBody,
        answer=BacktestAnswer,
        errors=(ErrorCode.CONFIGURATION_ERROR,),
        changes=False,
        handler=_backtest,
    ),
)
