"""
The words in which an emulated API is written: an operation, a call of it, the answer.

Handlers are plain functions from a call to an answer: no socket, no waiting.
So each call is atomic, and the same handler serves HTTP and the making of sample data.
"""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from http import HTTPStatus

from .config import JSON
from .errors import Refusal


class Evidence(StrEnum):
    """
    Where a path comes from.
    """

    DOCUMENTED = "documented"
    SECOND_HAND = "second-hand"
    OURS = "ours"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """
    One operation of an emulated API, and where we know it from.
    """

    name: str
    method: str
    path: str
    evidence: Evidence
    #: Says what of request and answer is known, where that differs from the path.
    note: str = ""
    #: Takes a multipart upload, which has a limit of its own.
    upload: bool = False
    #: A GET that changes something, as the Dispatch API has some.
    changing_get: bool = False

    @property
    def changes_state(self) -> bool:
        return self.method != "GET" or self.changing_get


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """
    One call of an operation, read whole.
    """

    operation: Operation
    path: str = ""
    parameters: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)
    content_type: str = ""
    body: bytes = b""
    #: The header Idempotency-Key.
    idempotency_key: str | None = None

    @property
    def digest(self) -> str:
        """
        Return what a repeated call has in common with the first; a new multipart boundary is no difference.
        """
        return "" if self.operation.upload else hashlib.sha256(self.body).hexdigest()


def read_json(body: bytes) -> JSON:
    """
    Read a body as JSON. An empty one counts as an empty object.

    Raises:
        Refusal: 400, it is none.

    """
    try:
        value = json.loads(body or b"{}")
        # NaN, 1e999 and a lone surrogate can be read and not written: they would fail in our own answer.
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError):
        raise Refusal(HTTPStatus.BAD_REQUEST, "the body is not valid JSON") from None
    return value


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What a call is answered: a status and JSON.
    """

    status: int = HTTPStatus.OK
    body: JSON = None
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.status < HTTPStatus.BAD_REQUEST


Handler = Callable[[Call], Answer]


def refused(refusal: Refusal) -> Answer:
    """
    Return the answer that carries a refusal, in the shape of the Installer API and of the sandbox's own door.
    """
    return Answer(status=refusal.status, body=refusal.body())
