"""
Which command settles a step whose outcome is unknown, as it can be typed. Pure.
"""

import shlex
from collections.abc import Iterator

from receiver.lifecycle import Status
from receiver.record import Record, Ruling, StepState
from workers.failures import Reason

_WHEN = {Ruling.DONE: "if it had its effect", Ruling.REPEAT: "if it had none"}


def commands(record: Record) -> Iterator[str]:
    """
    Yield the commands that settle the parked steps of a dead letter, each with when it is the right one.
    """
    if record.status is not Status.DEAD:
        return
    for place, entry in record.ledger.items():
        if entry.state is StepState.UNKNOWN:
            yield from _commands(record, place)


def goes_on(record: Record) -> str:
    """
    Return the command that starts a dead letter again whose parked steps are settled; empty for any other.
    """
    if record.status is not Status.DEAD or record.reason != Reason.OUTCOME_UNKNOWN:
        return ""
    if any(entry.state is StepState.UNKNOWN for entry in record.ledger.values()):
        return ""
    return shlex.join(["orderhook", "replay", record.id])


def command(record: Record, place: str) -> str:
    """
    Return the command that settles a step, with both rulings to choose from.
    """
    return f"{_words(record, place)} --{'|--'.join(Ruling)}"


def _commands(record: Record, place: str) -> Iterator[str]:
    for ruling, when in _WHEN.items():
        yield f"{_words(record, place)} --{ruling}  # {when}"


def _words(record: Record, place: str) -> str:
    return shlex.join(["orderhook", "dead-letters", "resolve", record.id, place])
