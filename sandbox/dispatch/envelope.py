"""
The shape of every answer: the documented envelope for data, lists and errors, and the codes.

NOT_FOUND, CONFIGURATION_ERROR and CONFLICT are the vendor's; every other code is ours.
"""

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType

from ..config import JSON
from ..errors import Refusal
from ..operations import Answer

#: What a call answers that only writes.
DONE = Answer(body={"success": True})

_CODES: Mapping[int, str] = MappingProxyType(
    {
        HTTPStatus.BAD_REQUEST: "VALIDATION_ERROR",
        HTTPStatus.UNAUTHORIZED: "UNAUTHORIZED",
        HTTPStatus.FORBIDDEN: "FORBIDDEN",
        HTTPStatus.NOT_FOUND: "NOT_FOUND",
        HTTPStatus.METHOD_NOT_ALLOWED: "METHOD_NOT_ALLOWED",
        HTTPStatus.CONFLICT: "CONFLICT",
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "PAYLOAD_TOO_LARGE",
        HTTPStatus.TOO_MANY_REQUESTS: "RATE_LIMITED",
    }
)


class Misconfigured(Refusal):
    """
    A provider cannot be configured like that: the one 400 whose code is documented.
    """

    def __init__(self, message: str) -> None:
        super().__init__(HTTPStatus.BAD_REQUEST, message)


def data(value: JSON) -> Answer:
    """
    Return what was asked for.
    """
    return Answer(body={"data": value, "success": True})


def created(value: JSON) -> Answer:
    """
    Return what was made. Which calls give 201 is ours.
    """
    return Answer(status=HTTPStatus.CREATED, body={"data": value, "success": True})


def listed(
    items: Sequence[JSON], show: Callable[[JSON], JSON], *, page: int, page_size: int, total_pages: bool
) -> Answer:
    """
    Return one page of all items, as they are shown.
    """
    first = (page - 1) * page_size
    pages = {"totalPages": -(-len(items) // page_size)} if total_pages else {}
    return Answer(
        body={
            "data": [show(item) for item in items[first : first + page_size]],
            "page": page,
            "pageSize": page_size,
            "totalCount": len(items),
            **pages,
            "success": True,
        }
    )


def refused(refusal: Refusal) -> Answer:
    """
    Return the answer that carries a refusal. 422 is in no table of the vendor's, so a wrong field is a 400.
    """
    status = HTTPStatus(refusal.status)
    if status is HTTPStatus.UNPROCESSABLE_ENTITY:
        status = HTTPStatus.BAD_REQUEST
    code = "CONFIGURATION_ERROR" if isinstance(refusal, Misconfigured) else _code(status)
    return Answer(status=status, body={"success": False, "error": {"code": code, "message": refusal.message}})


def _code(status: HTTPStatus) -> str:
    return _CODES.get(status) or (
        "INTERNAL_ERROR" if status >= HTTPStatus.INTERNAL_SERVER_ERROR else status.name
    )
