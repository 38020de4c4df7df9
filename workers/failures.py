"""
Why a step did not succeed: one tree. The class says who must act, `reason` is the slug of a dead letter.

    Failure
    ├── Transient             time may heal it: try again later
    │   ├── RateLimited       429; waits, uses no attempt
    │   ├── CircuitOpen       no call was made, the API is known to be down; waits, uses no attempt
    │   ├── Unauthorized      401, 403: an operator must act; the event waits, uses no attempt
    │   └── BadResponse       the API answered with something that is not its own JSON; few tries
    ├── Permanent             no repeat can heal it: dead at once
    │   └── Conflict          409: the state has moved; an action reads it again once before it gives up
    └── Moot                  nothing is left to do: ends the run, is expected, makes no dead letter
        └── Gone              404 for what the event is about: a shipment, a customer, a product
            └── OrderGone     404 for the order

`effect` says whether the call can have had its effect: `none` is surely not, `unknown` is perhaps.
This module knows no HTTP and no Redis; how long to wait is decided in `retry.py`.
"""

from enum import StrEnum
from typing import ClassVar, Literal

from .redaction import redacted, slug

Effect = Literal["none", "unknown"]


class Reason(StrEnum):
    """The reasons that are ours. An action may give its own slug, so a failure's `reason` is a plain str."""

    ATTEMPTS_EXHAUSTED = "attempts_exhausted"  # the retry policy has no attempt left
    TOO_OLD = "too_old"  # the event is older than the retry policy allows
    POISON_CRASH = "poison_crash"  # the event was claimed and never finished, too often
    OUTCOME_UNKNOWN = "outcome_unknown"  # an unkeyed step may have had its effect: a person must look
    CODE_BUG = "code_bug"  # an action raised a programming error
    ACTION_ERROR = "action_error"  # an action raised something that we cannot read
    TIMEOUT = "timeout"
    IO_ERROR = "io_error"
    RATE_LIMITED = "rate_limited"
    CIRCUIT_OPEN = "circuit_open"
    UNAUTHORIZED = "unauthorized"
    SHOPS_CHANGED = "shops_changed"  # a shop was connected since the shift began; the next one knows it
    TARGET_BUSY = "target_busy"  # all places of a webhook's target are taken
    UPSTREAM_ERROR = "upstream_error"  # 5xx
    UPSTREAM_BAD_RESPONSE = "upstream_bad_response"
    UPSTREAM_CONFLICT = "upstream_conflict"  # 409
    UPSTREAM_REJECTED = "upstream_rejected"  # 400, 422: the same request would be refused again
    ORDER_GONE = "order_gone"
    SHIPMENT_GONE = "shipment_gone"
    CUSTOMER_GONE = "customer_gone"
    PRODUCT_GONE = "product_gone"
    ORDER_CANCELLED = "order_cancelled"
    ORDER_NOT_DISPATCHABLE = "order_not_dispatchable"
    ORDER_NOT_CANCELLABLE = "order_not_cancellable"
    RECIPIENT_INVALID = "recipient_invalid"  # the order has no e-mail address, or one that is none
    NOT_AN_ORDER = "not_an_order"  # an action for orders in a workflow about something else
    SUBJECT_MISSING = "subject_missing"  # the event does not say which order it is about
    OPERATION_MISSING = "operation_missing"  # the source's order API has no call for what the action wants
    API_MISSING = "api_missing"  # the event's source has no order API in the configuration
    NO_WORKFLOW = "no_workflow"  # ignored: no workflow wants the event
    SUPERSEDED = "superseded"  # a newer event of the same type waits, and the workflows want the newest only
    ORDER_UNKNOWN = (
        "order_unknown"  # ignored: the source is verified by fetch, and the API does not know the order
    )
    ECHO = "echo"  # ignored: a write of ours raised it, and no workflow wants such an event
    LOOP_DEPTH = "loop_depth"  # too many of our own writes follow from each other: a person must look
    ORDER_RATE = "order_rate"  # too many runs of one order in a short time: a person must look
    STALE = "stale"  # ignored: it came late, and no workflow wants it late
    PAYLOAD_INVALID = "payload_invalid"  # the body is no JSON object that every reader would read alike
    BODY_MISSING = "body_missing"  # the body was erased
    WORKFLOW_INVALID = "workflow_invalid"  # a stored workflow cannot be loaded any more


