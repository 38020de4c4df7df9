"""
How an attempt ends, as a value: closed, failed or given back. Pure; `ledger.py` carries it out.
"""

from dataclasses import dataclass

from receiver.lifecycle import Status

from .failures import Failure, Moot
from .ledger import Claim, End
from .retry import GiveUp, RetryAfter, RetryPolicy, decide
from .workshop import SourceRules


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Where an attempt stands: the step as an operator reads it, and the code that runs it."""

    step: str = ""
    code: str = ""


#: Longest error text kept in a record, in characters.
MAX_ERROR = 200


def closed(status: Status, reason: str, *, rules: SourceRules) -> End:
    """Return the end of an event with nothing left to do."""
    return End(
        status=status,
        detail=reason,
        keep_ms=rules.keep_ms,
        fields={"reason": reason, "error": "", "step": ""},
    )


def released() -> End:
    """Return the end of an attempt that a stopping worker gives back; it uses none up."""
    return End(status=Status.PENDING, detail="worker stops", uses_attempt=False)


def failed(
    failure: Failure, claim: Claim, *, rules: SourceRules, policy: RetryPolicy, chance: float, at: Site
) -> End:
    """
    Return what a failure makes of the event: a retry, a dead letter, or nothing left to do.

    Args:
        chance: A uniform random number in [0, 1).
        at: Where it failed.
    """
    if isinstance(failure, Moot):
        return closed(Status.IGNORED, failure.reason, rules=rules)
    age_s = (claim.now - claim.record.opened) / 1000
    decision = decide(failure, attempt=claim.record.attempts_now, age_s=age_s, policy=policy, chance=chance)
    if isinstance(decision, GiveUp):
        return _dead(failure, decision.reason, rules=rules, at=at)
    return _retrying(failure, decision, at=at)


def _dead(failure: Failure, reason: str, *, rules: SourceRules, at: Site) -> End:
    fields = {**_explanation(failure, reason, at), "code": at.code}
    return End(status=Status.DEAD, detail=str(reason), holds_lane=rules.holds_lane, fields=fields)


def _retrying(failure: Failure, decision: RetryAfter, *, at: Site) -> End:
    return End(
        status=Status.RETRYING,
        wait_s=decision.wait_s,
        detail=f"{failure.reason} wait_s={decision.wait_s:.1f}",
        uses_attempt=decision.counts,
        fields=_explanation(failure, failure.reason, at),
    )


def _explanation(failure: Failure, reason: str, at: Site) -> dict[str, str]:
    return {"reason": str(reason), "error": failure.message[:MAX_ERROR], "step": at.step}
