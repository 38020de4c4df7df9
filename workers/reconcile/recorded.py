"""
What the record knows of orders: the events of a stretch of time, by order; read, and nothing written.
"""

from collections.abc import Mapping

from receiver import strict_json
from receiver.inbox import Filter, Inbox
from receiver.record import Record, StepState
from receiver.strict_json import Unusable

from .comparing import NOTHING, Known


def known_orders(inbox: Inbox, source: str, *, since: int) -> Mapping[str, Known]:
    """Return what is known of each order that had an event at *since* or later, in milliseconds."""
    found: dict[str, Known] = {}
    for record in inbox.events(Filter(source=source, since=since), newest_first=False):
        if record.readable and record.subject:
            found[record.subject] = _with(found.get(record.subject, NOTHING), record)
    return found


def told_status(inbox: Inbox, known: Known) -> str | None:
    """Return the status that the newest event told of, where its body says one as the Dispatch API does."""
    record = next(inbox.records([known.key]), None) if known.key else None
    body = inbox.body(record) if record else None
    try:
        found = strict_json.lookup(strict_json.parse(body.encode()), "data.status") if body else None
    except Unusable:
        return None
    return found if isinstance(found, str) else None


def _with(known: Known, record: Record) -> Known:
    time = record.occurred or record.accepted
    is_newer = time >= known.newest
    done = [entry.at for entry in record.ledger.values() if entry.state is StepState.DONE]
    return Known(
        newest=max(time, known.newest),
        types=known.types | {record.type},
        wrote=max([known.wrote, *done]),
        key=record.key if is_newer else known.key,
    )
