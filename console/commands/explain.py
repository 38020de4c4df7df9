"""
`orderhook workflows explain`: why a workflow would or would not want an event, condition by condition.

The order is fetched by the source's own client where the answer depends on it; nothing else is called.
"""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import aiohttp

from receiver.inbox import Inbox
from receiver.record import Record
from workers.actions import EventView
from workers.api.installer import InstallerClient
from workers.conditions import Absent, Finding, OrderNeeded, View, explain, holds
from workers.failures import Failure, Permanent
from workers.settings import ApiSettings, definitions, worker_settings
from workers.views import condition_view, event_view
from workers.workflows import Workflow, triggered

from .. import render
from ..access import config_of, find, inbox_of, settings_of
from ..desk import Desk
from ..errors import Failed
from ..render import Piece
from ..story import Tone


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """
    What one workflow makes of the event; *wanted* is None where the order would have to be fetched to tell.
    """

    workflow: Workflow
    starts: bool
    findings: tuple[Finding, ...]
    wanted: bool | None


def run(desk: Desk, event_id: str, *, source: str, fetch: bool, as_jsonl: bool) -> None:
    """
    Print what each workflow makes of the event.

    Raises:
        NotFound: There is no such event.
        Failed: Its body or its order cannot be had.

    """
    with inbox_of(desk) as inbox:
        record = find(inbox, event_id, source=source)
        terms = settings_of(desk).sources.get(record.source)
        trusts_payload = terms is None or terms.trust == "payload"
        event = _event(record, inbox, trusts_payload=trusts_payload)
    _, workflows = definitions(config_of(desk))
    view = condition_view(event, trusts_payload=trusts_payload, fetched=None)
    if fetch and any(
        _needs_order(workflow, view) for workflow in triggered(event.type, event.stale, workflows)
    ):
        order = _fetched(desk, record)
        view = condition_view(event, trusts_payload=trusts_payload, fetched=order)
    for one in explanations(event, view, workflows):
        _print(one, event, as_jsonl=as_jsonl)


def _event(record: Record, inbox: Inbox, *, trusts_payload: bool) -> EventView:
    body = inbox.body(record)
    try:
        return event_view(record, None if body is None else body.encode(), trusts_payload=trusts_payload)
    except Permanent as failure:
        raise Failed(failure.message) from failure


def explanations(event: EventView, view: View, workflows: Sequence[Workflow]) -> list[Explanation]:
    """
    Return what every workflow makes of the event, those that it does not start too.
    """
    starting = triggered(event.type, event.stale, workflows)
    return [
        Explanation(
            workflow=workflow,
            starts=workflow in starting,
            findings=explain(workflow.conditions, view),
            wanted=workflow in starting and _held(workflow, view),
        )
        for workflow in workflows
    ]


def _held(workflow: Workflow, view: View) -> bool | None:
    try:
        return holds(workflow.conditions, view)
    except OrderNeeded:
        return None


def _needs_order(workflow: Workflow, view: View) -> bool:
    return _held(workflow, view) is None


def _fetched(desk: Desk, record: Record) -> Mapping[str, Any]:
    settings = worker_settings(config_of(desk)).apis.get(record.source)
    if settings is None:
        raise Failed(f"the answer depends on the order, and sources.{record.source}.api is not configured")
    if not record.subject:
        raise Failed("the answer depends on the order, and the event names none")
    try:
        return asyncio.run(_get_order(settings, record.subject))
    except Failure as failure:
        raise Failed(f"the order cannot be fetched: {failure.message}; --no-fetch does without") from failure


async def _get_order(settings: ApiSettings, order_id: str) -> Mapping[str, Any]:
    async with aiohttp.ClientSession(trust_env=False) as session:
        order = await InstallerClient.build(settings, session).get_order(order_id)
        return order.raw


_VERDICTS: Mapping[bool | None, Piece] = {
    True: ("wants it", Tone.GOOD),
    False: ("does not want it", Tone.WARN),
    None: ("depends on the order, which was not fetched", Tone.WARN),
}
_MARKS: Mapping[bool | None, Piece] = {
    True: ("    holds     ", Tone.GOOD),
    False: ("    does not  ", Tone.BAD),
    None: ("    depends   ", Tone.WARN),
}


def _print(one: Explanation, event: EventView, *, as_jsonl: bool) -> None:
    if as_jsonl:
        render.json_line(_as_json(one))
        return
    render.data(f"{one.workflow.name}: ", _VERDICTS[one.wanted])
    if not one.starts:
        render.data("    ", (_why_not_started(one.workflow, event), Tone.WARN))
    for finding in one.findings:
        asked = f"{finding.path} {finding.operator} {_json(finding.expected)}"
        render.data(_MARKS[finding.held], f"{asked}: {_found(finding.actual)}")


def _found(actual: object) -> str:
    return "not fetched" if actual is Absent.ORDER_NEEDED else f"found {_json(actual)}"


def _why_not_started(workflow: Workflow, event: EventView) -> str:
    if not workflow.enabled:
        return "it is disabled"
    if event.stale and workflow.on_stale == "skip":
        return "the event is stale, and on_stale is skip"
    return f"its trigger is {workflow.trigger}, the event is {event.type}"


def _json(value: object) -> str:
    return "nothing" if isinstance(value, Absent) else json.dumps(value, ensure_ascii=False)


def _as_json(one: Explanation) -> dict[str, object]:
    return {
        "workflow": one.workflow.name,
        "version": one.workflow.version,
        "wanted": one.wanted,
        "starts": one.starts,
        "conditions": [
            {
                "where": finding.where,
                "path": finding.path,
                "operator": finding.operator,
                "expected": finding.expected,
                "actual": finding.actual.value if isinstance(finding.actual, Absent) else finding.actual,
                "held": finding.held,
            }
            for finding in one.findings
        ],
    }
