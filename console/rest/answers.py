"""
The envelope of every answer, and the bytes of it. Pure.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from .operation import Operation
from .refusals import STATUSES, ErrorCode
from .shapes import Answer, Page, PageQuery

#: Seconds of `Retry-After` where Redis does not answer.
RETRY_AFTER_S = 5


def succeeded(operation: Operation, found: object, query: object) -> Response:
    """
    Return what a handler returned in its envelope.
    """
    return _json(operation.status, envelope(found, query))


def envelope(found: object, query: object) -> dict[str, Any]:
    """
    Return an answer as the Dispatch API's conventions have it.
    """
    if found is None:
        return {"success": True}
    if isinstance(found, Page):
        assert isinstance(query, PageQuery), "an operation with pages asks for one"
        return _page(found, query)
    return {"data": _plain(found), "success": True}


def _page(found: Page, query: PageQuery) -> dict[str, Any]:
    pages = None if found.total is None else -(-found.total // query.page_size)
    extra = {"next": found.more, "explanation": found.explanation}
    return {
        "data": _plain(found.items),
        "page": query.page,
        "pageSize": query.page_size,
        "totalCount": found.total,
        "totalPages": pages,
        "partial": found.partial,
        **{name: text for name, text in extra.items() if text},
        "success": True,
    }


def _plain(found: object) -> Any:
    if isinstance(found, Answer):
        return found.model_dump(mode="json", by_alias=True, exclude_none=True)
    if isinstance(found, Mapping | str):
        return found
    assert isinstance(found, Sequence), "a handler returns an answer, a page or a list"
    return [_plain(one) for one in found]


def refused(code: ErrorCode, message: str, headers: Mapping[str, str] | None = None) -> Response:
    """
    Return the answer to a call that is refused.
    """
    extra = {
        ErrorCode.UNAUTHORIZED: {"WWW-Authenticate": "Bearer"},
        ErrorCode.STORE_UNAVAILABLE: {"Retry-After": str(RETRY_AFTER_S)},
    }.get(code, {})
    body = {"success": False, "error": {"code": code.value, "message": message}}
    return _json(STATUSES[code], body, {**extra, **(headers or {})})


def _json(status: int, value: object, headers: Mapping[str, str] | None = None) -> Response:
    # A body may hold what was no UTF-8 in a delivery, as escapes; a lone surrogate must not fail here.
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode(errors="backslashreplace")
    return Response(text, status, dict(headers or {}), media_type="application/json")
