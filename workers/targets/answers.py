"""
What a target's answer means: done, or a failure that says who must act.

Pure: status, headers and the time go in. Refusals follow Standard Webhooks ("Deliverability and reliability"): 2xx is
the only success, 3xx is a failure and never followed, 410 says that no message is wanted any more.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ..api.limits import asked_wait, retry_after
from ..failures import BadResponse, Failure, Permanent, RateLimited, Transient

_GONE, _TOO_MANY = 410, 429
#: Their timeout, and "too early": the same message may be taken a moment later.
_LATER = frozenset({408, 425})


class TargetReason(StrEnum):
    """Reasons of dead letters that only a target gives."""

    DISABLED = "target_disabled"  # it answered 410, and nobody has enabled it again
    MISSING = "target_missing"  # the configuration has no such target any more
    REDIRECT = "target_redirect"
    REJECTED = "target_rejected"
    CERTIFICATE = "target_certificate"
    BLOCKED = "blocked_destination"
    UNSIGNED = "target_secret"  # no secret is in force


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """
    What came back.

    Args:
        headers: Looked up without regard to case.
        excerpt: The beginning of its body, for a person.
    """

    status: int
    headers: Mapping[str, str] = field(repr=False)
    excerpt: str = field(repr=False)

    @property
    def is_gone(self) -> bool:
        return self.status == _GONE

    @property
    def is_limit(self) -> bool:
        return self.status == _TOO_MANY

    @property
    def is_broken(self) -> bool:
        """Whether the target itself is in trouble, which its circuit counts."""
        return self.status >= 500 or self.status in _LATER  # noqa: PLR2004 - the class of their errors


def failure_of(target: str, answer: Answer, *, now: datetime) -> Failure | None:
    """Return what kept a message from being taken; None for every 2xx."""
    said = f"target {target} answered {answer.status}"
    words = f"; it says: {answer.excerpt}" if answer.excerpt else ""
    if answer.is_broken:
        wait_s = retry_after(answer.headers, now=now)
        return Transient(f"{said}; its operator must act{words}", effect="unknown", retry_after_s=wait_s)
    match answer.status // 100:
        case 2:
            return None
        case 3:
            message = f"{said}, a redirect; none is followed, set targets.{target}.url to where it ends"
            return Permanent(message, reason=TargetReason.REDIRECT)
        case 4:
            return _refusal(target, answer, said, words, now)
        case _:
            return BadResponse(f"{said}, expected 2xx; its operator must act{words}", effect="unknown")


def _refusal(target: str, answer: Answer, said: str, words: str, now: datetime) -> Failure:
    if answer.is_limit:
        message = f"{said}; nobody need act, it waits and is tried again{words}"
        return RateLimited(message, retry_after_s=asked_wait(answer.headers, now=now))
    if answer.is_gone:
        return disabled(target, said)
    return Permanent(
        f"{said}; whoever configured it must correct what it is sent{words}", reason=TargetReason.REJECTED
    )


def disabled(target: str, why: str) -> Permanent:
    """Return the failure of every message for a target that wants none."""
    message = f"{why}: it is disabled; `orderhook targets enable {target}`, then replay"
    return Permanent(message, reason=TargetReason.DISABLED)
