"""
Why a call is refused: one table of codes, and the exception that carries one. Pure.
"""

from enum import StrEnum
from http import HTTPStatus


class ErrorCode(StrEnum):
    """
    What an answer that is not a success says; callers decide by these words.
    """

    VALIDATION_FAILED = "VALIDATION_FAILED"
    CONFIGURATION_ERROR = "CONFIGURATION_ERROR"
    UNAUTHORIZED = "UNAUTHORIZED"
    FORBIDDEN = "FORBIDDEN"
    NOT_FOUND = "NOT_FOUND"
    METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
    REQUEST_TIMEOUT = "REQUEST_TIMEOUT"
    CONFLICT = "CONFLICT"
    BODY_TOO_LARGE = "BODY_TOO_LARGE"
    MEDIA_TYPE_UNSUPPORTED = "MEDIA_TYPE_UNSUPPORTED"
    RATE_LIMITED = "RATE_LIMITED"
    INTERNAL = "INTERNAL"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"


STATUSES: dict[ErrorCode, HTTPStatus] = {
    ErrorCode.VALIDATION_FAILED: HTTPStatus.BAD_REQUEST,
    ErrorCode.CONFIGURATION_ERROR: HTTPStatus.BAD_REQUEST,
    ErrorCode.UNAUTHORIZED: HTTPStatus.UNAUTHORIZED,
    ErrorCode.FORBIDDEN: HTTPStatus.FORBIDDEN,
    ErrorCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ErrorCode.METHOD_NOT_ALLOWED: HTTPStatus.METHOD_NOT_ALLOWED,
    ErrorCode.REQUEST_TIMEOUT: HTTPStatus.REQUEST_TIMEOUT,
    ErrorCode.CONFLICT: HTTPStatus.CONFLICT,
    ErrorCode.BODY_TOO_LARGE: HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    ErrorCode.MEDIA_TYPE_UNSUPPORTED: HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    ErrorCode.RATE_LIMITED: HTTPStatus.TOO_MANY_REQUESTS,
    ErrorCode.INTERNAL: HTTPStatus.INTERNAL_SERVER_ERROR,
    ErrorCode.STORE_UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}

#: When a code is given, for the documentation.
MEANINGS: dict[ErrorCode, str] = {
    ErrorCode.VALIDATION_FAILED: "Path, query or body is not what is expected; the message says what is.",
    ErrorCode.CONFIGURATION_ERROR: "What is to be configured cannot work like that.",
    ErrorCode.UNAUTHORIZED: "No token, or one that is unknown, revoked or expired.",
    ErrorCode.FORBIDDEN: "The token's scope does not cover the call.",
    ErrorCode.NOT_FOUND: "There is no such thing.",
    ErrorCode.METHOD_NOT_ALLOWED: "The path takes other methods; `Allow` names them.",
    ErrorCode.REQUEST_TIMEOUT: "The body did not arrive in time.",
    ErrorCode.CONFLICT: "It is not in a state in which this can be done.",
    ErrorCode.BODY_TOO_LARGE: "The body is larger than the console takes.",
    ErrorCode.MEDIA_TYPE_UNSUPPORTED: "A body must be uncompressed `application/json`.",
    ErrorCode.RATE_LIMITED: "Too many calls; `Retry-After` says when to come again.",
    ErrorCode.INTERNAL: "A fault of ours; the log has it under the request id.",
    ErrorCode.STORE_UNAVAILABLE: "Redis does not answer, or takes no writes; `Retry-After` says when to come again.",
}


class ApiError(Exception):
    """
    The call is refused; the message goes to the caller, so it holds no secret and nothing of our insides.
    """

    def __init__(self, code: ErrorCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
