"""
An event as the console explains it: its record, its body, and whether its source's word is believed.
"""

import redis

from receiver.inbox import Inbox
from receiver.record import Record
from workers.failures import Permanent
from workers.loops import LoopRules
from workers.views import event_view

from .errors import Failed
from .explaining import Case
from .settings import ConsoleSettings
from .story import NEWER


def case_of(client: "redis.Redis", record: Record, settings: ConsoleSettings) -> Case:
    """
    Return the event with what its workflows see of it.

    Raises:
        Failed: Its body cannot be had, or a newer orderhook wrote its record.

    """
    if not record.readable:
        raise Failed(NEWER)
    try:
        return read_case(record, Inbox(client).body(record), settings)
    except Permanent as failure:
        raise Failed(failure.message) from failure


def read_case(record: Record, body: str | None, settings: ConsoleSettings) -> Case:
    """
    Return the event of a record and its body.

    Raises:
        Permanent: The body was erased, or is not usable.

    """
    terms = settings.sources.get(record.source)
    trusts_payload = terms is None or terms.trust == "payload"
    text = None if body is None else body.encode()
    event = event_view(record, text, trusts_payload=trusts_payload)
    passed_over = passes_over(record, settings)
    return Case(record=record, event=event, trusts_payload=trusts_payload, passed_over=passed_over)


def passes_over(record: Record, settings: ConsoleSettings) -> bool:
    """
    Return whether the event is an echo that starts no workflow but those that ask for it.
    """
    return LoopRules.of(settings.guard_of(record.source)).passes_over(record)
