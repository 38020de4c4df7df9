"""
`orderhook worker`: the processes that work on events, until SIGTERM or Ctrl-C.
"""

import os

from receiver import logs
from workers.settings import worker_settings
from workers.supervisor import Supervisor

from ..access import config_of
from ..desk import Desk


def run(desk: Desk, *, processes: int | None, concurrency: int | None) -> int:
    """
    Work on events, in processes that are started anew whenever one ends; return the exit code.

    Raises:
        ConfigError: The configuration cannot be used.

    """
    # The worker processes read the configuration by themselves, from the environment that they inherit.
    os.environ.update(desk.environ)
    if concurrency is not None:
        os.environ["ORDERHOOK_WORKER__CONCURRENCY"] = str(concurrency)
    settings = worker_settings(config_of(Desk(environ=os.environ)))
    logs.set_up()
    return Supervisor(processes=processes or settings.worker.processes).run()
