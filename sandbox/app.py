"""
The sandbox as one ASGI app: the emulated API under its own paths, the door of the sandbox beside it.
"""

import contextlib
from collections.abc import AsyncIterator
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from .config import SandboxConfig
from .control import Control
from .endpoint import Endpoint
from .errors import Refusal
from .installer.paths import OPERATIONS
from .operations import Answer, failed, refused
from .upstream import Upstream
from .wire import json_bytes


def create_app(config: SandboxConfig) -> Starlette:
    """
    Build the app. Its events are sent while its lifespan runs.

    Raises:
        OSError: the effects file cannot be opened.

    """
    upstream = Upstream(config)

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        with contextlib.closing(upstream):
            async with upstream.sender.running():
                yield

    app = Starlette(
        routes=[*_api(upstream), *Control(upstream).routes()],
        lifespan=lifespan,
        exception_handlers={Refusal: _refused, HTTPException: _no_page},
    )
    app.router.redirect_slashes = False
    return app


def _api(upstream: Upstream) -> list[Route]:
    handlers = upstream.handlers.table()
    return [
        Route(
            operation.path,
            Endpoint(operation=operation, handler=handlers[operation.name], shared=upstream.shared),
            methods=[operation.method],
        )
        for operation in OPERATIONS.values()
    ]


async def _refused(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Refusal)
    return _response(refused(problem))


async def _no_page(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, HTTPException)
    known = "GET /_sandbox lists the paths"
    if problem.status_code == HTTPStatus.NOT_FOUND:
        return _response(failed(HTTPStatus.NOT_FOUND, f"no such path; {known}"))
    return _response(
        failed(problem.status_code, f"{request.method} is not possible here; {known}", problem.headers)
    )


def _response(answer: Answer) -> Response:
    return Response(
        json_bytes(answer.body),
        status_code=answer.status,
        headers=dict(answer.headers),
        media_type="application/json",
    )
