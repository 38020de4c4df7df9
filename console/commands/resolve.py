"""
`orderhook dead-letters resolve`: a person says how a step of unknown outcome ended, and its event goes on.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from receiver.inbox import Inbox
from receiver.record import Record, Ruling, StepState
from workers import dead_letters
from workers.dead_letters import Refused, Resolved

from .. import render
from ..access import find, redis_of
from ..catalog import stored_actions
from ..desk import Desk
from ..errors import Failed, Misuse, NotFound
from ..story import NEWER, Actions, step_name

_UNSETTLED = (StepState.INTENT, StepState.UNKNOWN)


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """
    What a person says of a step, as it was typed; *start* its event again behind it.
    """

    done: bool
    repeat: bool
    note: str
    start: bool


def resolve(
    desk: Desk, event_id: str, step: str, statement: Statement, *, source: str, as_jsonl: bool
) -> None:
    """
    Settle a step of a dead letter, and start the event again unless it is to stay dead.

    Raises:
        Misuse: Neither or both rulings were given, or the name fits several steps.
        NotFound: There is no such event, or no such step was begun.
        Failed: The event is no dead letter, or the step's outcome is not unknown.

    """
    ruling = _ruling(statement)
    with redis_of(desk) as client:
        record = find(Inbox(client), event_id, source=source)
        actions = stored_actions(client)
        place = _place(record, step, actions)
        answer = dead_letters.resolve(
            client, record, place, ruling, by=desk.operator, note=statement.note, start=statement.start
        )
        # What a refusal shows must be what refused, and not what was there before.
        record = find(Inbox(client), event_id, source=source)
    if isinstance(answer, Refused):
        kind = Failed if answer.status is not None or answer.state else NotFound
        raise kind(_refusal(record, place, answer, actions))
    _say(record, place, step_name(record, place, actions), ruling, answer, as_jsonl=as_jsonl)


def _ruling(statement: Statement) -> Ruling:
    if statement.done == statement.repeat:
        raise Misuse("say how it ended: --done (it had its effect) or --repeat (it had none)")
    return Ruling.DONE if statement.done else Ruling.REPEAT


def _place(record: Record, step: str, actions: Actions) -> str:
    """
    Return the place that *step* means: itself, or the one step of that name, the unsettled ones first.
    """
    named = [place for place in record.ledger if step_name(record, place, actions) == step]
    if step in record.ledger or not named:
        return step
    unsettled = [place for place in named if record.ledger[place].state in _UNSETTLED]
    found = unsettled or named
    if len(found) > 1:
        raise Misuse(f"{step!r} is the name of several steps, {', '.join(found)}: give the number")
    return found[0]


def _refusal(record: Record, place: str, refused: Refused, actions: Actions) -> str:
    if not record.readable:
        return f"event {record.id!r} is left as it is: {NEWER}"
    if refused.status is not None:
        return f"event {record.id!r} is no dead letter, it is {record.status}; nothing was changed"
    state = f"is {refused.state}" if refused.state else "was never begun"
    return (
        f"step {place} of {record.id!r} {state}, so there is nothing to settle; its steps: "
        f"{_steps(record, actions) or 'none was begun'}"
    )


def _steps(record: Record, actions: Actions) -> str:
    return ", ".join(_shown(record, actions))


def _shown(record: Record, actions: Actions) -> Sequence[str]:
    return [
        f"{place} {step_name(record, place, actions)} ({entry.state})"
        for place, entry in record.ledger.items()
    ]


def _say(record: Record, place: str, name: str, ruling: Ruling, answer: Resolved, *, as_jsonl: bool) -> None:
    if as_jsonl:
        render.json_line(_as_json(record, place, name, ruling, answer))
        return
    settled = "counts as done" if ruling is Ruling.DONE else "is to run again"
    then = "the event was started again" if answer.started else "the event stays dead until it is replayed"
    render.data(f"{record.id}  step {place} {name} {settled}; {then}")


def _as_json(record: Record, place: str, name: str, ruling: Ruling, answer: Resolved) -> dict[str, object]:
    return {
        "eventId": record.id,
        "source": record.source,
        "step": place,
        "action": name,
        "was": answer.was.value,
        "resolved": ruling.value,
        "why": record.resolutions[-1].why,
        "replayed": answer.started,
    }
