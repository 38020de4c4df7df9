"""
`orderhook providers …`, as it is spelled.
"""

from typing import Annotated

import typer

from .options import AsJson, desk, examples

app = typer.Typer(
    name="providers",
    help="Look at the shops that are connected through the Integrations API.",
    no_args_is_help=True,
)

Which = Annotated[str, typer.Argument(metavar="PROVIDER", help="Its guid, or the name of its source.")]


@app.command("list", epilog=examples("orderhook providers list", "orderhook providers list --json"))
def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """
    List the connected shops and their settings; needs neither secrets nor tokens.
    """
    from ..commands import providers

    providers.show_list(desk(ctx), as_jsonl=as_json)


@app.command(epilog=examples("orderhook providers show woocommerce-1a2b3c4d"))
def show(ctx: typer.Context, provider: Which, *, as_json: AsJson = False) -> None:
    """
    Show a connected shop, its webhook path and how many of its products are kept.
    """
    from ..commands import providers

    providers.show(desk(ctx), provider, as_jsonl=as_json)
