"""A worker is stock rq that runs our shift and nothing else, whatever stands in its queue."""

import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import redis
import tomlkit
from rq import Queue
from rq.executions import Execution
from rq.job import Job
from rq.serializers import JSONSerializer

from receiver import keys
from receiver.config import read_config
from receiver.wake import new_job
from tests.support.proxy import Proxy
from tests.support.waiting import until
from workers import rq_job, rq_worker
from workers.plant import Plant
from workers.rq_job import JobRejected, ShiftJob
from workers.settings import worker_settings


@pytest.fixture(name="connection")
def _connection(redis_url):
    """rq wants a client that answers in bytes."""
    with redis.Redis.from_url(redis_url) as connection:
        yield connection


@pytest.fixture(name="tools")
def _tools(redis_url, tmp_path):
    """The plant of an empty configuration."""
    path = tmp_path / "orderhook.toml"
    path.write_text(tomlkit.dumps({"redis_url": redis_url}))
    settings = worker_settings(read_config(environ={}, path=path))
    return Plant(settings=settings, registry=settings.registry)


def queued(connection, job: Job) -> None:
    Queue(keys.QUEUE, connection=connection, serializer=JSONSerializer).enqueue_job(job)


@pytest.mark.parametrize(
    ("function", "args"),
    [
        ("os.system", ["touch {canary}"]),
        ("builtins.exec", ["open('{canary}', 'w')"]),
        ("workers.shift.run", ["{canary}"]),
    ],
    ids=["os.system", "exec", "our function with arguments"],
)
def test_a_foreign_job_is_refused(connection, function, args, tmp_path):
    """Who can write to Redis must not be able to run code here: JSON alone does not stop that."""
    canary = tmp_path / "canary"
    arguments = [arg.format(canary=canary) for arg in args]
    job = Job.create(function, args=arguments, connection=connection, serializer=JSONSerializer)
    queued(connection, job)

    stored = ShiftJob.fetch(job.id, connection=connection, serializer=JSONSerializer)

    with pytest.raises(JobRejected, match="only workers"):
        _ = stored.func
    assert not canary.exists()


def test_our_job_resolves_to_the_shift(connection):
    """The allow-list lets the one function through."""
    job = new_job(connection, "shift-1")
    queued(connection, job)

    stored = ShiftJob.fetch("shift-1", connection=connection, serializer=JSONSerializer)

    assert rq_job.FUNCTIONS["workers.shift.run"] is stored.func


def test_callbacks_in_a_job_are_not_run(connection):
    """A callback names a function too."""
    job = new_job(connection, "shift-1")
    queued(connection, job)
    connection.hset(keys.rq_job("shift-1"), "success_callback_name", "os.getcwd")

    stored = ShiftJob.fetch("shift-1", connection=connection, serializer=JSONSerializer)

    assert (None, None, None) == (stored.success_callback, stored.failure_callback, stored.stopped_callback)


def test_a_worker_refuses_a_foreign_job_and_lives(connection, tools, tmp_path):
    """The whole of rq in between: the job fails, the canary stays away, the next shift runs."""
    canary = tmp_path / "canary"
    job = Job.create("os.system", args=[f"touch {canary}"], connection=connection, serializer=JSONSerializer)
    queued(connection, job)
    worker = rq_worker.build(tools)

    pid = os.fork()
    if pid == 0:  # a worker installs signal handlers and forks: not in the process of the tests
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())
        worker.work(burst=True, logging_level="CRITICAL")
        os._exit(0)
    _, code = os.waitpid(pid, 0)

    assert 0 == code
    assert not canary.exists()
    assert b"failed" == connection.hget(keys.rq_job(job.id), "status")


def test_a_worker_that_expired_in_an_outage_is_seen_again(connection, tools, redis_url):
    """rq's record of a worker lives for less than two minutes, and operators ask first whether any is alive."""
    worker = rq_worker.build(tools)
    worker.register_birth()
    connection.delete(worker.key, "rq:workers", f"rq:workers:{keys.QUEUE}")
    worker.heartbeat()
    assert [] == rq_worker.alive(redis_url)

    worker.run_maintenance_tasks()

    assert [worker.name] == rq_worker.alive(redis_url)


def test_a_worker_leaves_quietly_though_redis_is_silent(tools, redis_url):
    """rq closes the connection under the thread that hears its commands, whose traceback looks like a crash."""
    with Proxy(urlsplit(redis_url).port) as link:
        redis_settings = dataclasses.replace(
            tools.settings, redis_url=f"{link.redis_url[:-1]}{redis_url[-1]}"
        )
        worker = rq_worker.build(dataclasses.replace(tools, settings=redis_settings))
        worker.subscribe()
        listening = worker.pubsub_thread
        until(lambda: worker.connection.pubsub_numsub(worker.pubsub_channel_name)[0][1])
        link.set(black_hole=True)

        worker.unsubscribe()
        link.set(black_hole=False)

        until(lambda: not listening.is_alive(), what="rq's thread ends")


CHILD = """
import signal, sys, time
from workers.parenthood import end_with_parent
end_with_parent(signal.SIGTERM, int(sys.argv[1]))
print("works")
"""


@pytest.mark.parametrize(("parent", "ends"), [("ours", 0), ("gone", -signal.SIGTERM)])
def test_who_begins_behind_its_parents_end_ends_too(parent, ends):
    """A worker that is started at the moment its supervisor is killed would work on, and nobody would ever stop it."""
    pid = os.getpid() if parent == "ours" else 2**22

    child = subprocess.run(
        [sys.executable, "-c", CHILD, str(pid)], capture_output=True, text=True, check=False
    )

    assert (ends, "works" if ends == 0 else "") == (child.returncode, child.stdout.strip())


def test_no_job_holds_anything_of_an_order(client):
    """rq logs and shows what is in a job: only the function's name is."""
    job = new_job(client, "shift-1")

    assert ["workers.shift.run", None, [], {}] == json.loads(job.data)


def test_no_code_fetches_a_job_with_the_default_serializer():
    """The default one unpickles what somebody wrote into Redis, even when it only lists."""
    root = Path(__file__).parents[2]
    sources = [
        path for package in ("receiver", "workers", "console") for path in (root / package).rglob("*.py")
    ]

    assert not [path for path in sources if "import pickle" in path.read_text()]


def test_a_horse_whose_end_rq_has_seen_lives_no_more(tools):
    """Killed while Redis was full, it took its worker down: rq notes the end in Redis, which asked for it once more."""
    worker = rq_worker.build(tools)
    if not (pid := os.fork()):
        os._exit(0)
    worker._horse_pid = pid
    os.waitpid(pid, 0)

    assert not worker._horse_lives()


def test_a_job_ends_though_a_failover_has_lost_a_part_of_its_record(connection, client):
    """rq's heartbeat makes half a record anew on the new primary; taking it for a bug would fail the shift."""
    queued(connection, new_job(connection, "shift-1"))
    ours = ShiftJob.fetch("shift-1", connection=connection, serializer=JSONSerializer)
    with connection.pipeline() as pipeline:
        execution = Execution.create(ours, ttl=60, pipeline=pipeline)
        pipeline.execute()
    client.delete(execution.key, ours.key)
    client.hset(execution.key, "last_heartbeat", "1")
    client.hset(ours.key, "last_heartbeat", "1")

    with connection.pipeline() as pipeline:
        ours.cleanup(0, pipeline=pipeline, remove_from_queue=False)
        pipeline.execute()

    assert 0 == client.exists(ours.key, ours.started_job_registry.key)
