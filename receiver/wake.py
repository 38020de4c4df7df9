"""
The shift as rq takes it: the one rq job that our scripts put into rq's queue.

The fields come from rq's own `Job`, so that an rq upgrade changes them here too; a test compares what a script wrote
with what rq writes. The job names a function of the workers by a string, and holds nothing of an order.
"""

import time
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import redis
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer
from rq.utils import utcformat

from . import keys

#: The function that rq's workers run; a string, since the receiver cannot import workers.
SHIFT_FUNCTION = "workers.shift.run"
#: Seconds after which rq ends a shift by force: a shift's time and the longest event, with room.
SHIFT_TIMEOUT_S = 180
#: Seconds for which rq keeps a shift that was ended by force, for `rq info` and a look at its traceback.
FAILURE_TTL_S = 3600


def new_job(connection: "redis.Redis", job_id: str) -> Job:
    """Return the shift as rq's own `Job`, ready to be queued by rq or taken apart by `ShiftTemplate`."""
    return Job.create(
        SHIFT_FUNCTION,
        connection=connection,
        id=job_id,
        origin=keys.QUEUE,
        status=JobStatus.QUEUED,
        timeout=SHIFT_TIMEOUT_S,
        result_ttl=0,
        failure_ttl=FAILURE_TTL_S,
        description="a shift: drains ready lanes",
        serializer=JSONSerializer,
    )


def _template() -> dict[str, Any]:
    # The client is never connected: rq wants one to make a Job, and only its fields are taken here.
    return new_job(redis.Redis(), "template").to_dict()


@dataclass(frozen=True, slots=True)
class ShiftTemplate:
    """Makes the arguments by which a script queues a shift; build one per process."""

    fields: dict[str, Any] = field(default_factory=_template)
    #: The fields of this second, since every batch of the receiver carries them: [second, fields as a flat list].
    _fresh: list[Any] = field(default_factory=lambda: [-1, []])

    def arguments(self) -> tuple[tuple[str, str, str], list[Any]]:
        """Return KEYS 6 to 8 and ARGV 2 onwards of a script that can wake: see `shift_arguments` in _shared.lua."""
        job_id, flat = str(uuid.uuid4()), self._flat_fields()
        return (keys.rq_queue(), keys.rq_queues(), keys.rq_job(job_id)), [
            keys.wake(),
            job_id,
            len(flat),
            *flat,
        ]

    def _flat_fields(self) -> list[Any]:
        second = int(time.time())
        if self._fresh[0] != second:
            now = utcformat(datetime.fromtimestamp(second, UTC))
            fields = self.fields | {"created_at": now, "enqueued_at": now}
            self._fresh[:] = [second, [part for pair in fields.items() for part in pair]]
        flat: list[Any] = self._fresh[1]
        return flat
