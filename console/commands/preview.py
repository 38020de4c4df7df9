"""
`orderhook replay --dry-run`: what a replay would do with each event, without doing it.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

from receiver.inbox import PAGE, Inbox
from receiver.record import Record

from .. import render, settling
from ..access import config_of, now_ms, redis_of, settings_of
from ..catalog import Catalog
from ..desk import Desk
from ..filters import filter_of
from ..foresight import Fate, Foresight, foresee
from ..portions import portions
from ..render import Piece
from ..settings import ConsoleSettings
from ..story import Tone
from .replay import Order, chosen

_FATE_TONES = {Fate.DONE: Tone.FAINT, Fate.PARK: Tone.BAD}


def preview(desk: Desk, order: Order, *, as_jsonl: bool) -> None:
    """
    Print what a replay would do with each event; change nothing.
    """
    with redis_of(desk) as client:
        inbox = Inbox(client)
        event_keys = chosen(client, order) or inbox.dead_keys(filter_of(order.wish, now=now_ms(client)))
        catalog, settings = Catalog.load(config_of(desk), client), settings_of(desk)
        counted: Counter[str] = Counter()
        for foresight in _foreseen(inbox, event_keys, catalog, settings):
            counted[_kind(foresight)] += 1
            _print(foresight, as_jsonl=as_jsonl)
    summary = ", ".join(f"{number} {kind}" for kind, number in counted.items())
    render.talk(f"nothing was changed; {render.counted(counted.total(), 'event')}: {summary or 'none'}")


def _foreseen(
    inbox: Inbox, event_keys: Iterable[str], catalog: Catalog, settings: ConsoleSettings
) -> Iterator[Foresight]:
    for page in portions(event_keys, PAGE):
        for record in inbox.records(page):
            terms = settings.sources.get(record.source)
            trusted = terms is None or terms.trust == "payload"
            yield foresee(record, inbox.body(record), catalog, trusts_payload=trusted)


def _kind(foresight: Foresight) -> str:
    if foresight.obstacle:
        return "would do nothing"
    fates = {step.fate for step in foresight.steps}
    if Fate.PARK in fates:
        return "would be parked again"
    return "have every step done already" if fates == {Fate.DONE} else "would act"


def _print(foresight: Foresight, *, as_jsonl: bool) -> None:
    if as_jsonl:
        render.json_line(_as_json(foresight))
        return
    record = foresight.record
    render.data(
        f"{record.id}  {record.source}  {record.type or '-'}  {record.subject or '-'}  ", _why(record)
    )
    if foresight.obstacle:
        render.data("    ", (foresight.obstacle, Tone.WARN))
    for step in foresight.steps:
        tone = _FATE_TONES.get(step.fate, Tone.GOOD)
        render.data(f"    {step.workflow}: {step.action} ", (step.fate, tone))
        if step.fate is Fate.PARK:
            render.data("        settle it first: ", settling.command(record, step.place))


def _why(record: Record) -> Piece:
    reason = f" ({record.reason})" if record.reason else ""
    return f"{record.status}{reason}", render.STATUS_TONES.get(record.status, Tone.PLAIN)


def _as_json(foresight: Foresight) -> dict[str, object]:
    record = foresight.record
    steps = [
        {
            "workflow": step.workflow,
            "step": step.place,
            "action": step.action,
            "fate": step.fate.name.lower(),
            **({"settle": settling.command(record, step.place)} if step.fate is Fate.PARK else {}),
        }
        for step in foresight.steps
    ]
    return {
        "eventId": record.id,
        "source": record.source,
        "status": record.status.value,
        "reason": record.reason,
        "obstacle": foresight.obstacle,
        "steps": steps,
    }
