"""
What the API answered, and what can be read out of it.

Pure: bytes go in; a value, words for a person or a BadResponse come out.
What a refusal means stands in `refusals.py`.
That every error body has the shape of the one documented for 401 is inferred.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

import msgspec
from pydantic import ValidationError

from ..failures import BadResponse, Effect
from .routes import Operation, Route
from .shapes import JsonObject

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """An operation at the place where the configuration puts it."""

    operation: Operation
    route: Route

    @property
    def effect_if_lost(self) -> Effect:
        return "unknown" if self.operation.writes else "none"

    def __str__(self) -> str:
        return f"{self.operation.name} ({self.route})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """
    What came back.

    Args:
        headers: Looked up without regard to case.
        body: Decompressed; empty where a refusal's body could not be read.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


def decoded(call: Call, reply: Reply, read: Callable[[Any], T]) -> T:
    """
    Read the reply's JSON with *read*.

    Raises:
        BadResponse: It is no JSON, or *read* raised a ValueError.
    """
    try:
        return read(msgspec.json.decode(reply.body))
    except (msgspec.DecodeError, RecursionError) as error:
        raise _unreadable(call, reply, f"expected JSON, found {_look(reply)} ({error})") from error
    except ValueError as error:
        raise _unreadable(call, reply, _in_words(error)) from error


def settled(call: Call, reply: Reply) -> None:
    """
    Accept any body but a page: what these calls answer is not documented, and nobody needs it.

    Raises:
        BadResponse: A log-in or error page under a 2xx; it does not show that the call had its effect.
    """
    if reply.body.lstrip()[:1] == b"<":
        raise _unreadable(call, reply, f"expected JSON or nothing, found {_look(reply)}")


def names_existing_order(reply: Reply) -> bool:
    """
    Tell whether a create call was refused since its key has an order already, and which one.

    The vendor's text answers a known key with 400, a third party's client saw 409 with `orderId`: both count.
    A 400 without `orderId` cannot be told from a bad request.
    """
    return reply.status in (400, 409) and bool(json_object(reply).get("orderId"))


def _unreadable(call: Call, reply: Reply, what: str) -> BadResponse:
    return BadResponse(
        f"{call} answered {reply.status}; {what}; the vendor must act", effect=call.effect_if_lost
    )


def _look(reply: Reply) -> str:
    """Describe a body that is not JSON; one that looks like JSON is a customer's data and is not quoted."""
    kind = reply.headers.get("Content-Type", "no content type").partition(";")[0]
    start = reply.body.lstrip()[:60].decode("utf-8", "replace")
    quoted = "" if start[:1] in ("{", "[", '"') else f" {start!r}"
    return f"{len(reply.body)} bytes of {kind}{quoted}"


def _in_words(error: ValueError) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    found = error.errors(include_url=False, include_input=False)
    return ", ".join(f"{'.'.join(map(str, problem['loc']))}: {problem['msg']}" for problem in found[:3])


def words_of(reply: Reply) -> str:
    """Return the `message` of an error body, a text, a list or one level down under `error`, and the code beside it."""
    body = json_object(reply)
    found = body.get("message") or _error_of(body).get("message")
    words = "; ".join(map(str, found[:3])) if isinstance(found, list) else str(found or "")
    return ": ".join(filter(None, (code_of(reply), words)))


def code_of(reply: Reply) -> str:
    """Return the `error.code` of an error body, empty where it has none; the Dispatch API documents three."""
    code = _error_of(json_object(reply)).get("code")
    return code if isinstance(code, str) else ""


def _error_of(body: JsonObject) -> JsonObject:
    inner = body.get("error")
    return inner if isinstance(inner, Mapping) else {}


def json_object(reply: Reply) -> JsonObject:
    """Return the body where it is a JSON object, else an empty one."""
    try:
        body = msgspec.json.decode(reply.body)
    except (msgspec.DecodeError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
