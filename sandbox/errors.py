"""
The one error of the sandbox: a request is refused, with a status and words.

    Refusal
      status    the HTTP status, which says who must act
      message   what was found and what was expected
      extra     further keys of the body (the 409 of create-order carries orderId and displayId)

Only a 401 body is documented; every other status takes over its three keys, which is inferred.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from pydantic import ValidationError

#: One field's problem is shown in the message; more than this many are counted.
SHOWN_PROBLEMS = 8


class Refusal(Exception):
    """
    A request is refused; raised anywhere below an endpoint, answered by it.
    """

    def __init__(self, status: int, message: str, *, extra: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.extra = dict(extra or {})

    def body(self) -> dict[str, Any]:
        return {**error_body(self.status, self.message), **self.extra}


def error_body(status: int, message: str) -> dict[str, Any]:
    """
    Build the documented shape: `{"error": "Unauthorized", "message": "...", "statusCode": 401}`.
    """
    return {"error": _phrase(status), "message": message, "statusCode": status}


def invalid(problem: ValidationError) -> Refusal:
    """
    Turn what pydantic found into a 422 that names each field and never repeats a value.
    """
    found = [
        f"{_dotted(e['loc'])}: {e['msg']}" for e in problem.errors(include_url=False, include_input=False)
    ]
    more = [f"and {len(found) - SHOWN_PROBLEMS} more"] if len(found) > SHOWN_PROBLEMS else []
    return Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, "; ".join(found[:SHOWN_PROBLEMS] + more))


def _dotted(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location) or "body"


def _phrase(status: int) -> str:
    # Spelt out: Python 3.13 renamed the phrases of 413 and 422.
    names = {413: "Content Too Large", 422: "Unprocessable Entity"}
    return names.get(status) or HTTPStatus(status).phrase
