"""
`orderhook deliveries`: what came, and what was made of it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from receiver.deliveries import ALL, Deliveries, Delivery, Wanted, as_json
from receiver.traces import REJECTED

from .. import moments, render
from ..access import now_ms, redis_of
from ..desk import Desk
from ..errors import Misuse, NotFound
from ..filters import time_of
from ..render import Piece
from ..story import Tone

_TONES = {"accepted": Tone.GOOD, "quarantined": Tone.BAD, "duplicate": Tone.FAINT, REJECTED: Tone.WARN}


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryWish:
    """
    Which deliveries are wanted, as it was typed; an empty field wants all.
    """

    source: str = ""
    outcome: str = ""
    code: str = ""
    since: str = ""
    until: str = ""


def show_list(desk: Desk, wish: DeliveryWish, *, limit: int, as_jsonl: bool) -> None:
    """
    Print the newest wanted deliveries.

    Raises:
        Misuse: A time or an outcome cannot be read.

    """
    with redis_of(desk) as client:
        now = now_ms(client)
        found = list(islice(_every(Deliveries(client, now=now), wanted(wish, now=now)), limit))
    for one in found if as_jsonl else ():
        render.json_line(as_json(one))
    if found and not as_jsonl:
        render.table(("TIME", "SOURCE", "OUTCOME", "WHY", "DELIVERY ID"), map(_row, found))
    if not found and not as_jsonl:
        render.talk("no such deliveries in the last week")


def wanted(wish: DeliveryWish, *, now: int) -> Wanted:
    """
    Return the filter; relative times are frozen at *now* (milliseconds).

    Raises:
        Misuse: A time or an outcome cannot be read.

    """
    if wish.outcome and wish.outcome not in ALL:
        raise Misuse(f"{wish.outcome!r} is no outcome; expected {', '.join(ALL)}")
    return Wanted(
        source=wish.source,
        outcome=wish.outcome,
        code=wish.code,
        since=time_of(wish.since, now, default=0),
        until=time_of(wish.until, now, default=now + 1),
    )


def _every(deliveries: Deliveries, wanted: Wanted) -> Iterator[Delivery]:
    cursor = ""
    while True:
        page = deliveries.page(wanted, cursor=cursor)
        yield from page.deliveries
        if not page.cursor:
            return
        cursor = page.cursor


def _row(one: Delivery) -> Sequence[Piece]:
    more = f" (and {one.more} more like it)" if one.more else ""
    why = one.code if one.outcome == REJECTED else one.detail or one.event_id
    return (
        moments.stamp(one.at),
        one.source,
        (one.outcome, _TONES[one.outcome]),
        f"{why}{more}".strip() or "-",
        one.id,
    )


def show_one(desk: Desk, delivery_id: str, *, body: bool, as_jsonl: bool) -> None:
    """
    Print all that is known of one delivery.

    Raises:
        NotFound: There is none of that id, or none any more.

    """
    with redis_of(desk) as client:
        deliveries = Deliveries(client, now=now_ms(client))
        found = deliveries.find(delivery_id)
        if found is None:
            raise NotFound(f"no delivery {delivery_id!r}; `orderhook deliveries list` shows the last week's")
        text = deliveries.body(found) if body else None
    if as_jsonl:
        render.json_line({**as_json(found), **({"body": text} if body else {})})
        return
    render.fields(_facts(found))
    if body:
        render.data("")
        render.data(text if text is not None else ("the body was not kept", Tone.WARN))


def _facts(found: Delivery) -> Iterator[tuple[str, Piece]]:
    yield "delivery", found.id
    yield "time", moments.precise(found.at)
    yield "source", found.source
    yield "outcome", (found.outcome, _TONES[found.outcome])
    yield "code", found.code if found.outcome == REJECTED else ""
    yield "why", found.detail
    yield "answered", "" if found.status is None else str(found.status)
    yield "event", found.event_id
    yield "scheme", found.scheme
    yield "bytes", "" if found.bytes is None else str(found.bytes)
    yield "from", found.remote
    yield "took", "" if found.duration_ms is None else f"{found.duration_ms:.1f} ms"
    yield "more", f"{found.more} like it, since the one before, are not listed" if found.more else ""
