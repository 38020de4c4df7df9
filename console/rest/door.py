"""
One path of the API over HTTP: token, limit, scope, then path, query and body, then the handler in a thread.

It knows no particular operation.
"""

import asyncio
import time
from collections.abc import Mapping
from functools import partial
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from ..scopes import Scope as TokenScope
from . import answers, reading
from .admission import Admission, admit, bearer, check, retry_after
from .carrying_out import carry_out, translated
from .operation import Call, Caller, Operation, Services
from .refusals import ApiError, ErrorCode
from .shapes import BodyModel, NoBody

#: Longest reason that is taken from a header.
_MAX_REASON = 500


class Door:
    """
    The operations of one path by their methods, as an ASGI application.
    """

    def __init__(self, operations: Mapping[str, Operation], services: Services) -> None:
        self._operations = operations
        self._services = services
        self._methods = frozenset(operations) | self._looks_only()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Answer one request.
        """
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)

    def _looks_only(self) -> set[str]:
        # A HEAD must change nothing, and three GETs of the Integrations API do.
        found = self._operations.get("GET")
        return {"HEAD"} if found and not found.changing else set()

    async def _answer(self, request: Request) -> Response:
        try:
            admission = await self._admitted(request)
        except ApiError as error:
            return answers.refused(error.code, error.message)
        try:
            response = await self._admitted_answer(admission, request)
        except ApiError as error:
            again = retry_after(admission, now_ms=time.time_ns() // 1_000_000)
            response = answers.refused(error.code, error.message, again)
        response.headers.update(admission.headers)
        return response

    async def _admitted_answer(self, admission: Admission, request: Request) -> Response:
        if request.method not in self._methods:
            check(admission, TokenScope.READ)  # what there is, is told to those who may look
            methods = ", ".join(sorted(self._methods))
            return answers.refused(
                ErrorCode.METHOD_NOT_ALLOWED, f"the path takes {methods}", {"Allow": methods}
            )
        operation = self._operations["GET" if request.method == "HEAD" else request.method]
        return await self._carried_out(operation, check(admission, operation.scope), request)

    async def _admitted(self, request: Request) -> Admission:
        token = bearer(request.headers.getlist("authorization"))
        section = self._services.settings.console
        asked = partial(
            admit,
            self._services.client,
            token,
            address=request.client.host if request.client else "",
            limits=(section.calls_per_minute, section.strangers_calls_per_minute),
        )
        admission: Admission = await run_in_threadpool(translated, asked)
        request.state.caller = admission.caller.name if admission.caller else ""
        return admission

    async def _carried_out(self, operation: Operation, caller: Caller, request: Request) -> Response:
        call = await self._read(operation, caller, request)
        found = await run_in_threadpool(carry_out, operation, call)
        return answers.succeeded(operation, found, call.query)

    async def _read(self, operation: Operation, caller: Caller, request: Request) -> Call[Any, Any, Any]:
        path = reading.read_path(operation.path_model, request.path_params)
        query = reading.read_query(operation.query, request.scope["query_string"].decode("latin-1"))
        body = await self._body(operation, request)
        return Call(
            services=self._services,
            caller=caller,
            request_id=request.state.request_id,
            why=getattr(body, "why", None) or _reason(operation, request),
            path=path,
            query=query,
            body=body,
        )

    async def _body(self, operation: Operation, request: Request) -> BodyModel:
        if operation.body is NoBody:
            return NoBody()
        section = self._services.settings.console
        try:
            async with asyncio.timeout(section.body_deadline_s):
                body = await _whole(request, limit=section.body_limit_bytes)
        except TimeoutError:
            message = f"the body did not arrive within {section.body_deadline_s:g} s"
            raise ApiError(ErrorCode.REQUEST_TIMEOUT, message) from None
        except ClientDisconnect:
            raise ApiError(ErrorCode.VALIDATION_FAILED, "the body ended early") from None
        if body:
            _check_kind(request)
        return reading.read_body(operation.body, body)


def _reason(operation: Operation, request: Request) -> str:
    """
    Return why the change is made, as a header says.
    """
    reason = request.headers.get("x-reason", "") if operation.changing else ""
    if len(reason) > _MAX_REASON:
        message = f"header: 'X-Reason' has at most {_MAX_REASON} characters"
        raise ApiError(ErrorCode.VALIDATION_FAILED, message)
    return reason


async def _whole(request: Request, *, limit: int) -> bytes:
    parts, size = [], 0
    async for part in request.stream():
        parts.append(part)
        size += len(part)
        if size > limit:
            raise ApiError(ErrorCode.BODY_TOO_LARGE, f"a body has at most {limit} bytes")
    return b"".join(parts)


def _check_kind(request: Request) -> None:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json" or request.headers.get("content-encoding", "identity") != "identity":
        message = "a body must be application/json, and not compressed"
        raise ApiError(ErrorCode.MEDIA_TYPE_UNSUPPORTED, message)
