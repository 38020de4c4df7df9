"""
The console as a process: serves until SIGTERM, finishing what is under way.
"""

import uvicorn
from starlette.types import ASGIApp

from ..settings import ConsoleSection

#: Seconds an idle connection is kept: longer than balancers keep theirs.
KEEP_ALIVE_S = 75


def run(app: ASGIApp, section: ConsoleSection) -> None:
    """
    Serve until a signal.
    """
    server(app, section).run()


def server(app: ASGIApp, section: ConsoleSection) -> uvicorn.Server:
    """
    Return the server, not yet started.
    """
    config = uvicorn.Config(
        app,
        host=section.host,
        port=section.port,
        ws="none",
        access_log=False,
        log_config=None,
        server_header=False,
        # Behind a proxy all callers have its address; who has a token is told apart by that.
        proxy_headers=False,
        timeout_keep_alive=KEEP_ALIVE_S,
        timeout_graceful_shutdown=round(section.stop_grace_s),
        h11_max_incomplete_event_size=65_536,
    )
    return uvicorn.Server(config)
