"""
The job: a process of its own for each comparison that is due, started by whichever worker sees it first.

Not in the worker's own process, whose heartbeats and maintenance would wait for a slow API. What is killed halfway has
fed in what it has; the next one goes over the same time again.
"""

import os
import subprocess
import sys
from dataclasses import dataclass, field

import redis
import structlog

from receiver import keys

from ..reconcile_settings import ReconcileSettings
from ..settings import WorkerSettings

log = structlog.get_logger()


@dataclass(slots=True)
class Jobs:
    """The comparisons that this worker has started."""

    running: "list[subprocess.Popen[bytes]]" = field(default_factory=list)

    def start_due(self, client: "redis.Redis", settings: WorkerSettings) -> None:
        """Start what is due, unless another worker has."""
        self.running = [job for job in self.running if job.poll() is None]
        for source, terms in settings.reconciles.items():
            if is_due(client, source, terms):
                self._start(source)

    def _start(self, source: str) -> None:
        command = [sys.executable, "-m", "workers.reconcile", source, str(os.getpid())]
        self.running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))  # noqa: S603 - our own module
        log.info("reconcile.started", source=source, pid=self.running[-1].pid)


def is_due(client: "redis.Redis", source: str, terms: ReconcileSettings) -> bool:
    """Return whether the next comparison is due and ours: who sees it first has it."""
    return bool(client.set(keys.reconciling(source), "1", nx=True, px=int(terms.every_s * 1000)))
