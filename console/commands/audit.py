"""
`orderhook audit`: both sides of the loss equation, source by source.
"""

import time
from collections.abc import Iterable

from receiver.inbox import Inbox
from receiver.lifecycle import Status
from workers.audit import Audit, audit

from .. import render
from ..access import inbox_of, settings_of
from ..desk import Desk
from ..errors import Failed, NoRedis
from ..spools import Seen, seen
from ..story import Tone

#: Seconds between two tries: while events are on their way, a walk over the records may catch one between two places.
_AGAIN_AFTER_S = 0.5


def run(desk: Desk, *, tries: int, as_jsonl: bool) -> None:
    """
    Print the audit.

    Raises:
        Failed: The equation does not hold, at the last of *tries* either, or a spool cannot be read.

    """
    waiting = {spool.source: spool for spool in seen(settings_of(desk)) if spool.waiting or spool.trouble}
    try:
        with inbox_of(desk) as inbox:
            found = audit_patiently(inbox, tries=tries)
    except NoRedis:
        for spool in waiting.values():
            render.talk(f"{spool.source}: {spool}")
        raise
    # A source whose every event waits in the spool is none that Redis knows.
    found += [_nothing(source) for source in sorted(waiting.keys() - {one.source for one in found})]
    for one in found:
        beside = waiting.get(one.source)
        if as_jsonl:
            render.json_line(_as_json(one, beside))
        else:
            _print(one, beside)
    if not found and not as_jsonl:
        render.talk("no source has had an event yet")
    _judge(found, waiting.values())


def _nothing(source: str) -> Audit:
    return Audit(source=source, accepted=0, found=dict.fromkeys(Status, 0), repaired=0, findings=())


def _judge(found: Iterable[Audit], spools: Iterable[Seen]) -> None:
    if wrong := [one.source for one in found if not one.holds]:
        raise Failed(f"the loss equation does not hold for {', '.join(wrong)}")
    if unread := [spool.source for spool in spools if spool.trouble]:
        raise Failed(f"the spool of {', '.join(unread)} cannot be read")


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
    terms = {status: one.found[status] for status in statuses} | one.unknown
    right = " + ".join(f"{number} {status}" for status, number in terms.items())
    sign = "=" if one.accepted == one.accounted else "≠"
    return f"{one.accepted} accepted {sign} {right} + {one.in_flight} in flight"


def _print(one: Audit, spool: Seen | None) -> None:
    verdict = ("holds", Tone.GOOD) if one.holds else ("does not hold", Tone.BAD)
    repaired = f"; {one.repaired} repaired by the sweeper, which must be 0" if one.repaired else ""
    render.data(f"{one.source}: {equation(one)}  ", verdict, (repaired, Tone.WARN))
    for finding in one.findings:
        render.data("    ", (finding.problem, Tone.BAD))
        for key in finding.events:
            render.data(f"        {key}")
    if spool is not None:
        render.data("    ", (str(spool), Tone.BAD if spool.trouble else Tone.WARN))


def _as_json(one: Audit, spool: Seen | None) -> dict[str, object]:
    return {
        "source": one.source,
        "holds": one.holds,
        "accepted": one.accepted,
        "accounted": one.accounted,
        "inFlight": one.in_flight,
        **{status.value: one.found[status] for status in Status},
        "repaired": one.repaired,
        # Null where it cannot be read: then nobody knows.
        "spooled": 0 if spool is None else spool.waiting if spool.standing else None,
        "findings": [
            {"problem": finding.problem, "events": list(finding.events)} for finding in one.findings
        ],
    }
