"""
The record of an event as it stands in Redis, read into a value. Pure; `keys.event` is the schema.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from . import keys
from .lifecycle import Status

#: The schema version that accept.lua writes and this module reads.
VERSION = 1


class StepState(StrEnum):
    """What the effect ledger says of a step."""

    #: About to act, or acted and not known to have: the outcome is unknown until the action says how to go on.
    INTENT = "intent"
    #: Finished; never run again.
    DONE = "done"
    #: Failed without an effect; will be run again.
    FAILED = "failed"
    #: Parked for a person: it may have had its effect, and cannot be asked.
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerEntry:
    """One step in the effect ledger; *at* in milliseconds."""

    at: int
    state: StepState
    token: int
    detail: str = ""

    @classmethod
    def parse(cls, text: str) -> "LedgerEntry":
        at, state, token, *detail = text.split(" ", 3)
        return cls(at=int(at), state=StepState(state), token=int(token), detail="".join(detail))


@dataclass(frozen=True, slots=True, kw_only=True)
class AttemptNote:
    """One attempt: when it began and ended (milliseconds; 0 for still running) and what came of it."""

    number: int
    outcome: str
    token: int
    started: int
    ended: int
    detail: str = ""

    @classmethod
    def parse(cls, number: int, text: str) -> "AttemptNote":
        outcome, token, started, *rest = text.split(" ", 4)
        ended, detail = (*rest, "", "")[:2]
        return cls(
            number=number,
            outcome=outcome,
            token=int(token),
            started=int(started),
            ended=int(ended or 0),
            detail=detail,
        )


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
    status: Status
    occurred: int
    accepted: int
    opened: int
    closed: int
    due: int
    reason: str
    error: str
    step: str
    stale: bool
    deliveries: int
    duplicate_at: int
    altered: int
    replays: int
    #: By whom and why it was discarded.
    discarded: str = ""
    attempt: int
    base: int
    crashes: int
    #: `name@version` of the workflows pinned to the event; None until an attempt matched some.
    plan: tuple[str, ...] | None
    attempts: tuple[AttemptNote, ...]
    ledger: Mapping[str, LedgerEntry]

    @property
    def attempts_now(self) -> int:
        """Return the number of the current attempt since the event was accepted or last replayed, from 1."""
        return self.attempt - self.base

    @classmethod
    def read(cls, key: str, fields: Mapping[str, str]) -> "Record":
        """Return the record that the fields of the hash spell."""

        def number(name: str) -> int:
            return int(fields.get(name) or 0)

        def text(name: str) -> str:
            return fields.get(name, "")

        return cls(
            key=key,
            version=number("v"),
            source=text("source"),
            id=keys.event_id(key),
            type=text("type"),
            subject=text("subject"),
            lane=text("lane"),
            verdict=text("verdict"),
            digest=text("digest"),
            status=Status(fields["status"]),
            occurred=number("occurred"),
            accepted=number("accepted"),
            opened=number("opened") or number("accepted"),
            closed=number("closed"),
            due=number("due"),
            reason=text("reason"),
            error=text("error"),
            step=text("step"),
            stale=text("stale") == "1",
            deliveries=1 + number("duplicates"),
            duplicate_at=number("duplicate_at"),
            altered=number("altered"),
            replays=number("replays"),
            discarded=text("discarded"),
            attempt=number("attempt"),
            base=number("base"),
            crashes=number("crashes"),
            plan=tuple(json.loads(fields["plan"])) if fields.get("plan") else None,
            attempts=_attempts(fields),
            ledger=_ledger(fields),
        )


def moment(milliseconds: int) -> datetime:
    """Return a time of the record as a datetime in UTC."""
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def as_json(record: Record) -> dict[str, Any]:
    """Return the record as `--json` shows it: camelCase names and ISO times, absent ones left out."""

    def time(milliseconds: int) -> str | None:
        return moment(milliseconds).isoformat(timespec="milliseconds") if milliseconds else None

    shown = {
        "eventId": record.id,
        "source": record.source,
        "type": record.type,
        "subject": record.subject,
        "status": record.status.value,
        "reason": record.reason,
        "error": record.error,
        "step": record.step,
        "stale": record.stale,
        "verdict": record.verdict,
        "deliveries": record.deliveries,
        "altered": record.altered,
        "replays": record.replays,
        "discarded": record.discarded,
        "occurredAt": time(record.occurred),
        "acceptedAt": time(record.accepted),
        "closedAt": time(record.closed),
        "dueAt": time(record.due),
        "plan": list(record.plan or ()),
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
    }
    return {name: value for name, value in shown.items() if value not in (None, "", [])}


def _attempts(fields: Mapping[str, str]) -> tuple[AttemptNote, ...]:
    found = (
        (int(name.partition(":")[2]), text) for name, text in fields.items() if name.startswith("attempt:")
    )
    return tuple(AttemptNote.parse(number, text) for number, text in sorted(found))


def _ledger(fields: Mapping[str, str]) -> dict[str, LedgerEntry]:
    found = ((_place(name), name, text) for name, text in fields.items() if name.startswith("step:"))
    return {name.partition(":")[2]: LedgerEntry.parse(text) for _, name, text in sorted(found)}


def _place(name: str) -> tuple[int, ...]:
    return tuple(int(part) for part in name.partition(":")[2].split("."))
