"""
One batch of new events as one command: what accept.lua is given, and what it answers.

Knows the shape of the call, not how it is sent (commit.py) nor where the events come from (intake.py).
"""

from collections.abc import Sequence
from enum import StrEnum

from msgspec import Struct

from . import keys, scripts
from .wake import ShiftTemplate


class Outcome(StrEnum):
    """What became of one delivery in Redis."""

    ACCEPTED = "accepted"
    #: Authentic but unusable: kept as a dead letter.
    QUARANTINED = "quarantined"
    #: The event is known.
    DUPLICATE = "duplicate"
    #: The event id is known, with another body: a duplicate, and an alarm.
    ALTERED = "altered"
    #: The body is known under another event id, and the scheme does not sign the id.
    COPIED = "copied"
    #: A key of ours holds something else; nothing was written for this event.
    REFUSED = "refused"


_OUTCOMES = {outcome.value: outcome for outcome in Outcome}


class NewEvent(Struct, frozen=True, kw_only=True):
    """
    An event that is verified, read and ready to be recorded.

    A struct, as what else is made for every delivery: a frozen dataclass of this size takes ten times as long to make.
    """

    source: str
    id: str
    type: str
    subject: str
    #: What the lane is named by: the subject, or a stand-in where it is absent or unfit for a key.
    lane: str
    #: The sender's time of the event in milliseconds since 1970, as text; empty where it sends none.
    occurred: str
    #: Of the body: sha256, first 32 hex digits.
    digest: str
    #: `scheme:index of the secret that matched`.
    verdict: str
    #: Milliseconds for which the same body under another id is a duplicate; 0 where the scheme signs the id.
    guard_ms: int = 0
    #: Why the body is unusable, and in words; empty for a usable one.
    quarantine: str = ""
    error: str = ""
    #: When it came into the spool, in milliseconds since 1970 by this machine's clock; 0 where it never was in one.
    spooled: int = 0
    body: bytes


class Recorded(Struct, frozen=True):
    """Redis' answer for one event; *event_id* is the first one's where a copy came under a new id."""

    outcome: Outcome
    event_id: str
    detail: str = ""


def command(batch: Sequence[NewEvent], shift: ShiftTemplate, identity: str) -> list[object]:
    """Return the EVALSHA that records *batch*, in its order, in the Redis of that identity and in no other."""
    wake_keys, wake_arguments = shift.arguments()
    script_keys: list[object] = [*wake_keys, keys.identity()]
    arguments: list[object] = [*wake_arguments, identity]
    for new in batch:
        record = keys.event(new.source, new.id)
        script_keys += (
            record,
            keys.body(record),
            keys.lane(new.source, new.lane),
            keys.timeline(new.source),
            keys.guard(new.source, new.type, new.digest),
        )
        arguments += (
            new.source,
            new.type,
            new.subject,
            new.occurred,
            new.digest,
            new.verdict,
            new.guard_ms,
            new.quarantine,
            new.error,
            new.body,
            new.spooled or "",
        )
    return ["EVALSHA", scripts.load("accept").sha, *scripts.arguments(script_keys, arguments)]


def read(answer: bytes, new: NewEvent) -> Recorded:
    """Return what accept.lua says of one event."""
    text = answer.decode()
    if text in _OUTCOMES:
        return Recorded(_OUTCOMES[text], new.id)
    if text.startswith("!"):
        return Recorded(Outcome.REFUSED, new.id, text[1:])
    return Recorded(Outcome.COPIED, text.removeprefix(keys.event(new.source, "")))
