"""
`orderhook events list` and `tail`: the recorded events as a list, or as they come.
"""

import contextlib
import time
from collections.abc import Iterable, Sequence
from itertools import islice

import redis

from receiver.inbox import Filter, Inbox
from receiver.record import Record, as_json, moment

from .. import moments, render
from ..access import now_ms, redis_of
from ..catalog import stored_actions
from ..desk import Desk
from ..filters import filter_of
from ..follow import Follower, News
from ..render import Piece
from ..story import Tone
from ..wish import Wish

#: Seconds between two looks of `events tail`.
LOOK_EVERY_S = 0.2


def show_list(desk: Desk, wish: Wish, *, limit: int, as_jsonl: bool) -> None:
    """
    Print the newest wanted events.
    """
    with redis_of(desk) as client:
        wanted = filter_of(wish, now=now_ms(client))
        found = list(islice(Inbox(client).events(wanted), limit))
    print_events(found, as_jsonl=as_jsonl)
    if not found and not as_jsonl:
        render.talk("no such events")


def print_events(found: Sequence[Record], *, as_jsonl: bool) -> None:
    """
    Print events as a table, or each as a line of JSON.
    """
    if as_jsonl:
        for record in found:
            render.json_line(as_json(record))
    elif found:
        render.table(
            ("ACCEPTED", "SOURCE", "TYPE", "SUBJECT", "STATUS", "ATTEMPTS", "REASON", "EVENT ID"),
            map(_row, found),
        )


def _row(record: Record) -> Sequence[Piece]:
    return (
        moments.stamp(record.accepted),
        record.source,
        record.type or "-",
        record.subject or "-",
        render.status(record.status),
        str(record.attempt),
        record.reason or "-",
        record.id,
    )


def tail(desk: Desk, wish: Wish, *, as_jsonl: bool) -> None:
    """
    Print what happens to the wanted events until Ctrl-C, from now or from *since* on.
    """
    with redis_of(desk) as client, contextlib.suppress(KeyboardInterrupt):
        now = now_ms(client)
        wanted = filter_of(wish, now=now)
        if not as_jsonl:
            render.talk("following; Ctrl-C ends it")
        _follow(client, wanted, since=wanted.since or now, as_jsonl=as_jsonl)


def _follow(client: "redis.Redis", wanted: Filter, *, since: int, as_jsonl: bool) -> None:
    follower = Follower(inbox=Inbox(client), wanted=wanted, actions=stored_actions(client), since=since)
    while True:
        print_news(follower.look(), as_jsonl=as_jsonl)
        time.sleep(LOOK_EVERY_S)


def print_news(news: Iterable[News], *, as_jsonl: bool) -> None:
    """
    Print what is new, one line each.
    """
    for one in news:
        if as_jsonl:
            render.json_line(_news_json(one))
        else:
            render.data(*news_line(one, label=one.record.subject))


def news_line(news: News, *, label: str) -> tuple[Piece, ...]:
    """
    Return a line such as `10:15:02  P1-42  order.created  accepted`.
    """
    return (
        (f"{moments.clock(news.line.at)}  ", Tone.FAINT),
        f"{label or '-':<8}  {news.record.type or '-':<24}  ",
        (news.line.text, news.line.tone),
    )


def _news_json(news: News) -> dict[str, str]:
    record = news.record
    return {
        "at": moment(news.line.at).isoformat(timespec="milliseconds"),
        "source": record.source,
        "eventId": record.id,
        "type": record.type,
        "subject": record.subject,
        "status": record.status.value,
        "text": news.line.text,
    }
