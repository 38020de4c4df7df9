"""
`/healthz` and `/readyz`, and other answers to a plain GET without a token, which are no operations.
"""

from collections.abc import Callable

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from . import answers
from .carrying_out import translated
from .operation import Services
from .refusals import ApiError


def routes(services: Services) -> list[Route]:
    """
    Return `/healthz`, which says that the process answers, and `/readyz`, that its Redis does.
    """
    return [Route("/healthz", _alive), plain("/readyz", lambda: _ready(services))]


def plain(path: str, make: Callable[[], Response]) -> Route:
    """
    Return a route whose answer is made in a thread.
    """

    async def answer(_: Request) -> Response:
        try:
            found: Response = await run_in_threadpool(translated, make)
        except ApiError as error:
            return answers.refused(error.code, error.message)
        return found

    return Route(path, answer)


async def _alive(_: Request) -> Response:
    return JSONResponse({"data": {"status": "ok"}, "success": True})


def _ready(services: Services) -> Response:
    services.client.ping()
    return JSONResponse({"data": {"status": "ready"}, "success": True})
