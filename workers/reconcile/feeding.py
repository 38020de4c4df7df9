"""
From a missing event to a recorded one: what stands in it, and the same accept that deliveries go through.

Its id follows from the order and the change, so that a second run makes a duplicate. Its time is a little later than
the change: should the real event come after all, it is older than what has been applied, and by default starts nothing.
"""

import hashlib
from collections.abc import Iterator, Sequence

import msgspec
import redis
from redis.exceptions import NoScriptError

from receiver import accept, keys, scripts
from receiver.accept import NewEvent, Outcome
from receiver.intake import plain
from receiver.record import moment
from receiver.wake import ShiftTemplate

from .comparing import CREATED, TOLERANCE_MS, Drift

#: In place of a scheme: nobody has signed it.
VERDICT = "synthetic:reconcile"
#: Events recorded in one command.
BATCH = 100


class NoIdentity(Exception):
    """No receiver has ever used this Redis, so nothing may be recorded in it."""


def events_of(source: str, drift: Drift) -> Iterator[NewEvent]:
    """Yield the missing events of an order, the first first."""
    order = drift.order
    for event_type in drift.missing:
        changed = order.created if event_type == CREATED else order.changed
        event_id = f"synthetic-{_digest(source, order.id, event_type, str(changed), order.status)}"
        body = _body(event_type, event_id, changed, drift)
        yield NewEvent(
            source=source,
            id=event_id,
            type=event_type,
            subject=order.id,
            lane=plain(order.id),
            occurred=str(changed + TOLERANCE_MS),
            digest=hashlib.sha256(body).hexdigest()[:32],
            verdict=VERDICT,
            body=body,
        )


def feed(client: "redis.Redis", events: Sequence[NewEvent]) -> list[Outcome]:
    """
    Record the events, and wake a worker.

    Raises:
        NoIdentity: No receiver has used this Redis yet.
    """
    identity = client.get(keys.identity())
    if not identity:
        raise NoIdentity("no receiver has used this Redis yet; start one first")
    outcomes: list[Outcome] = []
    for begin in range(0, len(events), BATCH):
        batch = events[begin : begin + BATCH]
        answers = _sent(client, accept.command(batch, ShiftTemplate(), str(identity)))
        outcomes += [
            accept.read(answer.encode(), new).outcome for answer, new in zip(answers, batch, strict=True)
        ]
    return outcomes


def _sent(client: "redis.Redis", command: Sequence[object]) -> list[str]:
    try:
        return client.execute_command(*command)  # type: ignore[no-untyped-call, no-any-return]
    except NoScriptError:
        client.script_load(scripts.load("accept").text)
        return client.execute_command(*command)  # type: ignore[no-untyped-call, no-any-return]


def _body(event_type: str, event_id: str, changed: int, drift: Drift) -> bytes:
    """Write it as the sender might have; `synthetic` says that it did not."""
    order = drift.order
    return msgspec.json.encode(
        {
            "type": event_type,
            "timestamp": moment(changed).isoformat(),
            "id": event_id,
            "synthetic": "reconcile",
            "data": {**order.raw, "id": order.id, "status": order.status},
        }
    )


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]
