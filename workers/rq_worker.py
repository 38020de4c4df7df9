"""
One rq worker process: stock rq, one queue, JSON only, and no function but ours.

JSON alone does not stop code that somebody writes into Redis (rq imports whatever a job names), so a job's function is
looked up in a table and its callbacks are not run at all.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Callable

import redis
import structlog
from redis.backoff import EqualJitterBackoff, NoBackoff
from redis.exceptions import OutOfMemoryError, ReadOnlyError
from redis.retry import Retry
from rq import Queue, Worker
from rq.job import Job
from rq.serializers import JSONSerializer

from receiver import keys, logs
from receiver.settings import ConfigError
from receiver.wake import SHIFT_FUNCTION, ShiftTemplate

from . import shift, sweeper
from .plant import Plant, plant

log = structlog.get_logger()

#: rq waits for a job this long less 15 s, and looks after its registries and our chain of shifts in between.
WORKER_TTL_S = 25
MAINTENANCE_S = 10
MONITORING_S = 5
#: How long rq waits for a Redis that does not answer or takes no writes, in seconds: at first and at most.
FIRST_WAIT_S = 0.05
LONGEST_WAIT_S = 2.0
#: What passes when Redis is back, a replica has become the primary, or memory has been freed.
OUTAGES = (redis.ConnectionError, redis.TimeoutError, ReadOnlyError, OutOfMemoryError)
#: Seconds that a shift may take beyond its own time and its longest event, before rq ends it by force.
ROOM_S = 30
#: From linux/prctl.h.
_PR_SET_PDEATHSIG = 1

#: All that a worker of ours ever runs.
FUNCTIONS: dict[str, Callable[[], None]] = {SHIFT_FUNCTION: shift.run}


class JobRejected(Exception):
    """A job names a function that is not ours: somebody else writes to this Redis. An operator must look."""


class _Outage(EqualJitterBackoff):
    """The waits of one outage; its beginning is logged."""

    def compute(self, failures: int) -> float:
        if failures == 1:
            log.warning("worker.waits_for_redis", longest_wait_s=LONGEST_WAIT_S)
        return super().compute(failures)


def patience() -> Retry:
    """
    Return how rq's own commands meet an outage: again until they succeed.

    rq ends its worker on the first error. Its commands may be sent twice without harm: they hold nothing of an order,
    and a shift that is lost or doubled between two of them is made good by the relay.
    """
    backoff = _Outage(cap=LONGEST_WAIT_S, base=FIRST_WAIT_S)
    return Retry(backoff, retries=-1, supported_errors=OUTAGES)


class ShiftJob(Job):
    """rq's Job, but its function comes from FUNCTIONS and it has no callbacks."""

    @property
    def func(self) -> Callable[[], None]:
        name = self.func_name
        if name not in FUNCTIONS or self.args or self.kwargs:
            raise JobRejected(
                f"the job {self.id} names {name!r}; only {', '.join(FUNCTIONS)} without arguments is run"
            )
        return FUNCTIONS[name]

    @property
    def success_callback(self) -> None:
        return None

    @property
    def failure_callback(self) -> None:
        return None

    @property
    def stopped_callback(self) -> None:
        return None


class ShiftWorker(Worker):
    """rq's Worker, which also keeps the chain of shifts alive, sweeps, and tells a running shift when it must stop."""

    job_class = ShiftJob
    plant: Plant

    def execute_job(self, job: Job, queue: Queue) -> None:
        section = self.plant.settings.worker
        job.timeout = int(section.shift_s + section.event_deadline_s) + ROOM_S
        super().execute_job(job, queue)

    def run_maintenance_tasks(self) -> None:
        super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        text_client = self._text_client()
        sweeper.relay(text_client, ShiftTemplate())
        sweeper.sweep_if_due(text_client, self.plant)

    def handle_warm_shutdown_request(self) -> None:
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        self.connection.set_retry(Retry(NoBackoff(), 0))  # who must go does not wait
        if self.horse_pid:
            os.kill(self.horse_pid, signal.SIGTERM)  # the shift gives back what it has not begun

    def setup_work_horse_signals(self) -> None:
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        end_with_parent(signal.SIGTERM)

    def _text_client(self) -> "redis.Redis":
        kwargs = self.connection.connection_pool.connection_kwargs | {"decode_responses": True}
        pool = redis.ConnectionPool(
            connection_class=self.connection.connection_pool.connection_class, **kwargs
        )
        return redis.Redis(connection_pool=pool)


def build(tools: Plant) -> ShiftWorker:
    """Return the worker for this process."""
    connection = redis.Redis.from_url(tools.settings.redis_url, retry=patience())
    worker = ShiftWorker(
        [keys.QUEUE],
        connection=connection,
        serializer=JSONSerializer,
        job_class=ShiftJob,
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=MAINTENANCE_S,
        job_monitoring_interval=MONITORING_S,
        log_job_description=False,
    )
    worker.plant = tools
    return worker


def alive(redis_url: str) -> list[str]:
    """Return the names of the workers that are alive by rq's own account: a dead one's key has expired."""
    with redis.Redis.from_url(redis_url, retry=Retry(NoBackoff(), 0)) as connection:
        found = ShiftWorker.all(connection=connection, job_class=ShiftJob, serializer=JSONSerializer)
        return [worker.name for worker in found if keys.QUEUE in worker.queue_names()]


def end_with_parent(sign: int) -> None:
    """Ask the kernel to send *sign* to this process when its parent ends; does nothing but on Linux."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, sign)


def main() -> int:
    """Work until SIGTERM or SIGINT; the supervisor starts it anew if it ends by itself."""
    logs.set_up()
    end_with_parent(signal.SIGTERM)
    try:
        tools = plant()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    try:
        build(tools).work(logging_level="WARNING", with_scheduler=False)
    except (redis.RedisError, OSError) as error:
        log.warning("worker.redis_unreachable", error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
