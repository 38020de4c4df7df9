"""
Which events a replay is for, and `/api/v1/replays/preview`: what it would do with each, without doing it.
"""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from receiver.inbox import Filter, Inbox
from receiver.record import Record

from ..catalog import Catalog
from ..errors import Misuse
from ..filters import filter_of
from ..foresight import Foresight, foresee
from ..rest.operation import Call, Operation, Scope
from ..rest.refusals import ApiError, ErrorCode
from ..rest.shapes import NoPath, NoQuery
from ..wish import Wish
from .lookup import invalid
from .replay_models import MAX_FORESEEN, Chosen, Foreseen, ForeseenStep, Preview


def named(call: Call[NoPath, NoQuery, Any]) -> tuple[str, ...]:
    """
    Return the keys of the events that are named.
    """
    chosen = call.body
    if chosen.all_dead == bool(chosen.events):
        raise invalid("body: name events by their ids, or ask for allDead, with filters")
    inbox = Inbox(call.client)
    found = [_one(inbox, event_id, chosen.source) for event_id in chosen.events]
    return tuple(dict.fromkeys(found))


def _one(inbox: Inbox, event_id: str, source: str) -> str:
    found = [record.key for record in inbox.known_as(event_id, source=source)]
    if not found:
        raise ApiError(ErrorCode.NOT_FOUND, f"there is no event {event_id}")
    if len(found) > 1:
        raise ApiError(ErrorCode.CONFLICT, f"several sources know an event {event_id}: give source")
    return found[0]


def filter_of_dead(call: Call[NoPath, NoQuery, Any]) -> Filter:
    """
    Return which dead letters are meant.
    """
    chosen = call.body
    wish = Wish(
        source=chosen.source,
        type=chosen.type,
        subject=chosen.subject,
        since=chosen.since,
        until=chosen.until,
    )
    try:
        return filter_of(wish, now=call.now())
    except Misuse as error:
        raise invalid(f"body: {error}") from None


def _preview(call: Call[NoPath, NoQuery, Chosen]) -> Preview:
    names, filter_ = named(call), filter_of_dead(call)
    inbox = Inbox(call.client)
    total = len(names) or inbox.count_dead(filter_)
    event_keys = list(islice(names or inbox.dead_keys(filter_), MAX_FORESEEN))
    found = [_foreseen(one) for one in _foresights(call, inbox.records(event_keys))]
    return Preview(total=total, shown=len(found), events=found)


def _foresights(call: Call[NoPath, NoQuery, Any], records: Iterable[Record]) -> Iterator[Foresight]:
    inbox, catalog = Inbox(call.client), Catalog.load(call.services.raw, call.client)
    for record in records:
        terms = call.settings.sources.get(record.source)
        trusted = terms is None or terms.trust == "payload"
        yield foresee(record, inbox.body(record), catalog, trusts_payload=trusted)


def _foreseen(one: Foresight) -> Foreseen:
    steps = [
        ForeseenStep(
            workflow=step.workflow,
            step=step.place,
            action=step.action,
            fate=step.fate.name.lower(),
            meaning=step.fate.value,
        )
        for step in one.steps
    ]
    record = one.record
    return Foreseen(
        event_id=record.id,
        source=record.source,
        status=record.status.value,
        obstacle=one.obstacle or None,
        steps=steps,
    )


OPERATIONS = (
    Operation(
        name="previewReplay",
        method="POST",
        path="/api/v1/replays/preview",
        tag="Replays",
        scope=Scope.READ,
        changes=False,
        summary="What a replay would do with each event, without doing it",
        about=f"Tells of the first {MAX_FORESEEN} events; `orderhook replay --dry-run` tells of all.",
        body=Chosen,
        answer=Preview,
        errors=(ErrorCode.NOT_FOUND, ErrorCode.CONFLICT, ErrorCode.CONFIGURATION_ERROR),
        handler=_preview,
    ),
)
