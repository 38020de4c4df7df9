"""Shifts on a real Redis: what a claimed event goes through, in one process and without rq."""

import asyncio
import os
import re
import signal
import threading
import time
from collections.abc import Mapping

import pytest
import tomlkit

from receiver import keys
from receiver.config import RawConfig, read_config
from receiver.inbox import Inbox
from receiver.lifecycle import Status
from receiver.record import Ruling, StepState
from tests.support import broken_redis, deeds
from tests.support.events import accepted, an_event, expire_leases, record
from tests.support.waiting import until_async
from workers import dead_letters, shift
from workers.audit import audit
from workers.dead_letters import Resolved
from workers.failures import Permanent, RateLimited, Transient
from workers.plant import Plant
from workers.settings import worker_settings

pytestmark = pytest.mark.anyio

STEPS = [{"type": "first"}, {"type": "second"}]
UNSIGNED = {"scheme": {"type": "unsigned"}}


@pytest.fixture(autouse=True)
def _no_past():
    deeds.forget()


@pytest.fixture(name="plant")
def _plant(redis_url, tmp_path):
    """Makes a plant: workflows by keyword, changes to the worker's and the source's table."""

    def build(
        steps=None, *, source: Mapping | None = None, workflow: Mapping | None = None, **worker
    ) -> Plant:
        values = {
            "redis_url": redis_url,
            "actions": ["tests.support.deeds"],
            "sources": {"shop": UNSIGNED | dict(source or {})},
            "worker": {"lease_s": 5.0, "call_deadline_s": 4.0, "event_deadline_s": 5.0, "shift_s": 5.0}
            | worker,
            "workflows": [
                {
                    "name": "both",
                    "entity_type": "Order",
                    "trigger": "order.created",
                    "actions": STEPS if steps is None else steps,
                    **(workflow or {}),
                }
            ],
        }
        settings = worker_settings(_raw(values, tmp_path))
        return Plant(settings=settings, registry=settings.registry)

    return build


def _raw(values: Mapping, folder) -> RawConfig:
    path = folder / "orderhook.toml"
    path.write_text(tomlkit.dumps(values))
    return read_config(environ={}, path=path)


async def work(tools: Plant) -> None:
    """Work until nothing is ready."""
    await shift.work(tools, linger_s=0.02)


def names() -> list[str]:
    return [name for name, _, _ in deeds.DEEDS]


async def test_every_step_runs_once_and_stands_in_the_ledger(client, plant):
    """The main path: two steps, two results, one closed event."""
    accepted(client, an_event())

    await work(plant())

    done = record(client)
    assert (Status.SUCCEEDED, ["first", "second"]) == (done.status, names())
    assert [StepState.DONE, StepState.DONE] == [entry.state for entry in done.ledger.values()]
    assert [True] == [one.holds for one in audit(Inbox(client))]


async def test_an_event_without_a_workflow_is_ignored(client, plant):
    """Recorded and explained, not silently dropped."""
    accepted(client, an_event(type="order.updated"))

    await work(plant())

    assert (Status.IGNORED, "no_workflow") == (record(client).status, record(client).reason)


async def test_a_condition_that_does_not_hold_ignores_the_event(client, plant):
    """Conditions see the payload's data."""
    accepted(client, an_event("evt-1", data={"country": "SE"}), an_event("evt-2", data={"country": "NO"}))

    await work(plant(workflow={"conditions": {"country": "NO"}}))

    assert [Status.IGNORED, Status.SUCCEEDED] == [record(client, name).status for name in ("evt-1", "evt-2")]


async def test_events_of_one_lane_run_in_order_and_lanes_side_by_side(client, plant):
    """Per order first in, first out; orders in parallel."""
    batch = [an_event(f"{lane}-{n}", subject=lane) for n in range(5) for lane in ("a", "b", "c")]
    accepted(client, *batch)

    await work(plant([{"type": "first"}]))

    for lane in ("a", "b", "c"):
        assert [f"{lane}-{n}" for n in range(5)] == [
            event for _, event, _ in deeds.DEEDS if event.startswith(lane)
        ]


async def test_a_retry_repeats_only_the_failed_step_with_the_same_key(client, plant):
    """What is done stays done; what is repeated says that it is the same."""
    deeds.FAILURES["second"] = [Transient("503", effect="unknown")]
    accepted(client, an_event())

    await work(plant(retry={"base_s": 0.001, "cap_s": 0.001}))

    assert ["first", "second", "second"] == names()
    assert deeds.DEEDS[1][2] == deeds.DEEDS[2][2]
    assert (Status.SUCCEEDED, 2) == (record(client).status, record(client).attempt)


