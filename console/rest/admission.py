"""
Who calls, and whether they may call now: a bearer token to its name and scope, and the count of calls in this minute.

Both are one round trip to Redis, shared by all console processes. Refused tokens are counted by address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import redis

from receiver import keys, scripts

from ..scopes import Scope
from ..tokens import digest, has_form
from .operation import Caller
from .refusals import ApiError, ErrorCode

WINDOW_MS = 60_000
#: How often the last use of a token is noted.
_USED_EVERY_MS = 60_000

_SCHEME = "bearer "


@dataclass(frozen=True, slots=True, kw_only=True)
class Admission:
    """
    What was found of a call's token; *caller* is None where it is not valid.

    Args:
        calls: How many there were in this window, this one included, out of *limit*.
        ends: When the window ends, in milliseconds.

    """

    caller: Caller | None
    calls: int
    limit: int
    ends: int

    @property
    def headers(self) -> dict[str, str]:
        """
        Return what every answer tells of the limit; the reset is in seconds since 1970.
        """
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(max(0, self.limit - self.calls)),
            "X-RateLimit-Reset": str(-(-self.ends // 1000)),
        }

    @property
    def over(self) -> bool:
        """
        Return whether it is one call too many.
        """
        return self.calls > self.limit


def bearer(values: Sequence[str]) -> str:
    """
    Return the token of the Authorization headers; empty where there is none that could be one.
    """
    if len(values) != 1 or not values[0].lower().startswith(_SCHEME):
        return ""
    text = values[0][len(_SCHEME) :].strip()
    return text if has_form(text) else ""


def admit(client: "redis.Redis", token: str, *, address: str, limits: tuple[int, int]) -> Admission:
    """
    Look the token up and count the call; *limits* are that of a valid token, and that of an address without one.
    """
    known = digest(token) if token else "none"
    script_keys = (keys.token(known), keys.calls(known), keys.calls(f"from {address}"))
    name, scope, calls, ends = scripts.run_sync(client, "admit", script_keys, (WINDOW_MS, _USED_EVERY_MS))
    caller = Caller(name=name, scope=Scope(scope)) if name else None
    return Admission(caller=caller, calls=calls, limit=limits[0] if caller else limits[1], ends=ends)


def check(admission: Admission, needed: Scope) -> Caller:
    """
    Return the caller of a call that may be made.

    Raises:
        ApiError: It may not.

    """
    if admission.over:
        raise ApiError(
            ErrorCode.RATE_LIMITED, f"more than {admission.limit} calls in a minute; come back later"
        )
    if admission.caller is None:
        raise ApiError(ErrorCode.UNAUTHORIZED, "a valid token is needed: Authorization: Bearer ohk_…")
    if not admission.caller.scope.covers(needed):
        found = admission.caller.scope
        raise ApiError(ErrorCode.FORBIDDEN, f"the token's scope is {found}; this needs {needed}")
    return admission.caller


def retry_after(admission: Admission, *, now_ms: int) -> Mapping[str, str]:
    """
    Return when to come back after a call too many.
    """
    return {"Retry-After": str(max(1, -(-(admission.ends - now_ms) // 1000)))} if admission.over else {}
