"""
`orderhook targets …`, as it is spelled.
"""

from typing import Annotated

import typer

from .options import AsJson, desk, examples

app = typer.Typer(name="targets", help="Look at the targets of outbound webhooks.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="The target's name, as in [targets.NAME].")]


@app.command("list", epilog=examples("orderhook targets list", "orderhook targets list --json"))
def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """
    List the targets of the configuration and how they stand; needs neither secrets nor tokens.
    """
    from ..commands import targets

    targets.show_list(desk(ctx), as_jsonl=as_json)


@app.command(epilog=examples("orderhook targets enable erp"))
def enable(ctx: typer.Context, name: Name) -> None:
    """
    Send to a target again that answered 410 and was disabled by it.
    """
    from ..commands import targets

    targets.enable(desk(ctx), name)
