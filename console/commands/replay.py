"""
`orderhook replay`: start events again, after a look at what that would do, at a limited rate.

What is to be replayed is settled before the first event is moved: their keys are gathered, and what comes later is
left out. A replay that is interrupted is taken up by the same command again: what was moved is no dead letter any more.
"""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import redis
from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from receiver.inbox import PAGE, Inbox
from receiver.record import Record
from workers import dead_letters

from .. import render, settling
from ..access import config_of, find, now_ms, redis_of, settings_of
from ..asking import confirm
from ..catalog import Catalog
from ..desk import Desk
from ..errors import Failed, Misuse
from ..filters import filter_of
from ..foresight import Fate, Foresight, foresee
from ..render import Piece
from ..settings import ConsoleSettings
from ..story import Tone
from ..wish import Wish

#: With a rate, events are moved in so many portions a second.
_PORTIONS_PER_S = 5
_FATE_TONES = {Fate.DONE: Tone.FAINT, Fate.PARK: Tone.BAD}


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """
    What was asked for: events by id, or all dead letters of a wish; *rate* in events a second, 0 for no limit.
    """

    event_ids: Sequence[str]
    take_all: bool
    wish: Wish
    rate: float
    yes: bool


def preview(desk: Desk, order: Order, *, as_jsonl: bool) -> None:
    """
    Print what a replay would do with each event; change nothing.
    """
    with redis_of(desk) as client:
        event_keys = _chosen(client, order)
        catalog, settings = Catalog.load(config_of(desk), client), settings_of(desk)
        counted: Counter[str] = Counter()
        for foresight in _foreseen(Inbox(client), event_keys, catalog, settings):
            counted[_kind(foresight)] += 1
            _print(foresight, as_jsonl=as_jsonl)
    summary = ", ".join(f"{number} {kind}" for kind, number in counted.items())
    render.talk(f"nothing was changed; {len(event_keys)} events: {summary or 'none'}")


def replay(desk: Desk, order: Order) -> None:
    """
    Start the events again.

    Raises:
        Failed: Some were not in a state to be replayed.

    """
    with redis_of(desk) as client:
        event_keys = _chosen(client, order)
        if not event_keys:
            render.talk("no dead letters")
            return
        if not order.yes and (order.take_all or len(event_keys) > 1):
            confirm(f"Replay {len(event_keys)} events? --dry-run shows what each would do.")
        moved = _move_all(client, event_keys, rate=order.rate)
    render.talk(f"{moved} of {len(event_keys)} events replayed")
    if moved < len(event_keys):
        raise Failed(f"{len(event_keys) - moved} were gone or in flight already")


def _chosen(client: "redis.Redis", order: Order) -> list[str]:
    """
    Return the keys of what is to be replayed, all of them before the first is moved, so that paging is stable.
    """
    if order.take_all == bool(order.event_ids):
        raise Misuse("name the events by their ids, or take --all dead letters, with filters")
    inbox = Inbox(client)
    if order.take_all:
        return [record.key for record in inbox.dead_letters(filter_of(order.wish, now=now_ms(client)))]
    found = [find(inbox, event_id, source=order.wish.source).key for event_id in order.event_ids]
    return list(dict.fromkeys(found))


def _foreseen(
    inbox: Inbox, event_keys: Sequence[str], catalog: Catalog, settings: ConsoleSettings
) -> Iterator[Foresight]:
    for page in _portions(event_keys, PAGE):
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


def _move_all(client: "redis.Redis", event_keys: Sequence[str], *, rate: float) -> int:
    """
    Replay portion by portion; return how many events were moved.
    """
    size = max(1, int(rate / _PORTIONS_PER_S)) if rate else dead_letters.BATCH
    moved = 0
    with _progress() as progress:
        bar = progress.add_task("replaying", total=len(event_keys))
        for number, portion in enumerate(_portions(event_keys, size)):
            if rate and number:
                time.sleep(size / rate)
            moved += _move(client, portion)
            progress.advance(bar, len(portion))
    return moved


def _move(client: "redis.Redis", portion: Sequence[str]) -> int:
    moved = 0
    for record, done in dead_letters.replay(client, Inbox(client).records(portion)):
        moved += done
        words: Piece = "replayed" if done else ("not replayed: in flight already", Tone.WARN)
        render.data(f"{record.id}  ", words)
    return moved


def _portions(event_keys: Sequence[str], size: int) -> Iterator[list[str]]:
    rest = iter(event_keys)
    while portion := list(islice(rest, size)):
        yield portion


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), MofNCompleteColumn(), TimeRemainingColumn())
    talk = Console(stderr=True)
    return Progress(*columns, console=talk, transient=True, disable=not talk.is_terminal)
