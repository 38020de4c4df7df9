"""
`orderhook sources …`, as it is spelled.
"""

import typer

from .options import AsJson, desk, examples

app = typer.Typer(name="sources", help="Look at sources, and check the configuration.", no_args_is_help=True)


@app.command("list", epilog=examples("orderhook sources list", "orderhook sources list --json"))
def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """
    List the sources of the configuration; needs neither secrets nor tokens.
    """
    from ..commands import sources

    sources.show_list(desk(ctx), as_jsonl=as_json)


@app.command(epilog=examples("orderhook sources check", "orderhook --config staging.toml sources check"))
def check(ctx: typer.Context) -> None:
    """
    Check the whole configuration, secrets and tokens included, and say what was understood and what is weak.
    """
    from ..commands import sources

    sources.check(desk(ctx))
