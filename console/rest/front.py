"""
What every request meets first and every answer passes last: request id, security headers, one log line.
"""

import re
import time
import uuid
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

log = structlog.get_logger()

_SANE_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+=-]{0,127}")

#: No browser is to make more of an answer than data. There is no CORS header: no page elsewhere may read one.
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


class Front:
    """
    The application behind it, with an id for each request.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Answer one request.
        """
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, request_id = time.monotonic(), _request_id(Headers(scope=scope))
        state: dict[str, Any] = {**scope.get("state", {}), "request_id": request_id, "caller": ""}
        status = 0

        async def sent(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = int(message["status"])
                _complete(MutableHeaders(scope=message), request_id)
            await send(message)

        try:
            await self._app({**scope, "path": _as_sent(scope), "state": state}, receive, sent)
        finally:
            _tell(scope, state, status, time.monotonic() - started)


def _as_sent(scope: Scope) -> str:
    """
    Return the path with its percent signs: a slash in an event's id is not one between two parts.
    """
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return raw.partition(b"?")[0].decode("latin-1")


def _request_id(headers: Headers) -> str:
    given = headers.getlist("x-request-id")
    return given[0] if len(given) == 1 and _SANE_ID.fullmatch(given[0]) else uuid.uuid4().hex


def _complete(headers: MutableHeaders, request_id: str) -> None:
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    headers["X-Request-Id"] = request_id


def _tell(scope: Scope, state: dict[str, Any], status: int, seconds: float) -> None:
    # The path alone: a query may hold what one searches for. Headers never: one of them is the token.
    log.info(
        "request",
        method=scope["method"],
        # Percent signs and all: what is decoded could move a terminal's cursor.
        path=_as_sent(scope),
        status=status,
        token=state["caller"],
        request_id=state["request_id"],
        duration_ms=round(seconds * 1000, 1),
    )
