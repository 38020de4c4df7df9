"""
What a refusal means: a failure that says who must act.

Pure: a reply and the time go in. No socket, no token.
Only the meanings of 400, 401, 403, 404 and 422 are the vendor's; the others are read as HTTP defines them.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import TypeAlias
from urllib.parse import urlsplit

from ..failures import (
    Conflict,
    Failure,
    Gone,
    OrderGone,
    Permanent,
    RateLimited,
    Reason,
    Transient,
    Unauthorized,
)
from .limits import asked_wait, retry_after
from .replies import Call, Reply, words_of

# What servers say of a path that they do not have, in the very shape of a missing order.
_NO_SUCH_PATH = re.compile(r"Cannot [A-Z]+ /|no such (?:path|route)|(?:path|route) not found", re.IGNORECASE)
_KEY = re.compile(r"idempotency.?key", re.IGNORECASE)

#: What it means for an event that what it is about is gone, but for orders.
_GONE = {"shipment": Reason.SHIPMENT_GONE, "customer": Reason.CUSTOMER_GONE, "product": Reason.PRODUCT_GONE}


class ApiReason(StrEnum):
    """Reasons of dead letters that only a call to an API can have: the configuration is wrong."""

    CERTIFICATE = "api_certificate"
    REDIRECT = "api_redirect"
    PATH_UNKNOWN = "api_path_unknown"
    BLOCKED = "blocked_destination"  # the guard refuses the address
    REQUEST_INVALID = "api_request_invalid"  # it could not even be sent


def checked(call: Call, reply: Reply, *, now: datetime) -> Reply:
    """
    Return the reply, if it is a success.

    Raises:
        Failure: It is not; which one says who must act.
    """
    failure = failure_of(call, reply, now=now)
    if failure is not None:
        raise failure
    return reply


def missing(api: str, operation: str, instead: str = "") -> Permanent:
    """Return the failure of an action that asks of an API what it cannot do; nothing is sent."""
    hint = f"; {instead}" if instead else ""
    return Permanent(f"{api} has no {operation}{hint}", reason=Reason.OPERATION_MISSING)


def failure_of(call: Call, reply: Reply, *, now: datetime) -> Failure | None:
    """Return what kept the call from succeeding; None for every 2xx."""
    kind = reply.status // 100
    if kind == 2:  # noqa: PLR2004 - the class of success
        return None
    judge = _BY_STATUS.get(reply.status) or _BY_KIND.get(kind, _rejected)
    return judge(call, reply, now)


def _limited(call: Call, reply: Reply, now: datetime) -> Failure:
    message = f"{call} answered 429; nobody need act, it waits and is tried again"
    return RateLimited(_with_words(message, reply), retry_after_s=asked_wait(reply.headers, now=now))


def _unauthorized(call: Call, reply: Reply, now: datetime) -> Failure:
    todo = "renew the token in api.token" if reply.status == 401 else "give the token's user the role"  # noqa: PLR2004
    message = f"{call} answered {reply.status}; an operator must {todo}"
    return Unauthorized(_with_words(message, reply), retry_after_s=retry_after(reply.headers, now=now))


def _broken(call: Call, reply: Reply, now: datetime) -> Failure:
    message = f"{call} answered {reply.status}; the vendor must act, expected 2xx"
    wait_s = retry_after(reply.headers, now=now)
    return Transient(_with_words(message, reply), effect=call.effect_if_lost, retry_after_s=wait_s)


def _missing(call: Call, reply: Reply, now: datetime) -> Failure:
    """
    Tell a missing order from a path that the API does not have: most paths of one API are guesses of ours.

    To take a wrong path for a missing order would end every run in silence, so the doubt falls on the path.
    """
    words, about = words_of(reply), call.operation.about
    if not words or (about != "route" and _NO_SUCH_PATH.search(words)):
        return _unserved(call, reply, now)
    gone = f"{call} answered {reply.status}: the {about} is gone, nothing is left to do"
    if about == "order":
        return OrderGone(gone)
    if about in _GONE:
        return Gone(gone, reason=_GONE[about])
    message = f"{call} answered {reply.status}; whoever configured the step must name something that exists"
    return Permanent(_with_words(message, reply))


def _unserved(call: Call, reply: Reply, now: datetime) -> Failure:
    del now
    operation = call.operation
    todo = f"set api.paths.{operation.name}" if operation.configurable else "correct api.base_url"
    message = f"{call} answered {reply.status}: no such path, it seems; {todo}"
    return Permanent(_with_words(message, reply), reason=ApiReason.PATH_UNKNOWN)


def _conflicting(call: Call, reply: Reply, now: datetime) -> Failure:
    del now
    about = f"the {call.operation.about}'s" if call.operation.about else "its"
    message = f"{call} answered {reply.status}; {about} state has moved, read it again and decide"
    return Conflict(_with_words(message, reply))


def _redirected(call: Call, reply: Reply, now: datetime) -> Failure:
    del now
    target = _origin(reply.headers.get("Location", ""))
    message = (
        f"{call} answered {reply.status} to {target}; none is followed, set api.base_url to the final host"
    )
    return Permanent(message, reason=ApiReason.REDIRECT)


def _malformed(call: Call, reply: Reply, now: datetime) -> Failure:
    """
    Tell a known key from a bad request by the words, since the vendor answers 400 to both. Ours.

    Both are permanent, so a mistake costs no order: the message only says to look before sending another.
    """
    if not _KEY.search(words_of(reply)):
        return _rejected(call, reply, now)
    message = (
        f"{call} answered 400 for its key: the order exists, it seems; look for it before sending another"
    )
    return Conflict(_with_words(message, reply))


def _rejected(call: Call, reply: Reply, now: datetime) -> Failure:
    del now
    message = f"{call} answered {reply.status}; whoever configured the step must correct what it sends"
    return Permanent(_with_words(message, reply))


_Judge: TypeAlias = Callable[[Call, Reply, datetime], Failure]

_BY_STATUS: Mapping[int, _Judge] = {
    400: _malformed,
    401: _unauthorized,
    403: _unauthorized,
    404: _missing,
    405: _unserved,
    408: _broken,
    409: _conflicting,
    410: _missing,
    412: _conflicting,
    425: _broken,
    429: _limited,
}
_BY_KIND: Mapping[int, _Judge] = {3: _redirected, 5: _broken}


def _with_words(message: str, reply: Reply) -> str:
    words = words_of(reply)
    return f"{message}; it says: {words}" if words else message


def _origin(location: str) -> str:
    """Return where a redirect points, without the path: that may carry a token or an id."""
    try:
        parts = urlsplit(location)
    except ValueError:
        return "an unreadable address"
    return f"{parts.scheme}://{parts.hostname}" if parts.hostname else "another path"
