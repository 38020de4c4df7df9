"""
`orderhook dev`, as it is spelled.
"""

from pathlib import Path
from typing import Annotated

import typer

from .options import desk, examples

EXAMPLES = examples(
    "orderhook dev",
    "orderhook dev --orders 10 --receiver-port 0 --console-port 0 --sandbox-port 0",
    "orderhook dev --once",
    "orderhook --config orderhook.toml dev --source installer",
)

Once = Annotated[bool, typer.Option("--once", help="End when every order has reached its end, and sum up.")]
Orders = Annotated[
    int, typer.Option(min=0, max=1_000, metavar="N", help="Orders that the sandbox is seeded with.")
]
ReceiverPort = Annotated[
    int, typer.Option(min=0, max=65_535, metavar="PORT", help="The receiver's; 0 for any free one.")
]
SandboxPort = Annotated[
    int, typer.Option(min=0, max=65_535, metavar="PORT", help="The sandbox's; 0 for any free one.")
]
ConsolePort = Annotated[
    int, typer.Option(min=0, max=65_535, metavar="PORT", help="The console's; 0 for any free one.")
]
Folder = Annotated[Path, typer.Option(metavar="PATH", help="Where data, logs and made-up secrets are kept.")]
PlayedSource = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="The source that the sandbox plays; the first of system installer if unset."
    ),
]


def dev(
    ctx: typer.Context,
    *,
    once: Once = False,
    orders: Orders = 3,
    receiver_port: ReceiverPort = 8000,
    sandbox_port: SandboxPort = 8002,
    console_port: ConsolePort = 8001,
    folder: Folder = Path(".orderhook"),
    source: PlayedSource = "",
) -> None:
    """
    Run everything on this machine, seed some orders, and tell what happens to each.

    Starts a Redis of its own (unless the configuration names one), the receiver, a worker, the console with a
    token for it, and the sandbox, which plays the order API and its sender. No real API is
    called. Uses ./orderhook.toml, or else a built-in example.
    """
    from ..dev import Demo, run

    demo = Demo(
        once=once,
        orders=orders,
        receiver_port=receiver_port,
        sandbox_port=sandbox_port,
        console_port=console_port,
        folder=folder,
        source=source,
    )
    raise typer.Exit(run(desk(ctx), demo))
