"""
`orderhook deliveries …`, as it is spelled.
"""

from typing import Annotated

import typer

from .options import AsJson, Limit, Since, Source, Until, desk, examples

app = typer.Typer(
    name="deliveries",
    help="Look at what came in the last week, rejected ones and duplicates too.",
    no_args_is_help=True,
)

Outcome = Annotated[
    str, typer.Option(metavar="OUTCOME", help="Only accepted, quarantined, duplicate or rejected ones.")
]
Code = Annotated[
    str, typer.Option(metavar="CODE", help="Only those rejected with this code, such as SIGNATURE_INVALID.")
]
DeliveryId = Annotated[
    str, typer.Argument(metavar="DELIVERY_ID", help="Delivery id, as `deliveries list` shows it.")
]
Body = Annotated[
    bool, typer.Option("--body", help="Its body too, if it was kept; it may hold personal data.")
]


@app.command(
    "list",
    epilog=examples(
        "orderhook deliveries list",
        "orderhook deliveries list --source shop --outcome rejected --since 1h",
        "orderhook deliveries list --code SIGNATURE_INVALID --json",
    ),
)
def list_(
    ctx: typer.Context,
    *,
    source: Source = "",
    outcome: Outcome = "",
    code: Code = "",
    since: Since = "",
    until: Until = "",
    limit: Limit = 50,
    as_json: AsJson = False,
) -> None:
    """
    List deliveries, the newest first: what made an event, and what did not and why.

    Of a flood of rejected ones or duplicates one now and then is listed, with how many more there were.
    """
    from ..commands import deliveries

    wish = deliveries.DeliveryWish(source=source, outcome=outcome, code=code, since=since, until=until)
    deliveries.show_list(desk(ctx), wish, limit=limit, as_jsonl=as_json)


@app.command(
    epilog=examples(
        "orderhook deliveries show rejected:shop:1795279851123-0",
        "orderhook deliveries show rejected:shop:1795279851123-0 --body",
        "orderhook deliveries show accepted:shop:evt_1f0c2a --json",
    )
)
def show(ctx: typer.Context, delivery_id: DeliveryId, *, body: Body = False, as_json: AsJson = False) -> None:
    """
    Show all that is known of a delivery.
    """
    from ..commands import deliveries

    deliveries.show_one(desk(ctx), delivery_id, body=body, as_jsonl=as_json)
