"""
From a verified delivery to an event ready to be recorded. Pure: bytes and settings in, a value out.

Owns the rules for event id, event type, subject and time; knows neither HTTP nor Redis.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from . import strict_json
from .accept import NewEvent
from .mapping import EVENT_TYPE, TypeMapping
from .strict_json import JSON, Unusable
from .verification import Verified

#: What may stand in a key as it is; anything else is replaced by a digest.
_PLAIN = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,127}\Z")
#: Where the sender's time of the event is looked for, unless the source says.
_TIME_NAMES = ("timestamp", "occurredAt", "created")
#: Later than the year 2001, a number of seconds has 10 digits and one of milliseconds 13.
_MILLISECONDS_FROM = 10**11
#: Longest subject that is kept as text.
_MAX_SUBJECT = 256


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How a source's bodies are read: dotted paths, `None` for the usual places."""

    source: str
    subject_path: str = "data.id"
    type: TypeMapping | None = None
    id_path: str | None = None
    occurred_path: str | None = None
    #: Milliseconds for which a body is claimed where the scheme signs the body alone.
    guard_ms: int = 0
    #: Milliseconds for which the same body without an id is the same event; 0 for as long as the event is known.
    same_body_ms: int = 0
    #: Whether the sender's time of the event is taken. Of a sender that nobody has verified it is not: one forged time
    #: in the future would make every later event of the order stale.
    takes_time: bool = True
    #: Whether the body is an envelope. Where it is the order or product itself, its `type` is no event type.
    envelope: bool = True


@dataclass(frozen=True, slots=True)
class Invalid:
    """An unusable body from a source that nobody vouches for; *detail* says why."""

    detail: str


def read(
    body: bytes, verified: Verified, reading: Reading, *, authentic: bool, now: float
) -> NewEvent | Invalid:
    """
    Return the event that *body* tells of, delivered at *now*, in seconds since 1970.

    An authentic delivery that is unusable comes back quarantined: refusing it would make the sender give up or try
    for days. From an unverified source it is `Invalid`.
    """
    digest = hashlib.sha256(body).hexdigest()[:32]
    try:
        payload = strict_json.parse(body)
        event_type = _event_type(payload, verified, reading)
    except Unusable as error:
        return _quarantined(body, digest, verified, reading, str(error)) if authentic else Invalid(str(error))
    subject = _subject(payload, reading)
    guard_ms = reading.guard_ms if verified.replay_guard else 0
    event_id = _event_id(payload, verified, reading)
    if not event_id:
        # A body that says the same each time is told apart by when it came, and a repeat by the claim on the body.
        moment = b"%d" % (now * 1e9) if reading.same_body_ms else b""
        guard_ms = max(guard_ms, reading.same_body_ms)
        event_id = _derived_id(reading.source, event_type, subject, body, moment)
    return NewEvent(
        source=reading.source,
        id=event_id,
        type=event_type,
        subject=subject,
        lane=plain(subject) or event_id,
        occurred=_occurred(payload, reading) if reading.takes_time else "",
        digest=digest,
        verdict=f"{verified.scheme}:{verified.secret_index}",
        guard_ms=guard_ms,
        body=body,
    )


def _quarantined(body: bytes, digest: str, verified: Verified, reading: Reading, why: str) -> NewEvent:
    event_id = verified.event_id or digest
    return NewEvent(
        source=reading.source,
        id=event_id,
        type=verified.event_type or "",
        subject="",
        lane=event_id,
        occurred="",
        digest=digest,
        verdict=f"{verified.scheme}:{verified.secret_index}",
        guard_ms=reading.guard_ms if verified.replay_guard else 0,
        quarantine="payload_invalid",
        error=why,
        body=body,
    )


def _event_type(payload: JSON, verified: Verified, reading: Reading) -> str:
    """Look where the source says, else in `event` and `type` of an envelope, else in the scheme's header."""
    if reading.type is not None:
        mapped = reading.type.read(payload)
        if mapped is None:
            raise Unusable(reading.type.missing)
        return mapped
    found: Any = None
    if reading.envelope:
        found = payload.get("event")
        if type(found) is not str:
            found = payload.get("type")
    if type(found) is not str:
        found = verified.event_type
    if type(found) is not str or not EVENT_TYPE.match(found):
        raise Unusable("no event type: `event` or `type` in the body, or the scheme's header, must name one")
    return found


def _subject(payload: JSON, reading: Reading) -> str:
    """Return the subject as text, at most 256 characters; empty where the event has none."""
    found = strict_json.lookup(payload, reading.subject_path)
    text = found if type(found) is str else str(found) if type(found) is int else ""
    return text if len(text) <= _MAX_SUBJECT else _digest(text)


def _event_id(payload: JSON, verified: Verified, reading: Reading) -> str | None:
    if reading.id_path is None:
        return verified.event_id
    found = strict_json.lookup(payload, reading.id_path)
    text = found if type(found) is str else str(found) if type(found) is int else ""
    return plain(text) or verified.event_id


def plain(text: str) -> str:
    """Return *text* if it may stand in a key, its digest if not, empty for empty."""
    return text if not text or _PLAIN.match(text) else _digest(text)


def _digest(text: str) -> str:
    return "~" + hashlib.sha256(text.encode()).hexdigest()[:32]


def _derived_id(source: str, event_type: str, subject: str, body: bytes, moment: bytes) -> str:
    """
    Return an id where the sender sends none; the body holds the event's time, which tells alike events apart.

    Where it does not, *moment* does: of a source without `same_body_s` it is empty, and left out.
    """
    parts = (source.encode(), event_type.encode(), subject.encode(), body, *filter(None, (moment,)))
    return hashlib.sha256(b"".join(b"%d:%b" % (len(part), part) for part in parts)).hexdigest()[:32]


def _occurred(payload: JSON, reading: Reading) -> str:
    if reading.occurred_path is not None:
        return _milliseconds(strict_json.lookup(payload, reading.occurred_path))
    for name in _TIME_NAMES:
        if text := _milliseconds(payload.get(name)):
            return text
    return ""


def _milliseconds(value: Any) -> str:
    """Return a time given in ISO 8601, seconds or milliseconds as milliseconds; empty for anything else."""
    if type(value) is int and 0 < value < 10**14:
        return str(value if value >= _MILLISECONDS_FROM else value * 1000)
    if type(value) is not str:
        return ""
    try:
        moment = datetime.fromisoformat(value)
        return str(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))
    except (ValueError, OverflowError):
        return ""
