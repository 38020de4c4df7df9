"""
The console as an ASGI application: the operations' doors, health, and the OpenAPI document. Importing it does nothing.
"""

import contextlib
import re
from collections.abc import AsyncIterator, Iterable, Mapping
from http import HTTPStatus
from typing import Any

import structlog
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from . import answers
from .door import Door
from .front import Front
from .openapi import document
from .operation import Operation, Services
from .refusals import ErrorCode

log = structlog.get_logger()

DOCUMENT_PATH = "/api/openapi.json"
_PARAMETER = re.compile(r"\{\w+\}")


def create_app(
    services: Services, operations: Iterable[Operation], further: Iterable[BaseRoute] = ()
) -> Starlette:
    """
    Return the application; *further* routes are those that are no operations.
    """
    declared = tuple(operations)
    app = Starlette(
        routes=[
            Route(DOCUMENT_PATH, _document(document(declared))),
            *further,
            *doors(declared, services),
        ],
        middleware=[Middleware(Front)],
        exception_handlers={HTTPException: _http_error, Exception: _our_fault},
        lifespan=lambda _: _lifespan(services),
    )
    app.router.redirect_slashes = False  # a redirect would carry the token wherever a Host header says
    return app


def doors(operations: Iterable[Operation], services: Services) -> list[Route]:
    """
    Return a route for each path; those with fewer parameters first, so that a fixed word is not taken for one.
    """
    by_path: dict[str, dict[str, Operation]] = {}
    for operation in operations:
        methods = by_path.setdefault(operation.path, {})
        assert operation.method not in methods, f"two operations at {operation.method} {operation.path}"
        methods[operation.method] = operation
    return [Route(path, Door(by_path[path], services)) for path in sorted(by_path, key=_specific_first)]


def _specific_first(path: str) -> tuple[list[bool], str]:
    return [bool(_PARAMETER.fullmatch(part)) for part in path.split("/")], path


def _document(found: Mapping[str, Any]) -> Any:
    async def answer(_: Request) -> Response:
        return JSONResponse(found)

    return answer


@contextlib.asynccontextmanager
async def _lifespan(services: Services) -> AsyncIterator[None]:
    log.info("console.started")
    yield
    await run_in_threadpool(services.background.close)
    services.client.close()
    log.info("console.stopped")


async def _http_error(_: Request, error: Exception) -> Response:
    """
    Answer what no route takes, and another method than GET at the few paths that are no operations.
    """
    if isinstance(error, HTTPException) and error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        message, headers = "the path takes GET, HEAD", {"Allow": "GET, HEAD"}
        return answers.refused(ErrorCode.METHOD_NOT_ALLOWED, message, headers)
    return answers.refused(
        ErrorCode.NOT_FOUND, f"there is nothing at this path; {DOCUMENT_PATH} lists what is"
    )


async def _our_fault(_: Request, error: Exception) -> Response:
    log.error("console.bug", exc_info=error)
    return answers.refused(ErrorCode.INTERNAL, "a fault of ours; the log has it under the request id")
