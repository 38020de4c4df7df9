"""
One rq worker process: stock rq, one queue, JSON only, no function but ours, and a shift that is looked after.
"""

import contextlib
import os
import random
import signal
import sys
from collections.abc import Callable
from typing import Any

import redis
import structlog
from redis.retry import Retry
from rq import Queue, Worker, worker_registration
from rq.exceptions import StopRequested
from rq.job import Job
from rq.serializers import JSONSerializer

from receiver import keys, logs, store
from receiver.settings import ConfigError
from receiver.wake import ShiftTemplate

from . import shift, sweeper
from .outages import Patience
from .parenthood import end_with_parent, leave_without
from .plant import Plant, plant
from .pulse import pulse
from .reconcile.job import Jobs
from .rq_job import ShiftJob
from .watch import Vigil, Watch

log = structlog.get_logger()

#: rq waits for a job this long less 15 s, and looks after its registries and our chain of shifts in between.
WORKER_TTL_S = 25
MAINTENANCE_S = 10
MONITORING_S = 5
#: Seconds that a shift may take beyond its own time and its longest event: then the watch kills it, and else rq.
ROOM_S = 10
RQ_ROOM_S = 30
#: Longest wait for a connection and for an answer, in seconds; rq waits longer where it waits for a job.
REDIS_TIMEOUT_S = 5.0
#: Longest wait for Redis of the watch, which has a second for each look, in seconds.
WATCH_TIMEOUT_S = 1.0
#: How long who leaves waits for the thread that hears commands, in seconds; then it ends with the process.
LEAVE_S = 1.0


class ShiftWorker(Worker):
    """rq's Worker, which also sweeps, watches over its shift, and tells it when it must stop."""

    job_class = ShiftJob
    plant: Plant
    patience: Patience
    vigil: Vigil
    jobs: Jobs
    #: Of a child that rq has not forked: who has.
    _parent: int | None = None

    def work(self, *args: Any, **kwargs: Any) -> bool:
        watch = Watch(self.vigil, shift=self._running_shift, kill=self._kill_shift, relay=self._relay())
        watch.start()
        try:
            return super().work(*args, **kwargs)
        finally:
            watch.end()

    def execute_job(self, job: Job, queue: Queue) -> None:
        section = self.plant.settings.worker
        job.timeout = int(section.shift_s + section.event_deadline_s) + RQ_ROOM_S
        pulse().rest()
        super().execute_job(job, queue)

    def run_maintenance_tasks(self) -> None:
        super().run_maintenance_tasks()  # type: ignore[no-untyped-call]
        self._register_again()
        with _client(self.plant, retry=self.patience, text=True) as client:
            sweeper.sweep_if_due(client, self.plant)
            self.jobs.start_due(client, self.plant.settings)

    def _register_again(self) -> None:
        """Appear anew in `rq info` after an outage in which rq's record of this worker has expired."""
        if self.connection.hexists(self.key, "birth"):
            return
        with self.connection.pipeline() as pipeline:
            pipeline.hset(self.key, mapping=self.serialize())
            worker_registration.register(self, pipeline)
            pipeline.expire(self.key, WORKER_TTL_S + 60)
            pipeline.execute()

    def handle_warm_shutdown_request(self) -> None:
        super().handle_warm_shutdown_request()  # type: ignore[no-untyped-call]
        self.patience.end()  # who must go does not wait
        self.vigil.stop()
        if self.horse_pid:
            os.kill(self.horse_pid, signal.SIGTERM)  # the shift gives back what it has not begun

    def set_shutdown_requested_date(self) -> None:
        with contextlib.suppress(redis.RedisError, StopRequested):  # a shift that runs must be waited for
            super().set_shutdown_requested_date()  # type: ignore[no-untyped-call]

    def unsubscribe(self) -> None:
        """Ask rq's thread to end, which closes its connection; rq closes it, too, under a thread that still reads."""
        if self.pubsub and self.pubsub_thread:
            self.pubsub_thread.stop()
            self.pubsub.unsubscribe()  # its answer wakes the thread up
            self.pubsub_thread.join(timeout=LEAVE_S)

    def setup_work_horse_signals(self) -> None:
        super().setup_work_horse_signals()  # type: ignore[no-untyped-call]
        parent = self._parent or self.pid or 0
        end_with_parent(signal.SIGTERM, parent)
        self.patience.while_away = lambda: leave_without(parent)

    def shift_without_rq(self) -> None:
        """
        Run a shift in a child of our own, unless one runs: what rq does while Redis is full.

        Redis refuses what rq writes about a job then, and takes what our scripts write about events.
        """
        if self._horse_lives():
            return
        before = self._horse_pid
        self.connection.expire(self.key, WORKER_TTL_S + 60)  # the only part of rq's heartbeat that is allowed
        pulse().rest()
        self._horse_pid = self._fork_shift()
        try:
            self.wait_for_horse()
        except StopRequested:
            self.wait_for_horse()  # it was told, too
            raise
        finally:
            self._horse_pid = before

    def _fork_shift(self) -> int:
        parent = os.getpid()
        if pid := os.fork():
            return pid
        code, self._parent = 1, parent
        try:
            if not self.is_horse:
                os.setpgrp()  # a horse's shift stays in its group, which is killed as one
            self._is_horse = True
            self.setup_work_horse_signals()
            random.seed()
            shift.run()
            code = 0
        except BaseException as error:  # the edge of a process, which must not return from here
            log.error("shift.failed", exc_info=error)
        finally:
            os._exit(code)

    def _horse_lives(self) -> bool:
        """Return whether there is a horse that has not ended; rq looks at it only behind its own commands."""
        if not self.horse_pid:
            return False
        try:
            ended = os.waitid(os.P_PID, self.horse_pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        except ChildProcessError:  # rq has seen its end already, and is about to note it
            return False
        return ended is None

    def _running_shift(self) -> tuple[int, int]:
        return self.horse_pid, pulse().beats

    def _kill_shift(self) -> None:
        if self.horse_pid:  # rq's own kill_horse would kill us where the horse has just ended
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.horse_pid, signal.SIGKILL)

    def _relay(self) -> Callable[[], object]:
        client = store.client(self.plant.settings.redis_url, timeout_s=WATCH_TIMEOUT_S)
        template = ShiftTemplate()
        return lambda: sweeper.relay(client, template)


