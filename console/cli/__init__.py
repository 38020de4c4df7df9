"""
The command line `orderhook`: nouns, verbs, options and their help. What a command does is in `console/commands`.

Importing it loads nothing but typer, so that help and completion are there at once.
"""

import os
from pathlib import Path
from typing import Annotated

import typer

from ..desk import Desk
from . import (
    dead_letters,
    deliveries,
    dev,
    events,
    operations,
    processes,
    providers,
    replay,
    secrets,
    sources,
    targets,
    tokens,
    workflows,
)
from .boundary import Bounded
from .options import EXIT_CODES

app = typer.Typer(
    name="orderhook",
    cls=Bounded,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog=f"Every command has examples in its own help.\n\n{EXIT_CODES}",
)

_START, _LOOK, _ACT, _CHECK = "Start", "Look", "Act", "Check"

ConfigPath = Annotated[
    Path | None,
    typer.Option(
        "--config",
        envvar="ORDERHOOK_CONFIG",
        metavar="PATH",
        help="The configuration; ./orderhook.toml if unset.",
    ),
]


@app.callback()
def orderhook(ctx: typer.Context, *, config: ConfigPath = None) -> None:
    """
    A webhook receiver for orders: nothing lost, nothing done twice, everything in order.
    """
    chosen = {} if config is None else {"ORDERHOOK_CONFIG": str(config)}
    ctx.obj = Desk(environ={**os.environ, **chosen})


app.command(rich_help_panel=_START, epilog=dev.EXAMPLES)(dev.dev)
app.command(rich_help_panel=_START, epilog=processes.RECEIVER_EXAMPLES)(processes.receiver)
app.command(rich_help_panel=_START, epilog=processes.WORKER_EXAMPLES)(processes.worker)
app.command(rich_help_panel=_START, epilog=processes.CONSOLE_EXAMPLES)(processes.console)
app.command(rich_help_panel=_START, epilog=processes.SANDBOX_EXAMPLES)(processes.sandbox)
app.add_typer(events.app, rich_help_panel=_LOOK)
app.add_typer(deliveries.app, rich_help_panel=_LOOK)
app.add_typer(workflows.app, rich_help_panel=_LOOK)
app.add_typer(sources.app, rich_help_panel=_LOOK)
app.add_typer(targets.app, rich_help_panel=_LOOK)
app.add_typer(providers.app, rich_help_panel=_LOOK)
app.add_typer(dead_letters.app, rich_help_panel=_ACT)
app.command(rich_help_panel=_ACT, epilog=replay.EXAMPLES)(replay.replay)
app.add_typer(replay.app, rich_help_panel=_ACT)
app.command(rich_help_panel=_ACT, epilog=operations.SEND_EXAMPLES)(operations.send)
app.add_typer(tokens.app, rich_help_panel=_ACT)
app.add_typer(secrets.app, rich_help_panel=_ACT)
app.command(rich_help_panel=_CHECK, epilog=operations.AUDIT_EXAMPLES)(operations.audit)
app.command(rich_help_panel=_CHECK, epilog=operations.DOCTOR_EXAMPLES)(operations.doctor)
app.command(rich_help_panel=_CHECK, epilog=operations.RECONCILE_EXAMPLES)(operations.reconcile)


def main() -> None:
    """
    Run the command line of this process.
    """
    app()
