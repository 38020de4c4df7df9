"""
The one job that our workers take: a shift. Whatever else stands in rq's queue is refused.

JSON alone does not stop code that somebody writes into Redis (rq imports whatever a job names), so a job's function is
looked up in a table and its callbacks are not run at all.
"""

from collections.abc import Callable

from redis.client import Pipeline
from rq.exceptions import InvalidJobOperation
from rq.executions import Execution, ExecutionRegistry
from rq.job import Job

from receiver.wake import SHIFT_FUNCTION

from . import shift

#: All that a worker of ours ever runs.
FUNCTIONS: dict[str, Callable[[], None]] = {SHIFT_FUNCTION: shift.run}


class JobRejected(Exception):
    """A job names a function that is not ours: somebody else writes to this Redis. An operator must look."""


class _Executions(ExecutionRegistry):
    """rq's, without what a failover may have lost: rq wants the whole record of each execution, and needs its id."""

    def get_executions(self, start: int = 0, end: int = -1) -> list[Execution]:
        return [
            Execution(id=found, job_id=self.job_id, connection=self.connection)
            for found in self.get_execution_ids(start, end)
        ]


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

    @property
    def execution_registry(self) -> ExecutionRegistry:
        return _Executions(self.id, connection=self.connection)

    def delete(
        self,
        pipeline: "Pipeline | None" = None,
        remove_from_queue: bool = True,  # noqa: FBT001, FBT002 - as in rq
        delete_dependents: bool = False,  # noqa: FBT001, FBT002
    ) -> None:
        try:
            super().delete(pipeline, remove_from_queue, delete_dependents)
        except (
            InvalidJobOperation
        ):  # it has no status any more: lost by a failover, with the shift's work recorded
            connection = self.connection if pipeline is None else pipeline
            self.started_job_registry.remove_executions(self, pipeline=pipeline)
            connection.delete(self.key)
