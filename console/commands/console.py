"""
`orderhook console`: the process that serves the operators' REST API, until SIGTERM or Ctrl-C.
"""

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route

from receiver import logs, store
from receiver.config import RawConfig

from .. import metrics
from ..access import REDIS_TIMEOUT_S, config_of
from ..api import OPERATIONS
from ..desk import Desk
from ..measuring import measure
from ..ports import check_free
from ..rest import health
from ..rest.app import create_app
from ..rest.operation import Services
from ..rest.server import run as serve
from ..settings import ConsoleSettings, console_settings


def run(desk: Desk, *, host: str | None, port: int | None) -> None:
    """
    Serve.

    Raises:
        ConfigError: The configuration cannot be used.
        Misuse: The port is taken.

    """
    raw = config_of(desk)
    settings = _listening(console_settings(raw), host=host, port=port)
    check_free(settings.console.host, settings.console.port, option="--port")
    logs.set_up()
    serve(build(raw, settings), settings.console)


def build(raw: RawConfig, settings: ConsoleSettings) -> Starlette:
    """
    Return the console's application; it starts whether or not Redis is there.
    """
    client = store.client(settings.redis_url, timeout_s=REDIS_TIMEOUT_S)
    services = Services(client=client, raw=raw, settings=settings)
    return create_app(services, OPERATIONS, (*health.routes(services), _metrics(services)))


def _metrics(services: Services) -> Route:
    def answer() -> Response:
        text = metrics.text(measure(services.client, services.raw))
        return Response(text, media_type="text/plain; version=0.0.4; charset=utf-8")

    return health.plain("/metrics", answer)


def _listening(settings: ConsoleSettings, *, host: str | None, port: int | None) -> ConsoleSettings:
    chosen = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    return settings.model_copy(update={"console": settings.console.model_copy(update=chosen)})
