"""
What decides whether an event is wanted, read for many at once and without whole records.
"""

from collections.abc import Iterable, Sequence

import redis

from receiver import keys

from ..odata import Facts, Value

#: Where each field stands in a record; source and id stand in its key.
_IN_RECORD = {
    "status": "status",
    "type": "type",
    "subject": "subject",
    "reason": "reason",
    "acceptedAt": "accepted",
    "occurredAt": "occurred",
    "stale": "stale",
}
_TIMES = {"acceptedAt", "occurredAt"}


def facts(client: "redis.Redis", event_keys: Sequence[str], fields: Iterable[str]) -> list[Facts | None]:
    """
    Return what the records say of *fields*; None for a record that is gone. The status is always told.
    """
    names = [name for name in _IN_RECORD if name in {*fields, "status"}]
    with client.pipeline(transaction=False) as pipeline:
        for key in event_keys:
            pipeline.hmget(key, [_IN_RECORD[name] for name in names])
        answers = pipeline.execute()
    return [
        _facts(key, dict(zip(names, texts, strict=True)))
        for key, texts in zip(event_keys, answers, strict=True)
    ]


def _facts(key: str, texts: dict[str, str | None]) -> Facts | None:
    if not texts["status"]:
        return None
    found: dict[str, Value] = {"source": keys.event_source(key), "eventId": keys.event_id(key)}
    for name, text in texts.items():
        found[name] = _value(name, text)
    return found


def _value(name: str, text: str | None) -> Value:
    if name == "stale":
        return text == "1"
    if name in _TIMES:
        return int(text) if text else None
    return text or None