def build(tools: Plant) -> ShiftWorker:
    """Return the worker for this process."""
    patience = Patience()
    worker = ShiftWorker(
        [keys.QUEUE],
        connection=_client(tools, retry=patience),
        serializer=JSONSerializer,
        job_class=ShiftJob,
        worker_ttl=WORKER_TTL_S,
        maintenance_interval=MAINTENANCE_S,
        job_monitoring_interval=MONITORING_S,
        log_job_description=False,
    )
    patience.while_full = worker.shift_without_rq
    section = tools.settings.worker
    worker.plant, worker.patience, worker.jobs = tools, patience, Jobs()
    worker.vigil = Vigil(
        silence_s=section.lease_s,
        whole_s=section.shift_s + section.event_deadline_s + ROOM_S,
        stop_s=shift.STOP_GRACE_S + 0.5,
    )
    return worker


def _client(tools: Plant, *, retry: Retry, text: bool = False) -> "redis.Redis":
    return store.client(tools.settings.redis_url, timeout_s=REDIS_TIMEOUT_S, retry=retry, text=text)


def alive(redis_url: str) -> list[str]:
    """Return the names of the workers that are alive by rq's own account: a dead one's key has expired."""
    with store.client(redis_url, timeout_s=REDIS_TIMEOUT_S, text=False) as connection:
        found = ShiftWorker.all(connection=connection, job_class=ShiftJob, serializer=JSONSerializer)
        return [worker.name for worker in found if keys.QUEUE in worker.queue_names()]


def main() -> int:
    """Work until SIGTERM or SIGINT; the supervisor, whose pid is the argument, starts it anew if it ends by itself."""
    logs.set_up()
    end_with_parent(signal.SIGTERM, int(sys.argv[1]) if len(sys.argv) > 1 else None)
    try:
        tools = plant()
    except ConfigError as error:
        print(error, file=sys.stderr)
        return 2
    pulse()  # before the first fork
    try:
        build(tools).work(logging_level="WARNING", with_scheduler=False)
    except StopRequested:  # by a command that Redis could not take any more
        return 0
    except (redis.RedisError, OSError) as error:
        log.warning("worker.redis_unreachable", error=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
