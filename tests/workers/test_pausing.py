"""Runs that pause: what waits, what goes on, and who may let them go on; shifts on a real Redis."""

import pytest
import tomlkit

from receiver import keys
from receiver.config import read_config
from receiver.inbox import Inbox
from receiver.lifecycle import Status
from receiver.record import StepState
from tests.support import deeds
from tests.support.events import accepted, an_event, record
from workers import dead_letters, pausing, shift, sweeper
from workers.audit import audit
from workers.failures import Transient
from workers.plant import Plant
from workers.settings import worker_settings

pytestmark = pytest.mark.anyio


@pytest.fixture(name="plant")
def _plant(redis_url, tmp_path):
    """Makes a plant with a workflow that does `first`, pauses and does `second`; further ones by name."""
    deeds.forget()

    def build(pause=None, **others) -> Plant:
        steps = [{"type": "first"}, {"type": "pause", **(pause or {})}, {"type": "second"}]
        workflows = {"ask": steps, **others}
        values = {
            "redis_url": redis_url,
            "actions": ["tests.support.deeds"],
            "sources": {"shop": {"scheme": {"type": "unsigned"}}},
            "worker": {"lease_s": 5.0, "call_deadline_s": 4.0, "shift_s": 5.0, "retry": {"base_s": 0.001}},
            "workflows": [
                {"name": name, "trigger": "order.created", "actions": actions}
                for name, actions in workflows.items()
            ],
        }
        path = tmp_path / "orderhook.toml"
        path.write_text(tomlkit.dumps(values))
        settings = worker_settings(read_config(environ={}, path=path))
        return Plant(settings=settings, registry=settings.registry)

    return build


async def work(plant: Plant) -> None:
    await shift.work(plant, linger_s=0.02)


def did() -> list[tuple[str, str]]:
    return [(name, event) for name, event, _ in deeds.DEEDS]


async def test_a_run_waits_until_it_is_resumed_and_does_nothing_twice(client, plant):
    """The point of a pause: what is done stays done, what comes after it waits for a person."""
    accepted(client, an_event())
    tools = plant({"why": "over 10 000, ask first"})
    await work(tools)
    assert (Status.PAUSED, "paused") == (record(client).status, record(client).reason)
    await work(tools)
    assert [("first", "evt-1")] == did()

    assert pausing.resume(client, record(client), by="kari: fine")
    await work(tools)

    found = record(client)
    assert [("first", "evt-1"), ("second", "evt-1")] == did()
    assert Status.SUCCEEDED is found.status
    assert ("kari: fine", "over 10 000, ask first") == (found.pauses["0.1"].by, found.pauses["0.1"].why)
    assert '{"resumedBy":"kari: fine"}' == found.ledger["0.1"].detail


async def test_nobody_loses_sight_of_it(client, plant):
    """A paused event is in flight: the audit counts it, the sweep finds nothing, retention leaves it alone."""
    accepted(client, an_event(), an_event("evt-2", subject="order-2"))
    await work(plant({"lane": "goes_on"}))

    (found,) = audit(Inbox(client))

    assert (True, 2) == (found.holds, found.in_flight)
    assert [] == sweeper.sweep(client)
    assert -1 == client.pttl(keys.event("shop", "evt-1"))
    assert 2 == len(list(pausing.paused(client)))


async def test_the_lane_waits_where_it_is_to_wait(client, plant):
    """The order's next event must not overtake a decision about it."""
    accepted(client, an_event("evt-1"), an_event("evt-2"))
    tools = plant()
    await work(tools)
    assert [("first", "evt-1")] == did()

    pausing.resume(client, record(client, "evt-1"), by="kari")
    await work(tools)

    assert [("first", "evt-1"), ("second", "evt-1"), ("first", "evt-2")] == did()


async def test_the_lane_goes_on_where_it_is_to_go_on(client, plant):
    """And the event that waited is not taken for a late one, though newer ones have been done since."""
    accepted(client, an_event("evt-1", occurred="1000"))
    tools = plant({"lane": "goes_on"})
    await work(tools)
    deeds.DEEDS.clear()
    accepted(client, an_event("evt-2", occurred="2000"))
    await work(tools)
    assert [("first", "evt-2")] == did()
    pausing.resume(client, record(client, "evt-2"), by="kari")
    await work(tools)

    pausing.resume(client, record(client, "evt-1"), by="kari")
    await work(tools)

    assert [("first", "evt-2"), ("second", "evt-2"), ("second", "evt-1")] == did()
    found = record(client, "evt-1")
    assert (Status.SUCCEEDED, False) == (found.status, found.stale)
    assert (keys.lane("shop", "order-1"), "") == (found.lane, found.home)
    assert set() == Inbox(client).lanes()
    assert "2000" == client.get(keys.applied(found.lane))


