"""
The one job that our workers take: a shift. Whatever else stands in rq's queue is refused.

JSON alone does not stop code that somebody writes into Redis (rq imports whatever a job names), so a job's function is
looked up in a table and its callbacks are not run at all.
"""

from collections.abc import Callable

from rq.job import Job

from receiver.wake import SHIFT_FUNCTION

from . import shift

#: All that a worker of ours ever runs.
FUNCTIONS: dict[str, Callable[[], None]] = {SHIFT_FUNCTION: shift.run}


class JobRejected(Exception):
    """A job names a function that is not ours: somebody else writes to this Redis. An operator must look."""


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
