"""
The life of an event: its statuses and the legal moves between them.

Everything that says which move is legal stands here.
The Lua scripts receive the table as an argument and the diagram in the docs is drawn from it.
"""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class Status(StrEnum):
    """Where an event stands; each member says how one gets in and out."""

    #: Recorded and waiting its turn in its lane; in by accept, replay or resume, out by a claim.
    PENDING = "pending"
    #: Claimed by a worker under a lease; out when the attempt is settled, or claimed again after a crash.
    RUNNING = "running"
    #: Waiting out a backoff at the head of its lane; out by the next claim.
    RETRYING = "retrying"
    #: Every step of every matching workflow is done. Kept for the source's retention.
    SUCCEEDED = "succeeded"
    #: Recorded, but there was nothing to do; the reason says why. Kept for the source's retention.
    IGNORED = "ignored"
    #: A newer event of the same type waits in its lane, and its workflows want the newest only.
    SUPERSEDED = "superseded"
    #: An action waits to be resumed; out by a resume, when its time is over, or when a person discards it.
    PAUSED = "paused"
    #: Will not be attempted again by itself; kept, without limit, until replayed or discarded.
    DEAD = "dead"
    #: A dead letter, or a paused event, that an operator closed for good. Kept for the source's retention.
    DISCARDED = "discarded"

    @classmethod
    def named(cls, word: str) -> "Status":
        """
        Return the status of that name; for a word of a newer orderhook one that is called so, and in no table.
        """
        if word in KNOWN:
            return cls(word)
        strange = str.__new__(cls, word)
        strange._name_, strange._value_ = word, word
        return strange


#: The statuses that this version knows; one in a record may be of a newer one.
KNOWN = frozenset(Status)

#: Accepted events that are not at their end: the in-flight side of the loss equation.
IN_FLIGHT = frozenset({Status.PENDING, Status.RUNNING, Status.RETRYING, Status.PAUSED})

#: Statuses that retention may remove.
CLOSED = frozenset({Status.SUCCEEDED, Status.IGNORED, Status.SUPERSEDED, Status.DISCARDED})

#: Every legal move. RUNNING to RUNNING is a claim after the lease of a dead holder ran out;
#: RUNNING to PENDING is a worker that gives an event back because it must stop.
MOVES: Mapping[Status, frozenset[Status]] = MappingProxyType(
    {
        Status.PENDING: frozenset({Status.RUNNING}),
        Status.RUNNING: frozenset(
            {
                Status.SUCCEEDED,
                Status.IGNORED,
                Status.SUPERSEDED,
                Status.RETRYING,
                Status.PAUSED,
                Status.DEAD,
                Status.RUNNING,
                Status.PENDING,
            }
        ),
        Status.RETRYING: frozenset({Status.RUNNING}),
        Status.PAUSED: frozenset({Status.PENDING, Status.DISCARDED}),
        Status.DEAD: frozenset({Status.PENDING, Status.DISCARDED}),
        Status.IGNORED: frozenset({Status.PENDING}),
        Status.SUPERSEDED: frozenset({Status.PENDING}),
        Status.SUCCEEDED: frozenset({Status.PENDING}),
        Status.DISCARDED: frozenset(),
    }
)


def moves_text() -> str:
    """Return the table as the scripts take it: `" pending>running running>dead … "`, each move between spaces."""
    pairs = sorted(f"{start}>{end}" for start, ends in MOVES.items() for end in ends)
    return f" {' '.join(pairs)} "


def diagram() -> str:
    """Return the table as a Mermaid state diagram, for the docs."""
    lines = ["stateDiagram-v2", "    [*] --> pending: accept", "    [*] --> dead: quarantine"]
    for start, ends in MOVES.items():
        lines += [f"    {start} --> {end}" for end in sorted(ends)]
    lines += [f"    {status} --> [*]: retention" for status in sorted(CLOSED)]
    return "\n".join(lines)
