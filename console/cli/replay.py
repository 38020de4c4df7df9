"""
`orderhook replay`, as it is spelled.
"""

from typing import Annotated

import typer

from ..wish import Wish
from .options import EventIds, EventType, Since, Source, Subject, Until, Yes, desk, examples

#: Far below what workers get through, so that live events hardly notice.
DEFAULT_RATE = 50.0

EXAMPLES = examples(
    "orderhook replay evt_1f0c2a",
    "orderhook replay --all --since 2h --dry-run",
    "orderhook replay --all --source shop --type order.created --rate 10 --yes",
)

All = Annotated[bool, typer.Option("--all", help="All dead letters that the filters leave.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Show what each event would do; change nothing.")]
Rate = Annotated[float, typer.Option(min=0, metavar="N", help="Events a second; 0 for no limit.")]
DryRunJson = Annotated[bool, typer.Option("--json", help="With --dry-run: one line of JSON each.")]


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
    rate: Rate = DEFAULT_RATE,
    yes: Yes = False,
    as_json: DryRunJson = False,
) -> None:
    """
    Start events again: dead letters, or any by their ids. Steps that are done are not repeated.

    What is meant is settled before the first is moved. Ctrl-C stops between two events; the same command goes on.
    """
    from ..commands import replay as command

    wish = Wish(source=source, type=event_type, subject=subject, since=since, until=until)
    order = command.Order(event_ids=event_ids or [], take_all=take_all, wish=wish, rate=rate, yes=yes)
    if dry_run:
        command.preview(desk(ctx), order, as_jsonl=as_json)
    else:
        command.replay(desk(ctx), order)
