"""
`orderhook dead-letters …`, as it is spelled.
"""

from typing import Annotated

import typer

from ..wish import Wish
from .options import (
    AsJson,
    EventId,
    EventIds,
    EventType,
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

app = typer.Typer(
    name="dead-letters",
    help="Look at dead letters, settle their steps, or close them.",
    no_args_is_help=True,
)

All = Annotated[bool, typer.Option("--all", help="All dead letters that the filters leave.")]
Step = Annotated[
    str,
    typer.Argument(
        metavar="STEP",
        help="The step's number, as `events show` tells it, or its action's name if only one has it.",
    ),
]
Done = Annotated[bool, typer.Option("--done", help="It had its effect: it counts as done.")]
Repeat = Annotated[bool, typer.Option("--repeat", help="It had none: it is run again.")]
Note = Annotated[
    str, typer.Option(metavar="TEXT", help="How you know; stands in the record, with your name.")
]
NoReplay = Annotated[
    bool, typer.Option("--no-replay", help="Leave the event dead; a later replay goes on behind the step.")
]
Reason = Annotated[str, typer.Option(metavar="TEXT", help="Why; stands in the record, with your name.")]


@app.command(
    "list", epilog=examples("orderhook dead-letters list", "orderhook dead-letters list --since 12h --json")
)
def list_(
    ctx: typer.Context,
    *,
    source: Source = "",
    event_type: EventType = "",
    subject: Subject = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """
    List dead letters, the oldest death first; --since and --until are times of death.
    """
    from ..commands import dead_letters

    wish = Wish(source=source, type=event_type, subject=subject, since=since, until=until)
    dead_letters.show_list(desk(ctx), wish, limit=limit, as_jsonl=as_json)


@app.command(epilog=examples("orderhook dead-letters show evt_1f0c2a"))
def show(
    ctx: typer.Context,
    event_id: EventId,
    *,
    source: SourceOf = "",
    body: bool = False,
    as_json: AsJson = False,
) -> None:
    """
    Show all that is known of a dead letter.
    """
    from ..commands import dead_letters, event

    dead_letters.check_dead(desk(ctx), event_id, source=source)
    event.show_one(desk(ctx), event_id, source=source, body=body, as_jsonl=as_json)


@app.command(
    epilog=examples(
        'orderhook dead-letters discard evt_1f0c2a --reason "order was cancelled by phone"',
        "orderhook dead-letters discard --all --source shop --until 30d --yes",
    )
)
def discard(
    ctx: typer.Context,
    event_ids: EventIds = None,
    *,
    take_all: All = False,
    source: Source = "",
    event_type: EventType = "",
    subject: Subject = "",
    since: Since = "",
    until: Until = "",
    reason: Reason = "",
    yes: Yes = False,
) -> None:
    """
    Close dead letters for good, or a paused event that is named; a lane that is held behind one goes on.
    """
    from ..commands import dead_letters

    wish = Wish(source=source, type=event_type, subject=subject, since=since, until=until)
    dead_letters.discard(desk(ctx), event_ids or [], wish, take_all=take_all, reason=reason, yes=yes)


@app.command(
    epilog=examples(
        'orderhook dead-letters resolve evt_1f0c2a 0.1 --done --note "it is in the outbox"',
        "orderhook dead-letters resolve evt_1f0c2a send_mail --repeat",
    )
)
def resolve(
    ctx: typer.Context,
    event_id: EventId,
    step: Step,
    *,
    done: Done = False,
    repeat: Repeat = False,
    note: Note = "",
    no_replay: NoReplay = False,
    source: SourceOf = "",
    as_json: AsJson = False,
) -> None:
    """
    Say how a step whose outcome is unknown ended; the event then goes on behind it, or with it.

    For steps that were parked: orderhook cannot know whether they had their effect, and does not repeat them blindly.
    """
    from ..commands import resolve as command

    statement = command.Statement(done=done, repeat=repeat, note=note, start=not no_replay)
    command.resolve(desk(ctx), event_id, step, statement, source=source, as_jsonl=as_json)
