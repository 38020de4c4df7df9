"""
`orderhook dead-letters`: what needs an operator, and closing it for good.
"""

from collections.abc import Iterator, Sequence
from itertools import groupby, islice
from operator import attrgetter

import redis

from receiver.inbox import Inbox
from receiver.lifecycle import Status
from receiver.record import Record, as_json
from workers import dead_letters

from .. import moments, render, settling
from ..access import find, inbox_of, now_ms, redis_of, settings_of
from ..asking import confirm
from ..desk import Desk
from ..errors import Failed, Misuse, NotFound
from ..filters import filter_of
from ..render import Piece
from ..settings import ConsoleSettings
from ..story import NEWER, Tone
from ..wish import Wish

_SETTLE = "`orderhook dead-letters show EVENT_ID` says how to settle it"


def show_list(desk: Desk, wish: Wish, *, limit: int, as_jsonl: bool) -> None:
    """
    Print the wanted dead letters, the oldest death first; times are those of their death.
    """
    with redis_of(desk) as client:
        found = list(islice(Inbox(client).dead_letters(filter_of(wish, now=now_ms(client))), limit))
    if as_jsonl:
        for record in found:
            render.json_line(as_json(record))
    elif found:
        render.table(
            ("DIED", "SOURCE", "TYPE", "SUBJECT", "ATTEMPTS", "REASON", "ERROR", "EVENT ID"), map(_row, found)
        )
        if parked := sum(any(settling.commands(record)) for record in found):
            render.talk(f"{parked} of unknown outcome: {_SETTLE}")
    else:
        render.talk("no dead letters")


def _row(record: Record) -> Sequence[Piece]:
    return (
        moments.stamp(record.closed or record.accepted),
        record.source,
        record.type or "-",
        record.subject or "-",
        str(record.attempts_now),
        (record.reason, Tone.BAD),
        record.error or "-",
        record.id,
    )


def check_dead(desk: Desk, event_id: str, *, source: str) -> None:
    """
    Raise NotFound unless the event is a dead letter.
    """
    with inbox_of(desk) as inbox:
        record = find(inbox, event_id, source=source)
    if record.status is not Status.DEAD:
        raise NotFound(f"event {event_id!r} is no dead letter, it is {record.status}")


def discard(
    desk: Desk, event_ids: Sequence[str], wish: Wish, *, take_all: bool, reason: str, yes: bool
) -> None:
    """
    Close dead letters for good: those named, or all that are wanted.

    Raises:
        Failed: Some were no dead letters any more.

    """
    with redis_of(desk) as client:
        found = _chosen(client, event_ids, wish, take_all=take_all)
        if not found:
            render.talk("no dead letters")
            return
        if not yes:
            confirm(f"Discard {_these(found)} for good? They cannot be replayed afterwards.")
        settings, why = settings_of(desk), f"{desk.operator}: {reason or 'no reason given'}"
        done = [was for record, was in _discard(client, settings, found, why) if _said(record, was=was)]
    if len(done) < len(found):
        raise Failed(f"{len(found) - len(done)} of {len(found)} were no dead letters any more")


def _chosen(client: "redis.Redis", event_ids: Sequence[str], wish: Wish, *, take_all: bool) -> list[Record]:
    if take_all == bool(event_ids):
        raise Misuse("name the dead letters by their event ids, or take --all with filters")
    inbox = Inbox(client)
    if take_all:
        return list(inbox.dead_letters(filter_of(wish, now=now_ms(client))))
    return [find(inbox, event_id, source=wish.source) for event_id in event_ids]


def _these(found: Sequence[Record]) -> str:
    return f"{found[0].id} ({found[0].reason})" if len(found) == 1 else f"{len(found)} dead letters"


def _discard(
    client: "redis.Redis", settings: ConsoleSettings, found: Sequence[Record], why: str
) -> Iterator[tuple[Record, bool]]:
    by_source = attrgetter("source")
    for source, records in groupby(sorted(found, key=by_source), key=by_source):
        yield from dead_letters.discard(client, records, keep_ms=settings.keep_ms(source), why=why)


def _said(record: Record, *, was: bool) -> bool:
    hindrance = "not a dead letter any more" if record.readable else f"not discarded: {NEWER}"
    render.data(f"{record.id}  ", "discarded" if was else (hindrance, Tone.WARN))
    return was
