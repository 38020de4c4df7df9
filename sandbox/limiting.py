"""
The sandbox's own rate limit and tokens, which can be changed while it runs; values and counting only.

The window is fixed: so many calls from one multiple of its length to the next. The header names are the Dispatch API's
documented ones; that its reset is in Unix seconds is inferred, and window, status and Retry-After are ours.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import format_datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


class RateLimit(BaseModel):
    """
    The body of PUT /_sandbox/rate-limit.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", alias_generator=to_camel, validate_by_name=True)

    #: Calls in one window.
    limit: Annotated[int, Field(ge=1, le=1_000_000)]
    window_s: Annotated[float, Field(gt=0, le=86_400)] = 1.0
    #: Send X-RateLimit-Limit, -Remaining and -Reset with every answer.
    headers: bool = True
    retry_after: Literal["seconds", "date", "none"] = "seconds"


class Tokens(BaseModel):
    """
    The body of PUT /_sandbox/tokens.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    tokens: Annotated[tuple[str, ...], Field(max_length=16)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """
    What the limit says of one call: whether it may be looked at, and the headers that go with its answer.
    """

    admitted: bool
    headers: Mapping[str, str]


@dataclass(slots=True, kw_only=True)
class Limiting:
    """
    The limit that is on, the window it counts, and the tokens that are good.
    """

    tokens: tuple[str, ...]
    rate: RateLimit | None = None
    #: When each token was last taken.
    last_used: dict[str, datetime] = field(default_factory=dict)
    _window: int = -1
    _used: int = 0
    _first_tokens: tuple[str, ...] = field(init=False)
    _first_rate: RateLimit | None = field(init=False)

    def __post_init__(self) -> None:
        self._first_tokens, self._first_rate = self.tokens, self.rate

    def set(self, rate: RateLimit | None) -> None:
        """
        Limit calls from now on; None limits none.
        """
        self.rate, self._window, self._used = rate, -1, 0

    def forget(self) -> None:
        self.set(self._first_rate)
        self.tokens = self._first_tokens
        self.last_used.clear()

    def admit(self, now: datetime) -> Verdict:
        """
        Count one call, unless the window is full.
        """
        if self.rate is None:
            return Verdict(admitted=True, headers={})
        window = int(now.timestamp() // self.rate.window_s)
        if window != self._window:
            self._window, self._used = window, 0
        admitted = self._used < self.rate.limit
        self._used += admitted
        reset = (window + 1) * self.rate.window_s
        return Verdict(admitted=admitted, headers=self._headers(self.rate, now, reset, admitted=admitted))

    def _headers(self, rate: RateLimit, now: datetime, reset: float, *, admitted: bool) -> dict[str, str]:
        headers = {} if admitted else _retry_after(rate, now, reset)
        if rate.headers:
            headers |= {
                "x-ratelimit-limit": str(rate.limit),
                "x-ratelimit-remaining": str(rate.limit - self._used),
                "x-ratelimit-reset": str(math.ceil(reset)),
            }
        return headers

    def to_json(self) -> dict[str, Any]:
        return {
            "rateLimit": None if self.rate is None else self.rate.model_dump(by_alias=True),
            "used": self._used,
        }


def _retry_after(rate: RateLimit, now: datetime, reset: float) -> dict[str, str]:
    # Both forms have whole seconds; rounded up, so that waiting for them is never too short.
    if rate.retry_after == "none":
        return {}
    if rate.retry_after == "seconds":
        return {"retry-after": str(math.ceil(reset - now.timestamp()))}
    return {"retry-after": format_datetime(datetime.fromtimestamp(math.ceil(reset), UTC), usegmt=True)}
