"""
`orderhook secrets …`, as it is spelled.
"""

import typer

from .options import desk, examples

app = typer.Typer(name="secrets", help="Keys that seal the secrets of connected shops.", no_args_is_help=True)


@app.command("new-key", epilog=examples("SHOP_SECRETS_KEY=$(orderhook secrets new-key)"))
def new_key() -> None:
    """
    Print a new key for `receiver.secrets_key` or `console.credentials_key`; it is stored nowhere.
    """
    from receiver import sealing

    from .. import render

    render.data(sealing.new_key())


@app.command(epilog=examples("orderhook secrets reseal"))
def reseal(ctx: typer.Context) -> None:
    """
    Seal what is kept of connected shops with the first of the keys, so that older ones can be taken away.
    """
    from ..commands import secrets

    secrets.reseal(desk(ctx))
