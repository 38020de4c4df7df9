"""
The record of an event as it stands in Redis, read into a value. Pure; `keys.event` is the schema.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from . import keys, record_lines
from .lifecycle import KNOWN, Status
from .record_lines import (
    RESOLVED_BY,
    AttemptNote,
    Echo,
    Lane,
    LedgerEntry,
    PauseNote,
    Resolution,
    Ruling,
    StepState,
)

__all__ = [
    "NEWEST",
    "RESOLVED_BY",
    "VERSION",
    "AttemptNote",
    "Echo",
    "Lane",
    "LedgerEntry",
    "PauseNote",
    "Record",
    "Resolution",
    "Ruling",
    "StepState",
    "as_json",
    "moment",
]

#: The version of the record that accept.lua writes, and the newest that we read. A release that changes what a record
#: means raises NEWEST, and the one after it VERSION: see "When the record changes" in docs/architecture.md.
#: _shared.lua names both numbers, too.
VERSION = 1
NEWEST = 1
#: What every version says in the same words: all that is read of a record that is newer than NEWEST.
_LASTING = frozenset({"v", "source", "type", "subject", "lane", "status", "accepted", "digest", "bytes"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """An event's record; times are milliseconds since 1970 by Redis' clock, 0 for not yet."""

    key: str
    version: int
    source: str
    id: str
    type: str
    subject: str
    lane: str
    verdict: str
    digest: str
    #: Length of the body.
    bytes: int = 0
    status: Status
    occurred: int
    accepted: int
    #: When it came into a receiver's spool, by that machine's clock; 0 where Redis took it at once.
    spooled: int
    opened: int
    closed: int
    due: int
    reason: str
    error: str
    step: str
    #: What it died with: our version, the workflow's, and the action's module with the digest of its source.
    code: str = ""
    stale: bool
    #: The write of ours that it is the echo of.
    echo: Echo | None = None
    #: How many of our writes led to it, one from the other; 0 for what somebody else did.
    depth: int = 0
    deliveries: int
    duplicate_at: int
    altered: int
    replays: int
    #: The id of the last one, where it is on record.
    replay: str = ""
    #: By whom and why it was discarded.
    discarded: str = ""
    attempt: int
    base: int
    crashes: int
    #: `name@version` of the workflows pinned to the event; None until an attempt matched some.
    plan: tuple[str, ...] | None
    #: What workflows in shadow mode would have done, as `keys.event` describes it.
    shadow: tuple[Mapping[str, Any], ...] = ()
    attempts: tuple[AttemptNote, ...]
    ledger: Mapping[str, LedgerEntry]
    resolutions: tuple[Resolution, ...] = ()
    pauses: Mapping[str, PauseNote] = field(default_factory=dict)
    #: The lane of its subject, while it goes on in one of its own.
    home: str = ""

    @property
    def synthetic(self) -> bool:
        """Return whether we made the event ourselves, since the sender's never came."""
        return self.verdict.startswith(keys.SYNTHETIC)

    @property
    def readable(self) -> bool:
        """Return whether this version knows what the record means; no other may be worked on."""
        return self.version <= NEWEST and self.status in KNOWN

    @property
    def attempts_now(self) -> int:
        """Return the number of the current attempt since the event was accepted or last replayed, from 1."""
        return self.attempt - self.base

    @classmethod
    def read(cls, key: str, fields: Mapping[str, str]) -> "Record":
        """Return the record that the fields of the hash spell; of a newer version, what every version says."""
        if not _knows(fields):
            fields = {name: text for name, text in fields.items() if name in _LASTING}

        def number(name: str) -> int:
            return int(fields.get(name) or 0)

        def text(name: str) -> str:
            return fields.get(name, "")

        return cls(
            key=key,
            version=_version(fields),
            source=text("source"),
            id=keys.event_id(key),
            type=text("type"),
            subject=text("subject"),
            lane=text("lane"),
            verdict=text("verdict"),
            digest=text("digest"),
            bytes=number("bytes"),
            status=Status.named(fields["status"]),
            occurred=number("occurred"),
            accepted=number("accepted"),
            spooled=number("spooled"),
            opened=number("opened") or number("accepted"),
            closed=number("closed"),
            due=number("due"),
            reason=text("reason"),
            error=text("error"),
            step=text("step"),
            code=text("code"),
            stale=text("stale") == "1",
            echo=Echo.parse(text("echo")),
            depth=number("depth"),
            deliveries=1 + number("duplicates"),
            duplicate_at=number("duplicate_at"),
            altered=number("altered"),
            replays=number("replays"),
            replay=text("replay"),
            discarded=text("discarded"),
            attempt=number("attempt"),
            base=number("base"),
            crashes=number("crashes"),
            plan=tuple(json.loads(fields["plan"])) if fields.get("plan") else None,
            shadow=tuple(json.loads(fields["shadow"])) if fields.get("shadow") else (),
            attempts=record_lines.attempts(fields),
            ledger=record_lines.ledger(fields),
            resolutions=record_lines.resolutions(fields),
            pauses=record_lines.pauses(fields),
            home=text("home"),
        )


