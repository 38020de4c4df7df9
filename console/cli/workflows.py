"""
`orderhook workflows …`, as it is spelled.
"""

from typing import Annotated

import typer

from .options import AsJson, EventId, SourceOf, desk, examples

app = typer.Typer(
    name="workflows", help="Look at workflows, and ask them about an event.", no_args_is_help=True
)

Fetch = Annotated[
    bool, typer.Option("--fetch/--no-fetch", help="Fetch the order where the answer depends on it.")
]


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
