"""
Dead letters for operators: replay and discard, in batches, each batch one atomic step.
"""

import itertools
from collections.abc import Iterable, Iterator, Sequence

import redis

from receiver import keys, scripts
from receiver.record import Record
from receiver.wake import ShiftTemplate

#: Events in one script call: far below what would make others wait.
BATCH = 500


def replay(client: "redis.Redis", records: Iterable[Record]) -> Iterator[tuple[Record, bool]]:
    """
    Start events again; yield each with whether it was.

    The ledger is kept: a step that is done is not run again. An event in flight, or gone, is not replayed.
    """
    shift = ShiftTemplate()
    for batch in _batches(records):
        events = [part for record in batch for part in (record.key, keys.body(record.key))]
        yield from _run(client, "replay", shift, batch, events)


def discard(
    client: "redis.Redis", records: Iterable[Record], *, keep_ms: int, why: str
) -> Iterator[tuple[Record, bool]]:
    """
    Close dead letters for good; yield each with whether it was one.

    Args:
        keep_ms: How long their records are kept, in milliseconds.
        why: By whom and for what reason; stands in the record.
    """
    shift = ShiftTemplate()
    for batch in _batches(records):
        events = [
            part
            for record in batch
            for part in (record.key, keys.body(record.key), keep_ms + keys.EXPIRY_MARGIN_MS, why)
        ]
        yield from _run(client, "discard", shift, batch, events)


def _run(
    client: "redis.Redis",
    script: str,
    shift: ShiftTemplate,
    batch: Sequence[Record],
    events: Sequence[object],
) -> Iterator[tuple[Record, bool]]:
    wake_keys, wake_arguments = shift.arguments()
    answers = scripts.run_sync(client, script, wake_keys, (*wake_arguments, *events))
    yield from zip(batch, (bool(answer) for answer in answers), strict=True)


def _batches(records: Iterable[Record]) -> Iterator[Sequence[Record]]:
    iterator = iter(records)
    while batch := list(itertools.islice(iterator, BATCH)):
        yield batch
