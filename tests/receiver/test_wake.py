"""
The shift in rq's queue: what our scripts write is what rq itself would have written.

THE test against drift: our scripts write rq's keys themselves, so an rq upgrade that changes them must fail here first.
"""

from datetime import UTC, datetime, timedelta

import pytest
import redis
from rq import Queue
from rq.job import Job, JobStatus
from rq.serializers import JSONSerializer

from receiver import keys, scripts, wake
from receiver.wake import ShiftTemplate
from tests.support.events import SHIFT, accepted, an_event

#: What differs from job to job.
OWN = {b"created_at", b"enqueued_at"}


@pytest.fixture(name="raw")
def _raw(redis_url):
    """rq's own kind of client: bytes in, bytes out."""
    with redis.Redis.from_url(redis_url) as raw:
        yield raw


def queue(raw) -> Queue:
    return Queue(keys.QUEUE, connection=raw, serializer=JSONSerializer)


def rq_keys(raw) -> dict[bytes, bytes]:
    """Return every key of rq's and its type; a job's id left out of its name."""
    found = {key: raw.type(key) for key in raw.scan_iter(match="rq:*")}
    return {b"rq:job:" if key.startswith(b"rq:job:") else key: kind for key, kind in found.items()}


def queued(raw) -> tuple[dict[bytes, bytes], list[bytes], set[bytes]]:
    """Return the one queued job's fields, the queue and the set of queues."""
    ids = raw.lrange(keys.rq_queue(), 0, -1)
    assert 1 == len(ids)
    return raw.hgetall(keys.rq_job(ids[0].decode())), ids, raw.smembers(keys.rq_queues())


def written_by_rq(raw) -> tuple[dict[bytes, bytes], set[bytes], dict[bytes, bytes]]:
    """Return what rq writes for the same job: its fields, the queues, and all of its keys."""
    raw.flushall()
    queue(raw).enqueue_job(wake.new_job(raw, "by-rq"))
    fields, ids, queues = queued(raw)
    assert [b"by-rq"] == ids
    return fields, queues, rq_keys(raw)


def written_by_us(raw, client) -> tuple[dict[bytes, bytes], set[bytes], dict[bytes, bytes]]:
    """Return what accept.lua writes when a lane becomes ready."""
    raw.flushall()
    accepted(client, an_event())
    fields, _, queues = queued(raw)
    return fields, queues, rq_keys(raw)


def test_a_script_writes_what_rq_writes(raw, client):
    """Same keys of the same types, same fields with the same bytes; only the two times are the job's own."""
    theirs, their_queues, their_keys = written_by_rq(raw)
    ours, our_queues, our_keys = written_by_us(raw, client)

    assert their_keys == our_keys
    assert their_queues == our_queues
    assert set(theirs) == set(ours)
    assert {name: theirs[name] for name in set(theirs) - OWN} == {
        name: ours[name] for name in set(ours) - OWN
    }


def test_the_times_are_written_as_rq_writes_them(raw, client):
    """rq parses them when it fetches the job; another form would end the worker."""
    written_by_us(raw, client)

    (job,) = queue(raw).get_jobs()
    now = datetime.now(UTC)

    assert now - timedelta(seconds=30) < job.created_at.replace(tzinfo=UTC) <= now
    assert now - timedelta(seconds=30) < job.enqueued_at.replace(tzinfo=UTC) <= now


@pytest.mark.parametrize("script", ["relay", "replay"])
def test_every_script_that_wakes_writes_the_same(raw, client, script):
    """One step in _shared.lua, and each caller hands it the same arguments."""
    theirs, _, their_keys = written_by_rq(raw)
    raw.flushall()
    accepted(client, an_event(quarantine="payload_invalid" if script == "replay" else ""))
    client.delete(keys.rq_queue(), keys.rq_queues(), *client.scan_iter(match=keys.rq_job("*")))
    wake_keys, wake_arguments = SHIFT.arguments()
    key = keys.event("shop", "evt-1")
    arguments = {"relay": ("",), "replay": (key, keys.body(key))}[script]

    more_keys = {"relay": (keys.shifts(),), "replay": ()}[script]
    scripts.run_sync(client, script, (*wake_keys, *more_keys), (*wake_arguments, *arguments))

    ours, _, _ = queued(raw)
    assert their_keys == rq_keys(raw)
    assert {name: theirs[name] for name in set(theirs) - OWN} == {
        name: ours[name] for name in set(ours) - OWN
    }


def test_rq_reads_the_job_as_the_shift(raw, client):
    """What a worker gets to see: one function, no arguments, nothing of an order, and no result to keep."""
    accepted(client, an_event(subject="order-secret"))

    (job,) = queue(raw).get_jobs()

    assert (wake.SHIFT_FUNCTION, [], {}) == (job.func_name, list(job.args), job.kwargs)
    assert (0, wake.SHIFT_TIMEOUT_S, wake.FAILURE_TTL_S) == (job.result_ttl, job.timeout, job.failure_ttl)
    assert (JobStatus.QUEUED, keys.QUEUE) == (job.get_status(), job.origin)
    assert b"order-secret" not in b"".join(raw.hgetall(keys.rq_job(job.id)).values())


def test_rq_can_take_the_job_from_its_queue(raw, client):
    """The id in the list leads to the job, by rq's own way of dequeuing."""
    accepted(client, an_event())

    job, _ = Queue.dequeue_any([queue(raw)], timeout=None, connection=raw, serializer=JSONSerializer)

    assert wake.SHIFT_FUNCTION == job.func_name
    assert 0 == raw.llen(keys.rq_queue())


def test_a_pickle_is_never_written(raw, client):
    """A reader with rq's default serializer would run whatever a pickle says."""
    accepted(client, an_event())

    (job_id,) = raw.lrange(keys.rq_queue(), 0, -1)
    job = Job.fetch(job_id.decode(), connection=raw, serializer=JSONSerializer)

    assert wake.SHIFT_FUNCTION == job.func_name


def test_rqs_keys_are_spelled_as_rq_spells_them(raw):
    """keys.py spells them for our scripts; rq spells them by itself."""
    assert queue(raw).key == keys.rq_queue()
    assert Queue.redis_queues_keys == keys.rq_queues()
    assert Job.key_for("x") == keys.rq_job("x")


def test_each_shift_is_a_job_of_its_own():
    """Two that share an id would be one."""
    template = ShiftTemplate()

    (_, first), (_, second) = template.arguments(), template.arguments()

    assert first[1] != second[1]


def test_the_wake_up_is_heard(client):
    """Workers that wait inside a shift start at once, without a poll."""
    with client.pubsub(ignore_subscribe_messages=True) as listener:
        listener.subscribe(keys.wake())
        listener.get_message(timeout=5)
        accepted(client, an_event())

        assert keys.wake() == listener.get_message(timeout=5)["channel"]
