"""Processes: what is started, started again, and stopped in order."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support import broken_redis
from tests.support.processes import runs
from tests.support.system import System, children, descendants
from tests.support.waiting import until

pytestmark = pytest.mark.e2e

NOTE = {"name": "Note", "trigger": "order.created", "actions": [{"type": "note"}]}
SLOW = {"name": "Slow", "trigger": "order.created", "actions": [{"type": "slow_note"}, {"type": "note"}]}


def test_a_worker_that_dies_is_started_again(system):
    """An rq worker can end with code 0 on an error, so every end is answered by a new start."""
    system.configure([NOTE])
    system.start_receiver()
    worker = system.start_worker()
    before = system.workers()
    for pid in descendants(worker.popen.pid):
        os.kill(pid, signal.SIGKILL)

    until(lambda: system.workers() - before, within_s=15)

    system.deliver("open", "evt-1", {"id": "order-1"})
    until(system.deeds)


def test_workers_outlive_redis(system):
    """rq would end its worker on the first lost command; ours waits, whether a shift runs or none does."""
    system.configure([SLOW | {"actions": [{"type": "slow_note", "seconds": 0.3}]}])
    system.start_receiver()
    worker = system.start_worker(2)
    parents = children(worker.popen.pid)

    for number in range(4):
        system.deliver("open", f"evt-{number}", {"id": f"order-{number}"})
        until(lambda: len(system.deeds()) > number, within_s=20)  # noqa: B023
        system.redis.kill()
        system.redis.start()

    assert parents == children(worker.popen.pid)


def test_workers_drain_a_redis_that_is_full(system):
    """rq cannot write a word about a job then; a worker that waited for memory to be freed would wait for ever."""
    system.configure([NOTE])
    system.start_receiver()
    for number in range(20):
        system.deliver("open", f"evt-{number}", {"id": f"order-{number}"})

    with broken_redis.full(system.redis):
        worker = system.start("worker", *System.command("worker", "--processes", "2"))
        until(lambda: len(system.deeds()) == 20, within_s=20)
        parents = children(worker.popen.pid)
        assert 503 == system.post("open", "evt-20", {"id": "order-20"})
    system.deliver("open", "evt-20", {"id": "order-20"})

    until(lambda: len(system.deeds()) == 21)
    until(lambda: len(system.workers()) == 2)
    assert parents == children(worker.popen.pid)


def test_a_worker_that_is_told_to_stop_stops_without_redis(system):
    """A deploy in an outage takes no longer."""
    system.configure([SLOW])
    system.start_receiver()
    worker = system.start_worker()
    system.deliver("open", "evt-1", {"id": "order-1"})
    until(system.deeds)
    system.redis.kill()
    started = time.monotonic()

    assert 0 == worker.stop()

    assert time.monotonic() - started < 10


def test_a_shift_whose_worker_is_killed_ends_without_redis(system):
    """Nobody would stop it any more: it waited for a Redis that never came back."""
    system.configure([SLOW])
    system.start_receiver()
    worker = system.start_worker()
    system.deliver("open", "evt-1", {"id": "order-1"})
    until(system.deeds)
    shifts = [shift for parent in children(worker.popen.pid) for shift in children(parent)]
    system.redis.kill()

    for pid in (worker.popen.pid, *children(worker.popen.pid)):
        os.kill(pid, signal.SIGKILL)

    assert shifts
    until(lambda: not [pid for pid in shifts if runs(pid)], within_s=15)


def test_a_worker_that_is_told_to_stop_finishes_its_step_and_leaves_no_process(system):
    """A deploy: the step is done and recorded, the rest of the event goes on elsewhere, nothing is repeated."""
    system.configure([SLOW])
    system.start_receiver()
    worker = system.start_worker(2)
    system.deliver("open", "evt-1", {"id": "order-1"})
    until(system.deeds)
    pids = descendants(worker.popen.pid)

    assert 0 == worker.stop()

    assert not [pid for pid in pids if Path(f"/proc/{pid}").exists()]
    system.start_worker()
    until(lambda: len(system.deeds()) > 1)
    assert ["slow_note", "note"] == [name for name, *_ in system.deeds()]


def test_a_receiver_that_is_told_to_stop_ends_by_itself(system):
    """Stop means stop accepting, answer what is in flight, end."""
    system.configure([NOTE])
    receiver = system.start_receiver()

    assert receiver.stop() in (0, -signal.SIGTERM)


def test_rq_info_shows_workers_and_shifts(system):
    """Operators who know rq see what they know."""
    system.configure([NOTE])
    system.start_worker(2)

    rq = Path(sys.executable).with_name("rq")
    shown = subprocess.run(
        [rq, "info", "--url", system.redis.url], capture_output=True, text=True, check=True
    ).stdout

    assert "2 workers" in shown
    assert "orderhook" in shown


def test_a_broken_configuration_stops_the_worker_with_every_problem(system):
    """Whoever deploys sees the file, the keys and what was expected, at once."""
    system.configure(
        [{"name": "Broken", "trigger": "order.created", "actions": [{"type": "no_such_action"}]}]
    )
    process = system.start("worker", *System.command("worker"))

    assert 2 == process.popen.wait(20)

    said = process.log.read_text()
    assert "no_such_action" in said
    assert "assign_tag" in said
    assert "Broken" in said