async def test_a_permanent_failure_is_dead_at_once_and_says_why(client, plant):
    """The operator reads reason, step and error without a log."""
    deeds.FAILURES["second"] = [Permanent("token=abcdefghijklmnop was refused", reason="upstream_rejected")]
    accepted(client, an_event())

    await work(plant())

    dead = record(client)
    assert (Status.DEAD, "upstream_rejected", "0.1 both: second") == (dead.status, dead.reason, dead.step)
    assert "refused" in dead.error
    assert "abcdefghijklmnop" not in dead.error


async def test_a_dead_letter_says_which_code_it_died_with(client, plant):
    """Who has corrected a bug sees whether it was the corrected code that failed again."""
    deeds.FAILURES["second"] = [TypeError("no")]
    accepted(client, an_event())

    await work(plant())

    dead = record(client)
    pattern = r"orderhook [\d.]+, both@[0-9a-f]{12}, tests\.support\.deeds [0-9a-f]{8}"
    assert re.fullmatch(pattern, dead.code)
    list(dead_letters.replay(client, [dead]))
    assert "" == record(client).code


async def test_attempts_end(client, plant):
    """A failure that time does not heal becomes a dead letter after the policy's attempts."""
    deeds.FAILURES["first"] = [Transient("503")] * 9
    accepted(client, an_event())

    await work(plant(retry={"base_s": 0.001, "cap_s": 0.001, "max_attempts": 3}))

    assert (Status.DEAD, "attempts_exhausted", 3) == (
        record(client).status,
        record(client).reason,
        len(names()),
    )


async def test_a_rate_limit_uses_no_attempt(client, plant):
    """Being asked to wait is not the event's failure."""
    deeds.FAILURES["first"] = [RateLimited("429", retry_after_s=0.01)]
    accepted(client, an_event())

    await work(plant(retry={"base_s": 0.001, "cap_s": 0.001}))

    assert (Status.SUCCEEDED, 1) == (record(client).status, record(client).attempt)


async def test_an_unkeyed_step_of_unknown_outcome_is_parked(client, plant):
    """A mail that may have been sent is never sent again by itself, not by a replay either."""
    deeds.FAILURES["mail"] = [TimeoutError()]
    accepted(client, an_event())
    await work(plant([{"type": "mail"}]))

    assert (Status.DEAD, "outcome_unknown") == (record(client).status, record(client).reason)
    list(dead_letters.replay(client, [record(client)]))
    await work(plant([{"type": "mail"}]))

    assert (Status.DEAD, "outcome_unknown", ["mail"]) == (
        record(client).status,
        record(client).reason,
        names(),
    )


async def test_a_parked_step_says_that_it_took_too_long(client, plant):
    """Whoever is to look for its effect is told that it may have come later, and after how long it was given up."""
    deeds.GATES["mail"] = asyncio.Event()
    accepted(client, an_event())

    await work(plant([{"type": "mail"}], call_deadline_s=0.1))

    entry = record(client).ledger["0.0"]
    assert (StepState.UNKNOWN, '"not done after 0.1 s"') == (entry.state, entry.detail)


async def test_an_unkeyed_step_that_raised_a_bug_is_parked_too(client, plant):
    """The mail was sent and the line behind it raised: a replay after the correction must not send it again."""
    deeds.FAILURES["mail"] = [TypeError("no")]
    accepted(client, an_event())

    await work(plant([{"type": "mail"}]))

    found = record(client)
    assert (Status.DEAD, "code_bug", StepState.UNKNOWN) == (
        found.status,
        found.reason,
        found.ledger["0.0"].state,
    )


@pytest.mark.parametrize(
    ("ruling", "deeds_done"), [(Ruling.DONE, ["mail", "second"]), (Ruling.REPEAT, ["mail", "mail", "second"])]
)
async def test_a_parked_step_goes_on_as_a_person_ruled(client, plant, ruling, deeds_done):
    """Done: the next step follows. Repeat: this one runs again, under the same key."""
    steps = [{"type": "mail"}, {"type": "second"}]
    deeds.FAILURES["mail"] = [TimeoutError()]
    accepted(client, an_event())
    await work(plant(steps))

    resolved = dead_letters.resolve(client, record(client), "0.0", ruling, by="ola", note="", start=True)
    await work(plant(steps))

    assert Resolved(was=StepState.UNKNOWN, started=True) == resolved
    assert (Status.SUCCEEDED, deeds_done) == (record(client).status, names())
    assert 1 == len({key for name, _, key in deeds.DEEDS if name == "mail"})
    assert [True] == [one.holds for one in audit(Inbox(client))]


