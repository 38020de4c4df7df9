"""
`orderhook events show`: all that is known of one event, and its story.
"""

import shlex
from collections.abc import Iterator

from receiver import keys
from receiver.inbox import Inbox
from receiver.lifecycle import Status
from receiver.record import Record, StepState, as_json, moment
from workers import pausing

from .. import moments, render, settling
from ..access import find, redis_of, settings_of
from ..catalog import stored_actions
from ..desk import Desk
from ..errors import NoRedis, NotFound
from ..render import Piece
from ..spools import where_waits
from ..story import NEWER, Actions, Tone, step_name, tell


def show_one(desk: Desk, event_id: str, *, source: str, body: bool, as_jsonl: bool) -> None:
    """
    Print all that is known of one event.

    Raises:
        NotFound: There is no such event, or none that Redis has accepted.

    """
    try:
        _show_one(desk, event_id, source=source, body=body, as_jsonl=as_jsonl)
    except (NotFound, NoRedis):
        if waiting := where_waits(settings_of(desk), event_id, source=source):
            raise NotFound(f"{waiting}: it is acknowledged, and Redis has not accepted it yet") from None
        raise


def _show_one(desk: Desk, event_id: str, *, source: str, body: bool, as_jsonl: bool) -> None:
    with redis_of(desk) as client:
        inbox = Inbox(client)
        record = find(inbox, event_id, source=source)
        text = inbox.body(record) if body else None
        if as_jsonl:
            render.json_line({**as_json(record), **({"body": text} if body else {})})
            return
        actions = stored_actions(client)
        render.fields(_facts(record, inbox, actions))
        _print_story(record, actions)
    if body:
        render.data("")
        render.data(text if text is not None else ("the body was erased", Tone.WARN))


def _facts(record: Record, inbox: Inbox, actions: Actions) -> Iterator[tuple[str, Piece]]:
    yield "event", record.id
    yield "source", record.source
    yield "type", record.type
    yield "subject", record.subject
    yield "status", render.status(record.status)
    if not record.readable:
        yield "record", (f"version {record.version}: {NEWER}; shown is what every version says", Tone.WARN)
        yield "lane", _place_in_lane(record, inbox)
        return
    yield "reason", f"{record.reason}: {record.error}" if record.error else record.reason
    yield "at step", record.step
    yield "code", record.code
    yield "verdict", _verdict(record.verdict)
    yield "occurred", moment(record.occurred).isoformat() if record.occurred else ""
    yield "deliveries", _deliveries(record)
    yield (
        "stale",
        "an event of this subject that occurred later was applied before it" if record.stale else "",
    )
    yield "echo", _echo(record)
    yield "depth", f"{record.depth} of our own writes led to it" if record.depth else ""
    yield "plan", ", ".join(record.plan or ())
    yield "in shadow", "; ".join(_in_shadow(record))
    yield "attempts", _attempts(record)
    yield "under way", _under_way(record, actions)
    for settled_by in settling.commands(record):
        yield "settle it", settled_by
    yield "go on", settling.goes_on(record)
    for run in pausing.runs(record):
        yield "resume it", f"orderhook events resume {record.id} --workflow {shlex.quote(run.workflow_name)}"
    waits = record.status in (Status.RETRYING, Status.PAUSED) and record.due
    yield "due", moments.precise(record.due) if waits else ""
    yield "lane", _place_in_lane(record, inbox)


def _in_shadow(record: Record) -> Iterator[str]:
    for note in record.shadow:
        if "would" in note:
            yield f"{note['workflow']} would {', '.join(note['would'])}"
        elif "unknown" in note:
            yield f"{note['workflow']} cannot tell: {note['unknown']}"
        else:
            yield f"and {note['more']} more"


def _echo(record: Record) -> str:
    if record.echo is None:
        return ""
    return f"of our own {record.echo.write}, for {record.echo.event_id} of {record.echo.source}"


def _verdict(text: str) -> str:
    if text.startswith(keys.SYNTHETIC):
        return f"synthetic: made by {text.removeprefix(keys.SYNTHETIC)}, since the sender's never came"
    scheme, _, index = text.rpartition(":")
    return f"{scheme}, by secret {index}" if scheme and index.isdigit() else f"{scheme}, nothing was proved"


def _deliveries(record: Record) -> str:
    altered = f", {record.altered} of them with another body" if record.altered else ""
    last = f", the last at {moments.precise(record.duplicate_at)}" if record.duplicate_at else ""
    return f"{record.deliveries}{altered}{last}"


def _attempts(record: Record) -> str:
    replays = f", {record.attempts_now} since the last of {record.replays} replays" if record.replays else ""
    crashes = f", {record.crashes} without a report" if record.crashes else ""
    return f"{record.attempt}{replays}{crashes}"


def _under_way(record: Record, actions: Actions) -> str:
    """
    Return the steps that were begun and have no result yet.
    """
    begun = [(place, entry) for place, entry in record.ledger.items() if entry.state is StepState.INTENT]
    shown = (
        f"{_with_place(step_name(record, place, actions), place)} since {moments.precise(entry.at)}"
        for place, entry in begun
    )
    return ", ".join(shown)


def _place_in_lane(record: Record, inbox: Inbox) -> str:
    waiting = inbox.lane(record.lane)
    if record.key not in waiting:
        return ""
    return f"number {waiting.index(record.key) + 1} of {len(waiting)}"


def _print_story(record: Record, actions: Actions) -> None:
    render.data("")
    for line in tell(record, actions):
        text = _with_place(line.text, line.step) if line.step else line.text
        render.data((f"{moments.precise(line.at)}  ", Tone.FAINT), (text, line.tone))


def _with_place(text: str, place: str) -> str:
    """
    Return *text* with the number of the step that it is about, which other commands take; once is enough.
    """
    return text if text.startswith(f"step {place}") else f"{text} (step {place})"
