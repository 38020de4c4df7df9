"""
`orderhook events …`, as it is spelled.
"""

from typing import Annotated

import typer

from ..wish import Wish
from .options import (
    AsJson,
    EventId,
    EventType,
    InStatus,
    Limit,
    Since,
    Source,
    SourceOf,
    Subject,
    Until,
    Yes,
    desk,
    examples,
)

app = typer.Typer(name="events", help="Look at recorded events.", no_args_is_help=True)

Body = Annotated[bool, typer.Option("--body", help="The delivered body too; it may hold personal data.")]

PausedEventId = Annotated[
    str, typer.Argument(metavar="[EVENT_ID]", help="A paused event; without it, --workflow says which.")
]
OfWorkflow = Annotated[str, typer.Option("--workflow", metavar="NAME", help="Only runs of this workflow.")]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; stands in the record, with your name.")]


@app.command(
    "list",
    epilog=examples(
        "orderhook events list",
        "orderhook events list --source shop --status dead --since 7d",
        "orderhook events list --since 2026-11-21T08:00 --until 2026-11-21T09:00 --json",
    ),
)
def list_(
    ctx: typer.Context,
    *,
    source: Source = "",
    event_type: EventType = "",
    subject: Subject = "",
    status: InStatus = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """
    List recorded events, the newest first.
    """
    from ..commands import events

    wish = Wish(source=source, type=event_type, subject=subject, status=status, since=since, until=until)
    events.show_list(desk(ctx), wish, limit=limit, as_jsonl=as_json)


@app.command(
    epilog=examples(
        "orderhook events show evt_1f0c2a", "orderhook events show evt_1f0c2a --source shop --body"
    )
)
def show(
    ctx: typer.Context,
    event_id: EventId,
    *,
    source: SourceOf = "",
    body: Body = False,
    as_json: AsJson = False,
) -> None:
    """
    Show all that is known of an event: deliveries, verdict, attempts, steps and their outcomes.
    """
    from ..commands import event

    event.show_one(desk(ctx), event_id, source=source, body=body, as_jsonl=as_json)


@app.command(
    epilog=examples(
        "orderhook events resume evt_1f0c2a",
        'orderhook events resume evt_1f0c2a --workflow "Ask before big orders" --reason "called the customer"',
        'orderhook events resume --workflow "Ask before big orders" --yes',
    )
)
def resume(
    ctx: typer.Context,
    event_id: PausedEventId = "",
    *,
    source: SourceOf = "",
    workflow: OfWorkflow = "",
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """
    Let paused runs go on: those of an event, or of a workflow.

    To end a paused event for good instead: `orderhook dead-letters discard EVENT_ID`.
    """
    from ..commands import resume as command

    command.resume(desk(ctx), event_id, source=source, workflow=workflow, reason=reason, yes=yes)


@app.command(
    epilog=examples(
        "orderhook events tail",
        "orderhook events tail --source shop --since 10m",
        "orderhook events tail --status dead",
    )
)
def tail(
    ctx: typer.Context,
    *,
    source: Source = "",
    event_type: EventType = "",
    subject: Subject = "",
    status: InStatus = "",
    since: Since = "",
    as_json: AsJson = False,
) -> None:
    """
    Follow what happens to events until Ctrl-C.
    """
    from ..commands import events

    wish = Wish(source=source, type=event_type, subject=subject, status=status, since=since)
    events.tail(desk(ctx), wish, as_jsonl=as_json)