@pytest.mark.parametrize(
    ("kind", "status", "repeats"),
    [("first", Status.SUCCEEDED, 2), ("mail", Status.DEAD, 1)],
    ids=["keyed", "unkeyed"],
)
async def test_a_step_whose_worker_died_goes_on_as_its_action_declares(client, plant, kind, status, repeats):
    """Keyed: repeated under the same key. Unkeyed: parked for a person."""
    deeds.GATES[kind] = asyncio.Event()
    accepted(client, an_event())
    dying = asyncio.create_task(work(plant([{"type": kind}])))
    await until_async(lambda: _true(names() == [kind]))
    dying.cancel()
    await asyncio.gather(dying, return_exceptions=True)
    deeds.GATES.clear()
    expire_leases(client)

    await work(plant([{"type": kind}]))

    assert (status, [kind] * repeats) == (record(client).status, names())
    assert 1 == len({key for _, _, key in deeds.DEEDS})


async def test_a_worker_that_lost_its_lease_changes_nothing(client, plant):
    """A frozen worker wakes up when another one has finished its event: its result is refused."""
    deeds.GATES["first"] = asyncio.Event()
    accepted(client, an_event())
    frozen = asyncio.create_task(work(plant()))
    await until_async(lambda: _true(names() == ["first"]))
    gate = deeds.GATES.pop("first")
    expire_leases(client)
    await work(plant())
    closed = client.hgetall(keys.event("shop", "evt-1"))

    gate.set()
    await frozen

    assert closed == client.hgetall(keys.event("shop", "evt-1"))
    assert ["first", "first", "second"] == names()


async def test_a_stopping_worker_gives_the_event_back_between_two_steps(client, plant):
    """A deploy finishes the step, records it, uses no attempt and repeats nothing."""
    deeds.GATES["first"] = asyncio.Event()
    accepted(client, an_event())
    stopping = asyncio.create_task(work(plant()))
    await until_async(lambda: _true(names() == ["first"]))
    os.kill(os.getpid(), signal.SIGTERM)
    for _ in range(10):  # turns of the loop, in one of which it takes the signal
        await asyncio.sleep(0)
    deeds.GATES.pop("first").set()
    await stopping

    assert (Status.PENDING, 0) == (record(client).status, record(client).attempt)
    await work(plant())
    assert (Status.SUCCEEDED, ["first", "second"]) == (record(client).status, names())


async def test_a_replay_runs_only_what_is_not_done(client, plant):
    """The ledger outlives a dead letter."""
    deeds.FAILURES["second"] = [Permanent("no")]
    accepted(client, an_event())
    await work(plant())

    assert [True] == [moved for _, moved in dead_letters.replay(client, [record(client)])]
    await work(plant())

    assert (Status.SUCCEEDED, ["first", "second", "second"]) == (record(client).status, names())


async def test_a_running_event_keeps_the_version_it_began_with(client, plant):
    """A workflow that is edited between two attempts does not mix with its former self."""
    deeds.FAILURES["second"] = [Permanent("no")]
    accepted(client, an_event())
    await work(plant())
    list(dead_letters.replay(client, [record(client)]))

    await work(plant([{"type": "blocking"}]))

    assert (Status.SUCCEEDED, ["first", "second", "second"]) == (record(client).status, names())


async def test_a_stale_event_starts_nothing_unless_the_workflow_says_so(client, plant):
    """The order has moved on: an old event must not set it back."""
    accepted(client, an_event("evt-1", occurred="2000"), an_event("evt-2", occurred="1000"))

    await work(plant([{"type": "first"}]))

    late = record(client, "evt-2")
    assert (Status.IGNORED, "stale", True) == (late.status, late.reason, late.stale)
    assert ["evt-1"] == [event for _, event, _ in deeds.DEEDS]


async def test_who_wants_the_newest_only_passes_over_what_a_newer_one_follows(client, plant):
    """A burst of updates of one order is one piece of work; a newer event of another type is none of its matter."""
    accepted(client, *(an_event(f"evt-{n}") for n in range(12)), an_event("other", type="order.deleted"))

    await work(plant([{"type": "first"}], workflow={"latest_only": True}))

    assert [("first", "evt-11")] == [(name, event) for name, event, _ in deeds.DEEDS]
    assert (Status.SUPERSEDED, "superseded") == (
        record(client, "evt-0").status,
        record(client, "evt-0").reason,
    )
    (one,) = audit(Inbox(client))
    assert one.holds
    assert 11 == one.found[Status.SUPERSEDED]


