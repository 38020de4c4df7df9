"""
`orderhook audit`: both sides of the loss equation, source by source.
"""

import time

from receiver.inbox import Inbox
from receiver.lifecycle import Status
from workers.audit import Audit, audit

from .. import render
from ..access import inbox_of
from ..desk import Desk
from ..errors import Failed
from ..story import Tone

#: Seconds between two tries: while events are on their way, a walk over the records may catch one between two places.
_AGAIN_AFTER_S = 0.5


def run(desk: Desk, *, tries: int, as_jsonl: bool) -> None:
    """
    Print the audit.

    Raises:
        Failed: The equation does not hold, at the last of *tries* either.

    """
    with inbox_of(desk) as inbox:
        found = audit_patiently(inbox, tries=tries)
    for one in found:
        if as_jsonl:
            render.json_line(_as_json(one))
        else:
            _print(one)
    if not found and not as_jsonl:
        render.talk("no source has had an event yet")
    wrong = [one.source for one in found if not one.holds]
    if wrong:
        raise Failed(f"the loss equation does not hold for {', '.join(wrong)}")


def audit_patiently(inbox: Inbox, *, tries: int) -> list[Audit]:
    """
    Return the first audit that holds, or the last of *tries*.
    """
    found = audit(inbox)
    for _ in range(tries - 1):
        if all(one.holds for one in found):
            break
        time.sleep(_AGAIN_AFTER_S)
        found = audit(inbox)
    return found


def equation(one: Audit) -> str:
    """
    Return both sides: `12 accepted = 9 succeeded + 2 ignored + 1 dead + 0 discarded + 0 in flight`.
    """
    superseded = (Status.SUPERSEDED,) if one.found[Status.SUPERSEDED] else ()  # few sources have any
    statuses = (Status.SUCCEEDED, Status.IGNORED, *superseded, Status.DEAD, Status.DISCARDED)
    right = " + ".join(f"{one.found[status]} {status}" for status in statuses)
    sign = "=" if one.accepted == one.accounted else "≠"
    return f"{one.accepted} accepted {sign} {right} + {one.in_flight} in flight"


def _print(one: Audit) -> None:
    verdict = ("holds", Tone.GOOD) if one.holds else ("does not hold", Tone.BAD)
    repaired = f"; {one.repaired} repaired by the sweeper, which must be 0" if one.repaired else ""
    render.data(f"{one.source}: {equation(one)}  ", verdict, (repaired, Tone.WARN))
    for finding in one.findings:
        render.data("    ", (finding.problem, Tone.BAD))
        for key in finding.events:
            render.data(f"        {key}")


def _as_json(one: Audit) -> dict[str, object]:
    return {
        "source": one.source,
        "holds": one.holds,
        "accepted": one.accepted,
        "accounted": one.accounted,
        "inFlight": one.in_flight,
        **{status.value: one.found[status] for status in Status},
        "repaired": one.repaired,
        "findings": [
            {"problem": finding.problem, "events": list(finding.events)} for finding in one.findings
        ],
    }
