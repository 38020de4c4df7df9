"""Events for tests: `an_event()` is valid by default, spoil one thing; `accepted` records it as the receiver would."""

import hashlib
import json

from receiver import accept, keys, scripts
from receiver.accept import NewEvent, Outcome
from receiver.record import Record
from receiver.wake import ShiftTemplate

SHIFT = ShiftTemplate()
#: Of a Redis that tests have emptied.
IDENTITY = "test"


def an_event(event_id: str = "evt-1", *, subject: str = "order-1", **changes) -> NewEvent:
    """Return an `order.created` of source `shop`; *changes* are fields of NewEvent, `data` the payload's data."""
    data = {"id": subject, **changes.pop("data", {})}
    event_type = changes.get("type", "order.created")
    body = changes.pop("body", json.dumps({"event": event_type, "data": data}).encode())
    fields = {
        "source": "shop",
        "id": event_id,
        "type": event_type,
        "subject": subject,
        "lane": subject,
        "occurred": "",
        "digest": hashlib.sha256(body).hexdigest()[:32],
        "verdict": "hmac:0",
        "body": body,
    }
    return NewEvent(**fields | changes)


def accepted(client, *events: NewEvent, into: str = "") -> list[Outcome]:
    """Record *events* in one batch; return what became of each."""
    script = scripts.load("accept")
    client.script_load(script.text)
    answers = client.execute_command(*accept.command(events, SHIFT, into or identity(client)))
    return [accept.read(answer.encode(), new).outcome for answer, new in zip(answers, events, strict=True)]


def identity(client) -> str:
    """Return the identity of a Redis; an empty one gets one, as by the first receiver."""
    client.set(keys.identity(), IDENTITY, nx=True)
    return client.get(keys.identity())


def emptied(client) -> None:
    """Take all events out of a Redis; for receivers that go on to write to it, it stays the same."""
    client.flushall()
    client.set(keys.identity(), IDENTITY)


def written(client) -> list[str]:
    """
    Return every key but the identity, which is there before the first delivery, and the traces of what made no event.
    """
    beside = (keys.identity(), keys.trace_streams())
    return [
        key
        for key in client.scan_iter()
        if key not in beside and not key.startswith(keys.traces("", "")[:-1])
    ]


def record(client, event_id: str = "evt-1", *, source: str = "shop") -> Record:
    """Return the record of an event."""
    key = keys.event(source, event_id)
    return Record.read(key, client.hgetall(key))


def expire_leases(client) -> None:
    """Make every lane due, as if its lease or its wait were over."""
    for source in client.smembers(keys.sources()):
        for lane in client.zrange(keys.ready(source), 0, -1):
            client.zadd(keys.ready(source), {lane: 0})
