"""
`/api/v1/audit`: the loss equation, and the trail of changes.
"""

from pydantic import Field

from receiver import keys
from receiver.inbox import Inbox
from workers.audit import Audit, audit

from ..equation import Standing, standings
from ..moments import iso
from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import Answer, Moment, NoBody, NoPath, Page, PageQuery, QueryBool, QueryModel
from ..trail import Change, Trail

#: Events over which a walk is left to the command line: it takes about a second for ten thousand.
MAX_WALKED = 20_000


class AuditQuery(QueryModel):
    """
    How closely to look.
    """

    walk: QueryBool = Field(
        default=False,
        description="Walk over all records and name the events that do not fit: "
        f"needs scope `operate`. Up to {MAX_WALKED} events; beyond that `orderhook audit` does it.",
    )


class FindingAnswer(Answer):
    """
    One way in which an event's places contradict each other.
    """

    problem: str = Field(description="What does not fit.")
    events: list[str] = Field(description="Such events, source and id.")


class EquationAnswer(Answer):
    """
    Both sides of the loss equation for one source.
    """

    source: str = Field(description="Whose events.")
    holds: bool = Field(description="Whether both sides are equal, and nothing contradicts them.")
    accepted: int = Field(
        description="Events that were ever accepted, as accept counted them: the left side."
    )
    accounted: int = Field(description="The sum of the right side.")
    by_status: dict[str, int] = Field(
        description="The right side: events by where they stand, or stood at their end."
    )
    in_flight: int = Field(description="Those of them that are not at their end.")
    repaired: int = Field(description="What the sweeper had to mend; must be 0.")
    findings: list[FindingAnswer] = Field(description="What does not fit.")


class AuditAnswer(Answer):
    """
    The loss equation of every source.
    """

    holds: bool = Field(description="Whether all hold.")
    walked: bool = Field(
        description="Whether every record was looked at, or counters and indexes were compared."
    )
    sources: list[EquationAnswer] = Field(description="Source by source.")


class ChangeAnswer(Answer):
    """
    An entry in the trail of changes.
    """

    id: str = Field(description="Its id.")
    at: Moment = Field(description="When the change was begun.")
    by: str = Field(description="Who: a token's name, or a user of the command line.")
    what: str = Field(description="Which operation.")
    path: str = Field(description="At which path; `command line` for a command.")
    why: str | None = Field(default=None, description="What for, as far as it was said.")
    request_id: str | None = Field(default=None, description="Of the call.")
    outcome: str = Field(
        description="`done`, `refused` (nothing was changed), `failed`, or `begun`: nobody knows how it ended."
    )
    status: int | None = Field(default=None, description="HTTP status of the answer.")
    facts: dict[str, str] = Field(description="What else there is to say.")


def _audit(call: Call[NoPath, AuditQuery, NoBody]) -> AuditAnswer:
    inbox = Inbox(call.client)
    if call.query.walk and not call.caller.scope.covers(Scope.OPERATE):
        raise ApiError(ErrorCode.FORBIDDEN, f"the token's scope is {call.caller.scope}; a walk needs operate")
    if not call.query.walk:
        found = [_of_standing(one) for one in standings(call.client)]
        return AuditAnswer(holds=all(one.holds for one in found), walked=False, sources=found)
    events = sum(call.client.zcard(keys.timeline(source)) for source in inbox.sources())
    if events > MAX_WALKED:
        message = f"there are {events} events; over {MAX_WALKED} a walk is for `orderhook audit`"
        raise ApiError(ErrorCode.CONFLICT, message)
    found = [_of_walk(one) for one in audit(inbox)]
    return AuditAnswer(holds=all(one.holds for one in found), walked=True, sources=found)


def _of_standing(one: Standing) -> EquationAnswer:
    return EquationAnswer(
        source=one.source,
        holds=one.holds,
        accepted=one.accepted,
        accounted=one.accounted,
        by_status=dict(one.found),
        in_flight=one.in_flight,
        repaired=one.repaired,
        findings=[FindingAnswer(problem=problem, events=[]) for problem in one.problems],
    )


def _of_walk(one: Audit) -> EquationAnswer:
    return EquationAnswer(
        source=one.source,
        holds=one.holds,
        accepted=one.accepted,
        accounted=one.accounted,
        by_status={status.value: number for status, number in one.found.items()},
        in_flight=one.in_flight,
        repaired=one.repaired,
        findings=[
            FindingAnswer(problem=finding.problem, events=[_named(key) for key in finding.events])
            for finding in one.findings
        ],
    )


def _named(key: str) -> str:
    return f"{keys.event_source(key)}/{keys.event_id(key)}"


def _changes(call: Call[NoPath, PageQuery, NoBody]) -> Page:
    trail = Trail(call.client)
    found = trail.newest(offset=call.query.offset, limit=call.query.page_size)
    return Page(items=[_change(one) for one in found], total=trail.count())


def _change(one: Change) -> ChangeAnswer:
    return ChangeAnswer(
        id=one.id,
        at=iso(one.at) or "",
        by=one.by,
        what=one.what,
        path=one.path,
        why=one.why or None,
        request_id=one.request or None,
        outcome=one.outcome.value,
        status=one.status or None,
        facts=dict(one.facts),
    )


_TAG = "Audit"
OPERATIONS = (
    Operation(
        name="audit",
        method="GET",
        path="/api/v1/audit",
        tag=_TAG,
        scope=Scope.READ,
        summary="Both sides of the loss equation",
        about="Compares what accept counted with the counters of the statuses and with the indexes, at no more cost "
        "for a million events than for ten. Exact while nothing is being accepted or worked on.",
        query=AuditQuery,
        answer=AuditAnswer,
        errors=(ErrorCode.CONFLICT,),
        handler=_audit,
    ),
    Operation(
        name="listChanges",
        method="GET",
        path="/api/v1/audit/changes",
        tag=_TAG,
        scope=Scope.ADMIN,
        summary="The trail of changes, the newest first",
        about="Every call that changes something, and `orderhook tokens`. The newest 10,000 are kept, for 400 days.",
        query=PageQuery,
        answer=ChangeAnswer,
        many=True,
        handler=_changes,
    ),
)