async def test_it_goes_on_by_itself_when_its_time_is_over(client, plant):
    """Nobody said no within a day: that may be a yes."""
    accepted(client, an_event())
    tools = plant({"for_s": 0.05})

    await work(tools)
    await work(tools)

    found = record(client)
    assert Status.SUCCEEDED is found.status
    assert '{"timeIsOver":true}' == found.ledger["0.1"].detail
    assert 0 == client.zcard(keys.paused())


async def test_other_workflows_of_the_event_do_not_wait(client, plant):
    """It is the run that waits; what others want of the event has nothing to do with it."""
    accepted(client, an_event())

    await work(plant(other=[{"type": "blocking"}]))

    assert [("first", "evt-1"), ("blocking", "evt-1")] == did()
    assert Status.PAUSED is record(client).status


async def test_only_the_run_that_was_meant_goes_on(client, plant):
    """Who approves one thing has not approved the other."""
    accepted(client, an_event())
    tools = plant(other=[{"type": "pause"}, {"type": "blocking"}])
    await work(tools)
    assert ["ask", "other"] == [run.workflow_name for run in pausing.paused(client)]

    assert [True] == pausing.resume_runs(client, list(pausing.paused(client, workflow="other")), by="kari")
    await work(tools)

    assert [("first", "evt-1"), ("blocking", "evt-1")] == did()
    assert ["ask"] == [run.workflow_name for run in pausing.paused(client)]
    assert Status.PAUSED is record(client).status
    assert StepState.DONE is record(client).ledger["1.0"].state


async def test_a_pause_that_another_runs_failure_overtook_can_be_resumed(client, plant):
    """The event waits for its next attempt, not for a person; the person may decide all the same."""
    accepted(client, an_event())
    deeds.FAILURES["blocking"] = [Transient("not now", retry_after_s=0.05)]
    tools = plant(other=[{"type": "blocking"}])
    await work(tools)
    while record(client).status is Status.RETRYING:
        await work(tools)

    assert Status.PAUSED is record(client).status
    assert pausing.resume(client, record(client), by="kari")


async def test_what_is_not_paused_is_not_resumed(client, plant):
    """A second click, a typo, an event that was discarded meanwhile."""
    accepted(client, an_event("evt-1"), an_event("evt-2", subject="order-2", type="order.deleted"))
    tools = plant()
    await work(tools)
    paused = record(client, "evt-1")

    assert pausing.resume(client, paused, by="kari")
    assert not pausing.resume(client, paused, by="kari")
    assert not pausing.resume(client, record(client, "evt-2"), by="kari")


async def test_a_replay_leaves_it_alone(client, plant):
    """It is in flight: to start it again is not what a replay is for, and would ask the person twice."""
    accepted(client, an_event())
    await work(plant())

    assert [False] == [was for _, was in dead_letters.replay(client, [record(client)])]
    assert Status.PAUSED is record(client).status


@pytest.mark.parametrize("lane", ["waits", "goes_on"])
async def test_it_can_be_discarded_and_its_lane_goes_on(client, plant, lane):
    """Somebody said no: the event is closed for good, and the order's next event is not held up by it."""
    accepted(client, an_event("evt-1"))
    tools = plant({"lane": lane})
    await work(tools)
    accepted(client, an_event("evt-2"))

    ((_, was),) = dead_letters.discard(client, [record(client, "evt-1")], keep_ms=60_000, why="kari: no")
    await work(tools)

    assert was
    assert Status.DISCARDED is record(client, "evt-1").status
    assert [("first", "evt-1"), ("first", "evt-2")] == did()
    assert [keys.event("shop", "evt-2")] == client.zrange(keys.paused(), 0, -1)
    assert [True] == [one.holds for one in audit(Inbox(client))]


async def test_a_worker_that_dies_behind_the_pause_does_not_ask_again(client, plant):
    """The decision stands in the record: a crash does not make a person decide twice."""
    accepted(client, an_event())
    tools = plant()
    await work(tools)
    pausing.resume(client, record(client), by="kari")
    deeds.FAILURES["second"] = [Transient("not now")]

    for _ in range(3):
        await work(tools)

    assert Status.SUCCEEDED is record(client).status
    assert 2 == did().count(("second", "evt-1"))