def _knows(fields: Mapping[str, str]) -> bool:
    """Return whether the record means what this version takes it to mean; `known` in _shared.lua says the same."""
    return _version(fields) <= NEWEST and fields.get("status", "") in KNOWN


def _version(fields: Mapping[str, str]) -> int:
    """Return the version; what is no number to us is newer than what we know."""
    text = fields.get("v") or "1"
    return int(text) if text.isdecimal() else NEWEST + 1


def moment(milliseconds: int) -> datetime:
    """Return a time of the record as a datetime in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _echo_json(echo: Echo | None) -> dict[str, str] | None:
    return None if echo is None else {"write": echo.write, "source": echo.source, "eventId": echo.event_id}


def as_json(record: Record) -> dict[str, Any]:
    """Return the record as `--json` shows it: camelCase names and ISO times, absent ones left out."""

    def time(milliseconds: int) -> str | None:
        return moment(milliseconds).isoformat(timespec="milliseconds") if milliseconds else None

    shown = {
        "eventId": record.id,
        "source": record.source,
        "readable": None if record.readable else False,
        "type": record.type,
        "subject": record.subject,
        "status": record.status.value,
        "reason": record.reason,
        "error": record.error,
        "step": record.step,
        "code": record.code,
        "stale": record.stale,
        "echo": _echo_json(record.echo),
        "depth": record.depth or None,
        "verdict": record.verdict,
        "synthetic": record.synthetic or None,
        "deliveries": record.deliveries,
        "altered": record.altered,
        "replays": record.replays,
        "replay": record.replay,
        "discarded": record.discarded,
        "occurredAt": time(record.occurred),
        "spooledAt": time(record.spooled),
        "acceptedAt": time(record.accepted),
        "closedAt": time(record.closed),
        "dueAt": time(record.due),
        "plan": list(record.plan or ()),
        "shadow": list(record.shadow),
        "attempts": [
            {
                "number": a.number,
                "outcome": a.outcome,
                "startedAt": time(a.started),
                "endedAt": time(a.ended),
                "detail": a.detail,
            }
            for a in record.attempts
        ],
        "steps": [
            {"step": name, "state": e.state.value, "at": time(e.at), "detail": e.detail}
            for name, e in record.ledger.items()
        ],
        "pauses": [
            {
                "step": name,
                "at": time(p.at),
                "until": time(p.until),
                "lane": p.lane.value,
                "why": p.why,
                "resumedAt": time(p.resumed),
                "resumedBy": p.by,
            }
            for name, p in record.pauses.items()
        ],
        "resolutions": [
            {"step": r.step, "as": r.ruling.value, "was": r.was.value, "at": time(r.at), "why": r.why}
            for r in record.resolutions
        ],
    }
    return {name: value for name, value in shown.items() if value not in (None, "", [])}
