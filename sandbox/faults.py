"""
The faults that can be asked for, each with its settings; values only.

Whether one strikes is drawn in `fault_set.py`.
What it does is in `endpoint.py` for faults of the API, in `sender.py` for those of the sender.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class Fault(BaseModel):
    """
    What every fault has: how often it strikes, and what it is limited to.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    fault: str
    #: The chance at each opportunity.
    probability: float = Field(default=1.0, gt=0, le=1)
    #: How many times it strikes in all; None is for ever.
    times: int | None = Field(default=None, ge=1)
    #: An operation, for faults of the sender an event type, or a pattern such as `dispatch.*`; None is all.
    operation: str | None = None


class Latency(Fault):
    """
    Wait before the call is looked at.
    """

    fault: Literal["latency_ms"] = "latency_ms"
    ms: float = Field(ge=0, le=600_000)


class RateLimited(Fault):
    """
    Answer 429, without an effect.
    """

    fault: Literal["status_429"] = "status_429"
    #: Seconds. None sends no Retry-After.
    retry_after: int | None = Field(default=1, ge=0)
    retry_after_form: Literal["seconds", "date"] = "seconds"


class ServerError(Fault):
    """
    Answer 500 (or another 5xx), without an effect.
    """

    fault: Literal["status_500"] = "status_500"
    status: int = Field(default=500, ge=500, le=599)
    retry_after: int | None = Field(default=None, ge=0)
    retry_after_form: Literal["seconds", "date"] = "seconds"


class ResetBefore(Fault):
    """
    Close the connection before the call is looked at.
    """

    fault: Literal["reset_before"] = "reset_before"


class ResetAfterEffect(Fault):
    """
    Do what is asked, then close the connection without an answer. Strikes calls that change state.
    """

    fault: Literal["reset_after_effect"] = "reset_after_effect"


class InvalidJson(Fault):
    """
    Do what is asked, and answer something that is not JSON.
    """

    fault: Literal["invalid_json"] = "invalid_json"
    body: str = '<html><body>{"value": '
    #: Answer so many bytes of an unfinished JSON string instead of `body`.
    huge_bytes: int | None = Field(default=None, ge=1, le=100_000_000)


class ExpiredToken(Fault):
    """
    Answer 401 with the documented body, whatever the token.
    """

    fault: Literal["expired_token"] = "expired_token"


class SlowDrip(Fault):
    """
    Do what is asked, and send the answer one byte at a time.
    """

    fault: Literal["slow_drip"] = "slow_drip"
    ms: float = Field(default=1_000, ge=1, le=600_000)


class Duplicate(Fault):
    """
    Deliver the event twice, under the same id.
    """

    fault: Literal["duplicate"] = "duplicate"


class Shuffle(Fault):
    """
    Take the event out of its order's lane and deliver it at some moment of the next `ms`.
    """

    fault: Literal["shuffle"] = "shuffle"
    ms: float = Field(default=200, ge=0, le=600_000)


class Delay(Fault):
    """
    Wait before the first attempt; the order's later events wait behind it.
    """

    fault: Literal["delay_ms"] = "delay_ms"
    ms: float = Field(ge=0, le=86_400_000)


class BadSignature(Fault):
    """
    Spoil the signature of one attempt. Unsigned deliveries have none to spoil.
    """

    fault: Literal["bad_signature"] = "bad_signature"


class Drop(Fault):
    """
    Never deliver the event.
    """

    fault: Literal["drop"] = "drop"


API_FAULTS: tuple[type[Fault], ...] = (
    Latency,
    RateLimited,
    ServerError,
    ResetBefore,
    ResetAfterEffect,
    InvalidJson,
    ExpiredToken,
    SlowDrip,
)
SENDER_FAULTS: tuple[type[Fault], ...] = (Duplicate, Shuffle, Delay, BadSignature, Drop)


KNOWN: Mapping[str, type[Fault]] = MappingProxyType(
    {kind.model_fields["fault"].default: kind for kind in API_FAULTS + SENDER_FAULTS}
)
