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
    desk,
    examples,
)

app = typer.Typer(name="events", help="Look at recorded events.", no_args_is_help=True)

Body = Annotated[bool, typer.Option("--body", help="The delivered body too; it may hold personal data.")]


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
