"""
A sample event for a source, with a made-up order, as the source is configured to read it. Pure.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from receiver.mapping import TypeMapping
from receiver.settings import SourceSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """
    An event to be sent; *data* takes the place of the made-up order's, *timestamp* is in seconds.
    """

    event_id: str
    event_type: str
    timestamp: int
    order_id: str
    data: Mapping[str, Any] | None = None


def body(sample: Sample, settings: SourceSettings) -> bytes:
    """
    Return the body of the event, with id, type and subject also where the source looks for them.
    """
    mapping = settings.mapping
    type_path, word = _type(mapping.type, sample.event_type)
    payload: dict[str, Any] = {
        "event": word if type_path == "event" else sample.event_type,
        "timestamp": datetime.fromtimestamp(sample.timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data": dict(sample.data) if sample.data is not None else _order(sample),
    }
    if settings.scheme.type == "stripe":  # it keeps both in the body
        payload |= {"id": sample.event_id, "type": sample.event_type}
    for path, value in (
        (type_path, word),
        (mapping.id, sample.event_id),
        (mapping.subject if sample.data is None else None, sample.order_id),
    ):
        if path:
            _put(payload, path, value)
    return json.dumps(payload, ensure_ascii=False).encode()


def _type(rule: TypeMapping | None, event_type: str) -> tuple[str | None, str]:
    """
    Return where the event type stands, and the word of the sender's for it.
    """
    if rule is None:
        return None, event_type
    return rule.path, next((word for word, meant in rule.words.items() if meant == event_type), event_type)


def _order(sample: Sample) -> dict[str, Any]:
    """
    Return the fields that Installer.com documents for order.created, with the values of its sample.
    """
    return {
        "id": sample.order_id,
        "displayId": "P1-42",
        "name": "Solar Panel Installation",
        "status": 0,
        "customerName": "John Doe",
        "address": "123 Main St, Oslo",
        "createdAt": datetime.fromtimestamp(sample.timestamp, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def _put(payload: dict[str, Any], path: str, value: str) -> None:
    *tables, last = path.split(".")
    for name in tables:
        inner = payload.setdefault(name, {})
        if not isinstance(inner, dict):
            return  # a list or a value of the user's own stands there; the receiver will say what it misses
        payload = inner
    payload.setdefault(last, value)
