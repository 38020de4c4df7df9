"""
Which command settles a step whose outcome is unknown, as it can be typed. Pure.
"""

import shlex
from collections.abc import Iterator

from receiver.lifecycle import Status
from receiver.record import Record, Ruling, StepState

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
