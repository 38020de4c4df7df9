"""
`orderhook audit`, `doctor` and `send`, as they are spelled.
"""

from typing import Annotated

import typer

from .options import AsJson, Since, Source, desk, examples

AUDIT_EXAMPLES = examples("orderhook audit", "orderhook audit --json | jq .accounted")
DOCTOR_EXAMPLES = examples("orderhook doctor", "orderhook doctor --url https://hooks.example.com")
SEND_EXAMPLES = examples(
    "orderhook send order.created --source installer",
    """orderhook send order.updated --source shop --data '{"id": "42", "countryCode": "NO"}'""",
    "orderhook send order.created --source shop --id evt_1 --count 100 --url https://hooks.example.com",
)

Tries = Annotated[
    int, typer.Option(min=1, metavar="N", help="Look again where it does not hold: work goes on meanwhile.")
]
RECONCILE_EXAMPLES = examples(
    "orderhook reconcile --since 24h --dry-run",
    "orderhook reconcile --source dispatch",
    "orderhook reconcile --dry-run --json | jq .drift[]",
)
DryRun = Annotated[bool, typer.Option("--dry-run", help="Compare and report; write nothing.")]
PublicUrl = Annotated[
    str, typer.Option("--url", metavar="URL", help="Look at the receiver from outside too, by this URL.")
]
SentType = Annotated[str, typer.Argument(metavar="TYPE", help="Event type, such as order.created.")]
SentTo = Annotated[str, typer.Option(metavar="NAME", help="Whose scheme signs it.")]
Url = Annotated[
    str,
    typer.Option(
        metavar="URL", help="Receiver, or the whole address; the configuration's host and port if unset."
    ),
]
SentId = Annotated[
    str, typer.Option("--id", metavar="ID", help="Event id; drawn if unset. Sent twice, it is a duplicate.")
]
Data = Annotated[
    str, typer.Option(metavar="JSON", help="The event's data, or @FILE with it, in place of a made-up order.")
]
Count = Annotated[int, typer.Option(min=1, metavar="N", help="So many events, each with its own id.")]


def audit(ctx: typer.Context, *, tries: Tries = 3, as_json: AsJson = False) -> None:
    """
    Print both sides of the loss equation for each source, and name the events that do not fit.
    """
    from ..commands import audit as command

    command.run(desk(ctx), tries=tries, as_jsonl=as_json)


def doctor(ctx: typer.Context, *, url: PublicUrl = "", as_json: AsJson = False) -> None:
    """
    Check configuration, Redis, clocks, workers, order APIs and the receiver, and say what to do.
    """
    from .. import doctor as command

    command.run(desk(ctx), public_url=url, as_jsonl=as_json)


def reconcile(
    ctx: typer.Context,
    *,
    source: Source = "",
    since: Since = "",
    dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """
    Compare what order APIs say has changed with the events on record, and feed in those that never came.
    """
    from ..commands import reconcile as command

    command.run(desk(ctx), source=source, since=since, dry_run=dry_run, as_jsonl=as_json)


def send(
    ctx: typer.Context,
    event_type: SentType,
    *,
    source: SentTo,
    url: Url = "",
    event_id: SentId = "",
    data: Data = "",
    count: Count = 1,
    as_json: AsJson = False,
) -> None:
    """
    Post signed sample events to a source, as its sender would.
    """
    from ..commands import send as command

    letter = command.Letter(
        event_type=event_type, source=source, url=url, event_id=event_id, data=data, count=count
    )
    command.send(desk(ctx), letter, as_jsonl=as_json)
