"""
The sandbox as one ASGI app: the emulated APIs under their own paths, the door of the sandbox beside it.
"""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import replace
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
from .operations import Answer, refused
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
        exception_handlers={Refusal: _refused, HTTPException: _no_page(upstream)},
    )
    app.router.redirect_slashes = False
    return app


def _api(upstream: Upstream) -> Iterator[Route]:
    for system in upstream.systems.values():
        for operation in system.api.operations.values():
            endpoint = Endpoint(operation=operation, api=system.api, shared=upstream.shared)
            yield Route(operation.path, endpoint, methods=[operation.method])


async def _refused(_: Request, problem: Exception) -> Response:
    assert isinstance(problem, Refusal)
    return _response(refused(problem))


def _no_page(upstream: Upstream) -> Callable[[Request, Exception], Awaitable[Response]]:
    """
    Answer what no route takes, in the words of the API whose path it would be.
    """

    async def answer(request: Request, problem: Exception) -> Response:
        assert isinstance(problem, HTTPException)
        path = request.url.path
        api = next((one.api for one in reversed(list(upstream.systems.values())) if one.owns(path)), None)
        words = api.refused if api else refused
        return _response(
            replace(words(_nowhere(request, problem.status_code)), headers=problem.headers or {})
        )

    return answer


def _nowhere(request: Request, status: int) -> Refusal:
    what = "no such path" if status == HTTPStatus.NOT_FOUND else f"{request.method} is not possible here"
    return Refusal(status, f"{what}; GET /_sandbox lists the paths")


def _response(answer: Answer) -> Response:
    return Response(
        json_bytes(answer.body),
        status_code=answer.status,
        headers=dict(answer.headers),
        media_type="application/json",
    )