class Failure(Exception):
    """
    Root of the tree; raise one of its leaves.

    Args:
        message: Value and expectation, for a person. It is redacted here, so that no leaf can forget to.
        reason: A slug; what is no slug is made one, since it ends up in keys, filters and metric labels.
    """

    uses_attempt: ClassVar[bool] = True
    default_reason: ClassVar[str] = Reason.ACTION_ERROR

    def __init__(self, message: str, *, reason: str | None = None, effect: Effect = "none") -> None:
        self.message = redacted(message)
        self.reason = slug(reason or self.default_reason)
        self.effect: Effect = effect
        super().__init__(self.message)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.reason}, effect={self.effect}: {self.message})"


class Transient(Failure):
    """
    Time may heal it.

    Args:
        retry_after_s: What the other side asked for, in seconds; extends the policy's own wait.
        punctual: *retry_after_s* is a moment of the event's own, handed out by the API's budget: it is spread already,
            and to come earlier or later would spoil it.

    `ages` is set of a wait that uses no attempt but is not worth any age: the retry policy's bound holds for it.
    """

    default_reason = Reason.UPSTREAM_ERROR

    def __init__(
        self,
        message: str,
        *,
        reason: str | None = None,
        effect: Effect = "none",
        retry_after_s: float | None = None,
        punctual: bool = False,
    ) -> None:
        super().__init__(message, reason=reason, effect=effect)
        self.retry_after_s = retry_after_s
        self.punctual = punctual
        self.ages = False


class RateLimited(Transient):
    """The API asks for a pause, of everybody who shares its limit."""

    uses_attempt = False
    default_reason = Reason.RATE_LIMITED


class CircuitOpen(Transient):
    """No call was made: the last ones have shown that the API is down."""

    uses_attempt = False
    default_reason = Reason.CIRCUIT_OPEN


class Unauthorized(Transient):
    """The API refuses our token: an operator must act, and the events wait until one has."""

    uses_attempt = False
    default_reason = Reason.UNAUTHORIZED


class BadResponse(Transient):
    """The API answered, but not with what it promises: HTML, half a JSON, a hundred megabytes."""

    default_reason = Reason.UPSTREAM_BAD_RESPONSE


class Permanent(Failure):
    """The same call would fail again: a rejected request, a wrong configuration, a bug."""

    default_reason = Reason.UPSTREAM_REJECTED


class Conflict(Permanent):
    """The state is not what the call took it for; whoever knows better catches it and looks again."""

    default_reason = Reason.UPSTREAM_CONFLICT


class Moot(Failure):
    """There is nothing left to do, and nobody need be told: the run ends here."""

    default_reason = Reason.ORDER_CANCELLED


class Gone(Moot):
    """What the event is about does not exist any more."""

    default_reason = Reason.ORDER_GONE


class OrderGone(Gone):
    """The order does not exist any more."""


# Errors that the same code would raise again on the same event. KeyError and IndexError are LookupErrors.
BUGS = (
    TypeError,
    AttributeError,
    NameError,
    LookupError,
    ImportError,
    AssertionError,
    NotImplementedError,
    SyntaxError,
)


def classify(error: Exception) -> Failure:
    """
    Read any exception that an action let out as a failure.

    The effect is unknown in each case: the exception may have come after the call.
    """
    if isinstance(error, Failure):
        return error
    message = ": ".join(filter(None, (type(error).__name__, _text(error))))
    if isinstance(error, BUGS):
        return Permanent(message, reason=Reason.CODE_BUG, effect="unknown")
    if isinstance(error, TimeoutError):
        return Transient(message, reason=Reason.TIMEOUT, effect="unknown")
    if isinstance(error, OSError):
        return Transient(message, reason=Reason.IO_ERROR, effect="unknown")
    return Transient(message, reason=Reason.ACTION_ERROR, effect="unknown")


def late(deadline_s: float) -> Transient:
    """Return the failure of what was not done in time; its effect may come yet."""
    return Transient(f"not done after {deadline_s:g} s", reason=Reason.TIMEOUT, effect="unknown")


def _text(error: Exception) -> str:
    try:
        return str(error)
    except Exception as nested:  # noqa: BLE001 - a foreign __str__ runs here, and classify must be total
        return f"(its text raised {type(nested).__name__})"
