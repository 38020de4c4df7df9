"""
`orderhook receiver`, `worker`, `console` and `sandbox`, as they are spelled.
"""

from pathlib import Path
from typing import Annotated

import typer

from .options import Host, Port, desk, examples

RECEIVER_EXAMPLES = examples("orderhook receiver", "orderhook receiver --host 0.0.0.0 --port 80")
WORKER_EXAMPLES = examples("orderhook worker", "orderhook worker --processes 4 --concurrency 100")
CONSOLE_EXAMPLES = examples("orderhook console", "orderhook console --host 0.0.0.0 --port 8001")
SANDBOX_EXAMPLES = examples(
    "orderhook sandbox --source installer --webhook-url http://127.0.0.1:8000/webhooks/installer",
    "orderhook sandbox --webhook-url http://127.0.0.1:8000/webhooks/shop --webhook-scheme standard-webhooks "
    "--webhook-secret env:SHOP_SECRET",
    "orderhook sandbox --dispatch-webhook-url http://127.0.0.1:8000/webhooks/dispatch --dispatch-source dispatch",
    "curl -X POST http://127.0.0.1:8002/_sandbox/seed --json '{\"orders\": 3}'",
)

Processes = Annotated[
    int | None, typer.Option(min=1, metavar="N", help="Worker processes; the configuration's if unset.")
]
Concurrency = Annotated[
    int | None,
    typer.Option(min=1, metavar="N", help="Events at a time in each process; the configuration's if unset."),
]
SandboxHost = Annotated[
    str, typer.Option(metavar="ADDRESS", help="Address to listen on; it asks nobody who they are.")
]
SandboxPort = Annotated[int, typer.Option(min=0, max=65_535, metavar="PORT", help="Port to listen on.")]
WebhookUrl = Annotated[str | None, typer.Option(metavar="URL", help="Where its events go; nowhere if unset.")]
DispatchWebhookUrl = Annotated[
    str | None,
    typer.Option(metavar="URL", help="Where the events of its Dispatch side go; nowhere if unset."),
]
DispatchSource = Annotated[
    str,
    typer.Option(
        metavar="NAME", help="Sign those as this source of the configuration; as the others if unset."
    ),
]
SourceToPlay = Annotated[str, typer.Option(metavar="NAME", help="Sign as this source of the configuration.")]
WebhookScheme = Annotated[
    str,
    typer.Option(
        metavar="TYPE", help="Sign by this scheme: its type, or its table as JSON; unsigned if unset."
    ),
]
WebhookSecret = Annotated[str, typer.Option(metavar="REF", help="Its secret: env:NAME or file:PATH.")]
Token = Annotated[
    str,
    typer.Option(
        metavar="REF", help="The API token it takes: env:NAME or file:PATH; sandbox-token if unset."
    ),
]
AutoAdvance = Annotated[
    float | None,
    typer.Option(
        min=0.01, metavar="S", help="After its dispatch an order moves on by itself, a step each S seconds."
    ),
]
EffectsFile = Annotated[
    Path | None, typer.Option(metavar="PATH", help="Append each effect to this file too.")
]
Notifications = Annotated[
    list[str] | None,
    typer.Option(
        "--notification",
        metavar="JSON",
        help="A workflow notification: a table with url, template, headers and on, or a file with one; repeatable.",
    ),
]
Seed = Annotated[
    int | None, typer.Option(metavar="N", help="The same seed gives the same ids and the same faults.")
]


def receiver(ctx: typer.Context, *, host: Host = None, port: Port = None) -> None:
    """
    Take in deliveries: POST /webhooks/SOURCE, GET /healthz, GET /readyz, GET /metrics.
    """
    from ..commands import receiver as command

    command.run(desk(ctx), host=host, port=port)


def worker(ctx: typer.Context, *, processes: Processes = None, concurrency: Concurrency = None) -> None:
    """
    Work on events: starts worker processes, and starts them anew whenever one ends.
    """
    from ..commands import worker as command

    raise typer.Exit(command.run(desk(ctx), processes=processes, concurrency=concurrency))


def console(ctx: typer.Context, *, host: Host = None, port: Port = None) -> None:
    """
    Serve the operators' REST API: /api/…, described at /api/openapi.json.
    """
    from ..commands import console as command

    command.run(desk(ctx), host=host, port=port)


def sandbox(
    ctx: typer.Context,
    *,
    host: SandboxHost = "127.0.0.1",
    port: SandboxPort = 8002,
    webhook_url: WebhookUrl = None,
    dispatch_webhook_url: DispatchWebhookUrl = None,
    dispatch_source: DispatchSource = "",
    source: SourceToPlay = "",
    webhook_scheme: WebhookScheme = "",
    webhook_secret: WebhookSecret = "",
    token: Token = "",
    auto_advance: AutoAdvance = None,
    effects_file: EffectsFile = None,
    seed: Seed = None,
    notification: Notifications = None,
) -> None:
    """
    Play both order APIs and their senders, for development and tests.
    """
    from ..commands import sandbox as command

    wish = command.SandboxWish(
        host=host,
        port=port,
        webhook_url=webhook_url,
        dispatch_webhook_url=dispatch_webhook_url,
        dispatch_source=dispatch_source,
        source=source,
        scheme=webhook_scheme,
        secret=webhook_secret,
        token=token,
        auto_advance_s=auto_advance,
        effects_file=effects_file,
        seed=seed,
        notifications=notification or (),
    )
    command.run(desk(ctx), wish)
