"""
What the commands' declarations have in common: options, the form of help, and the way to the desk.
"""

from typing import Annotated

import typer

from ..desk import Desk
from ..exit_codes import MEANINGS

EXIT_CODES = (
    "Exit codes: " + " · ".join(f"{code.value} {meaning}" for code, meaning in MEANINGS.items()) + "."
)


def examples(*commands: str) -> str:
    """
    Return the end of a command's help: commands to try, one a line, and the exit codes.
    """
    # rich reads brackets as its own marks.
    lines = [f"$ {command}".replace("[", "\\[") for command in commands]
    return "\n".join(["Examples:", *lines, "", EXIT_CODES])


def desk(ctx: typer.Context) -> Desk:
    """
    Return the desk that the command was given at.
    """
    found = ctx.find_object(Desk)
    assert found is not None, "the callback of all commands sets it"
    return found


EventId = Annotated[str, typer.Argument(metavar="EVENT_ID", help="Event id, as `events list` shows it.")]
EventIds = Annotated[
    list[str] | None, typer.Argument(metavar="EVENT_ID", help="Event ids, as `events list` shows them.")
]
Source = Annotated[str, typer.Option(metavar="NAME", help="Only this source.")]
SourceOf = Annotated[str, typer.Option(metavar="NAME", help="The source, where several know that event id.")]
EventType = Annotated[
    str, typer.Option("--type", metavar="TYPE", help="Only this event type, such as order.created.")
]
Subject = Annotated[str, typer.Option(metavar="ID", help="Only this subject, normally the order's id.")]
InStatus = Annotated[str, typer.Option(metavar="STATUS", help="Only this status, such as dead or retrying.")]
Since = Annotated[
    str,
    typer.Option(metavar="WHEN", help="From then on: 30m, 2h, 7d ago, or a time such as 2026-11-21T10:15."),
]
Until = Annotated[str, typer.Option(metavar="WHEN", help="Before then; written like --since.")]
Limit = Annotated[int, typer.Option(min=1, metavar="N", help="At most so many.")]
AsJson = Annotated[bool, typer.Option("--json", help="One line of JSON each.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")]
Host = Annotated[
    str | None, typer.Option(metavar="ADDRESS", help="Address to listen on; the configuration's if unset.")
]
Port = Annotated[
    int | None,
    typer.Option(min=0, max=65_535, metavar="PORT", help="Port to listen on; the configuration's if unset."),
]
