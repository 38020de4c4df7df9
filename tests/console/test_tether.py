"""A command that ends with who started it."""

import subprocess
import sys

from console.tether import tethered
from tests.support.processes import runs
from tests.support.waiting import until

#: Starts a tethered sleep, says its pid, and waits to be killed.
PARENT = """
import subprocess, sys, time
from console.tether import tethered
child = subprocess.Popen(tethered(["/bin/sleep", "600"]))
print(child.pid, flush=True)
time.sleep(600)
"""


def test_the_command_keeps_its_pid_and_its_exit_code():
    """Who watches the process watches the command, not a wrapper around it."""
    command = tethered([sys.executable, "-c", "import os; print(os.getpid()); raise SystemExit(7)"])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.read())

    assert (process.pid, 7) == (pid, process.returncode)


def test_a_parent_that_is_killed_leaves_nothing_behind():
    """A Redis that outlives a crash would hold the data folder of the next run."""
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True) as parent:
        child = int(parent.stdout.readline())
        parent.kill()

    until(lambda: not runs(child), what="the child is gone")
