"""
`orderhook tokens …`, as it is spelled.
"""

from typing import Annotated

import typer

from ..scopes import Scope
from .options import AsJson, desk, examples

app = typer.Typer(name="tokens", help="Tokens of the console's REST API.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="NAME", help="What it is for; no two tokens have the same.")]
ItsScope = Annotated[
    Scope,
    typer.Option("--scope", help="What it may do; each includes those before it: read, operate, admin."),
]
Expires = Annotated[
    str,
    typer.Option(
        metavar="SPAN", help="After how long it is not taken any more, such as 90d; never if unset."
    ),
]
Why = Annotated[
    str, typer.Option(metavar="TEXT", help="Why; stands in the trail of changes, with your name.")
]


@app.command(
    epilog=examples(
        "orderhook tokens create grafana --scope read",
        "orderhook tokens create oncall --scope operate --expires 90d",
        "TOKEN=$(orderhook tokens create me --scope admin)",
    )
)
def create(
    ctx: typer.Context,
    name: Name,
    *,
    scope: ItsScope,
    expires: Expires = "",
    why: Why = "",
    as_json: AsJson = False,
) -> None:
    """
    Make a token and print it, this once: it is stored as a digest only.
    """
    from ..commands import tokens

    tokens.create(desk(ctx), name, scope, expires=expires, why=why, as_jsonl=as_json)


@app.command("list", epilog=examples("orderhook tokens list", "orderhook tokens list --json"))
def list_(ctx: typer.Context, *, as_json: AsJson = False) -> None:
    """
    List tokens: what each may do, who made it, when it was last used.
    """
    from ..commands import tokens

    tokens.show_list(desk(ctx), as_jsonl=as_json)


@app.command(epilog=examples('orderhook tokens revoke grafana --why "it was in a screenshot"'))
def revoke(ctx: typer.Context, name: Name, *, why: Why = "") -> None:
    """
    Revoke a token, at once and for good.
    """
    from ..commands import tokens

    tokens.revoke(desk(ctx), name, why=why)