async def test_what_has_begun_is_finished_whatever_follows(client, plant):
    """Its effects are half of what was wanted; to stop there would leave them so."""
    accepted(client, an_event("evt-1"))
    deeds.FAILURES["second"] = [Transient("not now", retry_after_s=60.0)]
    await work(plant(workflow={"latest_only": True}, shift_s=0.05))
    assert Status.RETRYING is record(client, "evt-1").status
    accepted(client, an_event("evt-2"))
    expire_leases(client)

    await work(plant(workflow={"latest_only": True}))

    assert Status.SUCCEEDED is record(client, "evt-1").status


async def test_a_replay_of_an_event_that_later_ones_have_passed_changes_nothing(client, plant):
    """E7: its order has moved on while it was dead; to run it now would set the order back."""
    accepted(client, an_event("evt-1", occurred="1000"))
    deeds.FAILURES["first"] = [Permanent("the order API refuses")]
    await work(plant([{"type": "first"}]))
    assert Status.DEAD is record(client, "evt-1").status
    accepted(client, an_event("evt-2", occurred="2000"))
    await work(plant([{"type": "first"}]))

    list(dead_letters.replay(client, [record(client, "evt-1")]))
    await work(plant([{"type": "first"}]))

    late = record(client, "evt-1")
    assert (Status.IGNORED, "stale") == (late.status, late.reason)
    assert ["evt-1", "evt-2"] == [event for _, event, _ in deeds.DEEDS]


async def test_a_hint_is_not_believed(client, plant):
    """Where the payload only says look, conditions ask the order API; here it cannot be reached, so the event waits."""
    accepted(client, an_event(data={"country": "NO"}))
    nobody = {"base_url": "http://127.0.0.1:1", "token": "t"}

    source = {"trust": "hint", "system": "installer", "api": nobody}
    await work(plant(workflow={"conditions": {"country": "NO"}}, source=source, shift_s=0.2))

    assert (Status.RETRYING, []) == (record(client).status, names())
    assert "get_order" in record(client).error


async def test_a_quarantined_event_that_is_replayed_dies_again(client, plant):
    """Its body has not become better."""
    accepted(client, an_event(body=b"{", quarantine="payload_invalid", error="not JSON"))
    list(dead_letters.replay(client, [record(client)]))

    await work(plant())

    assert (Status.DEAD, "payload_invalid") == (record(client).status, record(client).reason)


async def test_a_dead_letter_holds_its_lane_where_the_source_says_so(client, plant):
    """Later events of the order wait until the operator discards or replays."""
    deeds.FAILURES["first"] = [Permanent("no")]
    accepted(client, an_event("evt-1"), an_event("evt-2"), an_event("evt-3", subject="order-2"))
    tools = plant([{"type": "first"}], source={"on_dead": "hold"})

    await work(tools)
    assert [Status.DEAD, Status.PENDING, Status.SUCCEEDED] == [
        record(client, name).status for name in ("evt-1", "evt-2", "evt-3")
    ]
    list(dead_letters.discard(client, [record(client)], keep_ms=60_000, why="test"))
    await work(tools)

    assert [Status.DISCARDED, Status.SUCCEEDED] == [
        record(client, name).status for name in ("evt-1", "evt-2")
    ]
    assert [True] == [one.holds for one in audit(Inbox(client))]


async def test_a_blocking_action_runs_in_a_thread(client, plant):
    """A user's plain function works as it is."""
    accepted(client, an_event())

    await work(plant([{"type": "blocking"}]))

    assert (Status.SUCCEEDED, ["blocking"]) == (record(client).status, names())


async def test_a_shift_drains_a_redis_that_is_full(client, plant, redis_server):
    """What a worker writes is allowed then, and it is the only way out; the versions of workflows can wait."""
    accepted(client, an_event())

    with broken_redis.full(redis_server):
        await work(plant())

    assert (Status.SUCCEEDED, ["first", "second"]) == (record(client).status, names())
    assert [True] == [one.holds for one in audit(Inbox(client))]


def test_a_thread_that_is_stuck_in_its_action_does_not_keep_the_shift_from_ending():
    """The loop waits for its threads at its end, and this one would never come."""
    stuck, over = threading.Event(), threading.Event()

    async def work_with_threads() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(shift._Threads(1))
        loop.run_in_executor(None, lambda: (stuck.set(), over.wait(20)))
        await until_async(lambda: _true(stuck.is_set()))

    started = time.monotonic()
    asyncio.run(work_with_threads())

    assert time.monotonic() - started < 10
    over.set()


async def _true(value: bool) -> bool:
    return value
