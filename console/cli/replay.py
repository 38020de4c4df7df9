"""
`orderhook replay` and `orderhook replays …`, as they are spelled.
"""

from typing import Annotated

import typer

from ..errors import Misuse
from ..wish import Wish
from .options import AsJson, EventIds, EventType, Limit, Since, Source, Subject, Until, Yes, desk, examples

EXAMPLES = examples(
    "orderhook replay evt_1f0c2a",
    "orderhook replay --all --since 2h --dry-run",
    'orderhook replay --all --source shop --type order.created --note "API was down" --yes',
    "orderhook replay --resume rp-5d0c1b7e",
)

app = typer.Typer(name="replays", help="Look at replays, or stop them.", no_args_is_help=True)

All = Annotated[bool, typer.Option("--all", help="All dead letters that the filters leave.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what each event would do; change nothing.")]
Rate = Annotated[float, typer.Option(min=0, metavar="N", help="Most events a second; 0 for no limit.")]
Ahead = Annotated[
    int | None,
    typer.Option(
        min=0,
        metavar="N",
        help="Most replayed events open at once; 0 for no limit. "
        "If unset, --all puts in what live events leave room for.",
    ),
]
Note = Annotated[
    str, typer.Option(metavar="TEXT", help="Why; stands in the replay's record, with your name.")
]
Resume = Annotated[
    str, typer.Option(metavar="REPLAY_ID", help="Take up a replay that was paused or broken off.")
]
DryRunJson = Annotated[bool, typer.Option("--json", help="With --dry-run: one line of JSON each.")]
ReplayId = Annotated[
    str, typer.Argument(metavar="REPLAY_ID", help="Id of a replay, as `replays list` shows it.")
]


def replay(
    ctx: typer.Context,
    event_ids: EventIds = None,
    *,
    take_all: All = False,
    source: Source = "",
    event_type: EventType = "",
    subject: Subject = "",
    since: Since = "",
    until: Until = "",
    dry_run: DryRun = False,
    rate: Rate = 0.0,
    ahead: Ahead = None,
    note: Note = "",
    resume: Resume = "",
    yes: Yes = False,
    as_json: DryRunJson = False,
) -> None:
    """
    Start events again: dead letters, or any by their ids. Steps that are done are not repeated.

    All dead letters are those of the start. They go behind live events: no more are put in than workers can take.
    Ctrl-C pauses between two portions. Each replay is on record, see `orderhook replays`.
    """
    from ..commands import preview
    from ..commands import replay as command

    if resume:
        if event_ids or take_all or dry_run:
            raise Misuse("--resume takes up a replay as it was begun: without ids, --all and --dry-run")
        command.resume(desk(ctx), resume)
        return
    wish = Wish(source=source, type=event_type, subject=subject, since=since, until=until)
    order = command.Order(
        event_ids=event_ids or [],
        take_all=take_all,
        wish=wish,
        rate=rate,
        ahead=ahead,
        note=note,
        yes=yes,
    )
    if dry_run:
        preview.preview(desk(ctx), order, as_jsonl=as_json)
    else:
        command.replay(desk(ctx), order)


@app.command("list", epilog=examples("orderhook replays list", "orderhook replays list --json"))
def list_(ctx: typer.Context, *, limit: Limit = 20, as_json: AsJson = False) -> None:
    """
    List the replays of the last 90 days, the newest first.
    """
    from ..commands import replays

    replays.show_list(desk(ctx), limit=limit, as_jsonl=as_json)


@app.command(epilog=examples("orderhook replays show rp-5d0c1b7e"))
def show(ctx: typer.Context, replay_id: ReplayId, *, as_json: AsJson = False) -> None:
    """
    Show what a replay is for, who started it, how far it is and what became of the rest.
    """
    from ..commands import replays

    replays.show_one(desk(ctx), replay_id, as_jsonl=as_json)


@app.command(epilog=examples("orderhook replays pause rp-5d0c1b7e"))
def pause(ctx: typer.Context, replay_id: ReplayId) -> None:
    """
    Stop a replay until `orderhook replay --resume` takes it up, wherever it runs.
    """
    from ..commands import replays

    replays.pause(desk(ctx), replay_id)


@app.command(epilog=examples("orderhook replays cancel rp-5d0c1b7e"))
def cancel(ctx: typer.Context, replay_id: ReplayId) -> None:
    """
    End a replay for good; what it has not moved stays dead.
    """
    from ..commands import replays

    replays.cancel(desk(ctx), replay_id)
