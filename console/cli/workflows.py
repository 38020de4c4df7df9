"""
`orderhook workflows …`, as it is spelled.
"""

from pathlib import Path
from typing import Annotated

import typer

from ..wish import Wish
from .options import AsJson, EventId, EventType, Source, SourceOf, Until, desk, examples

app = typer.Typer(
    name="workflows", help="Look at workflows, and ask them about an event.", no_args_is_help=True
)

Fetch = Annotated[
    bool, typer.Option("--fetch/--no-fetch", help="Fetch the order where the answer depends on it.")
]

FetchAll = Annotated[
    bool,
    typer.Option(
        "--fetch/--no-fetch",
        help="Read what conditions need of the order APIs, as it is now; without, such events are counted as open.",
    ),
]
File = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="A TOML file with [[workflows]]; may be a whole orderhook.toml."),
]
BackTo = Annotated[
    str, typer.Option("--since", metavar="WHEN", help="From then on: 7d ago, or a time such as 2026-11-21.")
]
Newest = Annotated[int, typer.Option(min=0, metavar="N", help="Only the newest N events; 0 is all.")]


@app.command("list", epilog=examples("orderhook workflows list", "orderhook workflows list --json"))
def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """
    List the workflows, where each comes from, and its version.
    """
    from ..commands import workflows

    workflows.show_list(desk(ctx), as_jsonl=as_json)


@app.command(epilog=examples("orderhook workflows check", "orderhook --config staging.toml workflows check"))
def check(ctx: typer.Context) -> None:
    """
    Check workflows and actions, and say what was understood; needs neither secrets nor tokens.
    """
    from ..commands import workflows

    workflows.check(desk(ctx))


@app.command(epilog=examples("orderhook workflows actions", "orderhook workflows actions --json"))
def actions(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """
    List the actions that steps may name, with their parameters and what a repeat of each would mean.
    """
    from ..commands import actions as command

    command.show_list(desk(ctx), as_jsonl=as_json)


@app.command(
    epilog=examples(
        "orderhook workflows explain evt_1f0c2a", "orderhook workflows explain evt_1f0c2a --no-fetch"
    )
)
def explain(
    ctx: typer.Context,
    event_id: EventId,
    *,
    source: SourceOf = "",
    fetch: Fetch = True,
    as_json: AsJson = False,
) -> None:
    """
    Say of each workflow why it would or would not want an event, condition by condition.
    """
    from ..commands import explain as command

    command.run(desk(ctx), event_id, source=source, fetch=fetch, as_jsonl=as_json)


@app.command(
    epilog=examples(
        "orderhook workflows backtest new.toml --since 7d",
        "orderhook workflows backtest orderhook.toml --since 30d --source shop --fetch --json",
    )
)
def backtest(
    ctx: typer.Context,
    file: File,
    *,
    since: BackTo = "7d",
    until: Until = "",
    source: Source = "",
    event_type: EventType = "",
    limit: Newest = 0,
    fetch: FetchAll = False,
    as_json: AsJson = False,
) -> None:
    """
    Run the workflows of a file over recorded events, and say what they would have done; nothing is done.
    """
    from ..commands import backtest as command

    wish = Wish(source=source, type=event_type, since=since, until=until)
    order = command.Order(file=file, wish=wish, limit=limit, fetch=fetch)
    command.backtest(desk(ctx), order, as_jsonl=as_json)
