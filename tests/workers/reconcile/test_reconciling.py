"""Reconciliation against the sandbox: events that never came are found, fed in once, and leave when they come late."""

import asyncio
import contextlib
import json

import aiohttp
import pytest
import tomlkit

from receiver import keys
from receiver.config import read_config
from receiver.inbox import Filter, Inbox
from receiver.lifecycle import Status
from receiver.record import moment
from sandbox.config import DispatchRules, SandboxConfig
from sandbox.server import serving
from tests.support import deeds
from tests.support.events import accepted, an_event, identity, record
from workers import shift
from workers.audit import audit
from workers.failures import RateLimited, Transient
from workers.plant import Plant
from workers.reconcile import CannotList, NoIdentity, Verdict
from workers.reconcile.job import Jobs, is_due
from workers.reconcile.running import patiently
from workers.reconcile.sources import reconcile_source
from workers.reconcile_settings import ReconcileSettings
from workers.settings import worker_settings

pytestmark = pytest.mark.anyio

WORKFLOWS = [
    {"name": name, "trigger": trigger, "actions": [{"type": "first"}]}
    for name, trigger in (("new", "order.created"), ("moved", "order.status_changed"))
]


class World:
    """A sandbox whose webhooks go nowhere, and a source that answers to it."""

    def __init__(self, client, url, session, path):
        self.client, self.url, self.session, self.path = client, url, session, path
        self.settings = worker_settings(read_config(environ={}, path=path))

    async def call(self, method, path, body=None):
        async with self.session.request(method, self.url + path, json=body) as answer:
            return json.loads(await answer.text() or "null")

    async def order(self):
        """Create an order as an integration would; the event that tells of it is lost."""
        return (await self.call("POST", "/_sandbox/orders", {"system": "dispatch"}))["guid"]

    async def reconcile(self, **more):
        folder = self.path.parent
        return await reconcile_source(
            self.settings, self.client, "dispatch", folder=folder, within_s=10, **more
        )

    async def work(self):
        await shift.work(Plant(settings=self.settings, registry=self.settings.registry), linger_s=0.02)

    def events(self, **wanted):
        return list(Inbox(self.client).events(Filter(source="dispatch", **wanted), newest_first=False))


@pytest.fixture(name="world")
async def _world(client, redis_url, tmp_path):
    deeds.forget()
    identity(client)
    rules = DispatchRules(seeded=False, rate_limit=None)
    async with contextlib.AsyncExitStack() as stack:
        url = await stack.enter_async_context(serving(SandboxConfig(port=0, dispatch=rules)))
        session = await stack.enter_async_context(aiohttp.ClientSession())
        api = {"base_url": url, "token": "sandbox-token"}
        unsigned = {"scheme": {"type": "unsigned"}, "api": api}
        values = {
            "redis_url": redis_url,
            "actions": ["tests.support.deeds"],
            "sources": {
                "dispatch": {"system": "dispatch", "reconcile": {"grace_s": 0}, **unsigned},
                "installer": {"system": "installer", **unsigned},
                "plain": {"scheme": {"type": "unsigned"}},
            },
            "workflows": WORKFLOWS,
        }
        path = tmp_path / "orderhook.toml"
        path.write_text(tomlkit.dumps(values))
        yield World(client, url, session, path)


async def test_an_event_that_never_came_is_fed_in(world):
    """It is recorded, marked as ours, worked on like any other, and counted as missed."""
    order = await world.order()

    report = await world.reconcile()
    await world.work()

    (fed,) = world.events()
    assert (1, 1, 1) == (report.listed, report.missing, report.fed)
    assert ("order.created", order, Status.SUCCEEDED) == (fed.type, fed.subject, fed.status)
    assert (True, "synthetic:reconcile") == (fed.synthetic, fed.verdict)
    assert ["first"] == [name for name, _, _ in deeds.DEEDS]
    assert 1 == Inbox(world.client).counts()["dispatch:missed_webhooks"]
    assert [True] == [one.holds for one in audit(Inbox(world.client))]


async def test_a_second_run_finds_nothing(world):
    """Each event once, however often it is looked for."""
    await world.order()
    await world.reconcile()

    again = await world.reconcile()

    assert (1, 0, ()) == (again.listed, again.fed, again.drifts)


async def test_two_runs_at_once_feed_in_each_event_once(world):
    """A command beside the job: the event's id follows from the change, so the second is a duplicate."""
    await world.order()

    reports = await asyncio.gather(world.reconcile(), world.reconcile())

    assert 1 == sum(report.fed for report in reports)
    assert 1 == Inbox(world.client).counts()["dispatch:missed_webhooks"]


async def test_a_dry_run_writes_nothing(world):
    """To look must be safe at any time."""
    await world.order()
    before = sorted(key for key in world.client.scan_iter() if ":budget" not in key)

    report = await world.reconcile(dry=True)

    assert [(Verdict.MISSING, ("order.created",))] == [(one.verdict, one.missing) for one in report.drifts]
    assert before == sorted(key for key in world.client.scan_iter() if ":budget" not in key)


async def test_the_real_event_that_comes_late_starts_nothing(world):
    """It is older than what has been applied, so it is stale: recorded and seen, and not done again."""
    order = await world.order()
    await world.reconcile()
    await world.work()
    (fed,) = world.events()
    late = str(fed.occurred - 2_000)  # its own second, as the sandbox would have written it

    accepted(world.client, an_event("evt-late", source="dispatch", subject=order, occurred=late))
    await world.work()

    real = record(world.client, "evt-late", source="dispatch")
    assert (Status.IGNORED, "stale") == (real.status, real.reason)
    assert 1 == len(deeds.DEEDS)


async def test_an_order_whose_events_came_is_known(world):
    """Nothing is fed in where the sender did its part."""
    order = await world.order()
    (state,) = (await world.reconcile(dry=True)).drifts
    event = an_event("evt-1", source="dispatch", subject=order, occurred=str(state.order.changed))
    accepted(world.client, event)

    report = await world.reconcile()

    assert (1, 0, ()) == (report.listed, report.missing, report.drifts)


async def test_a_change_of_status_that_was_missed_is_told_as_one(world):
    """Its type follows from the status that the last event told of."""
    order = await world.order()
    (state,) = (await world.reconcile(dry=True)).drifts
    told = an_event(
        "evt-1",
        source="dispatch",
        subject=order,
        occurred=str(state.order.changed - 60_000),
        data={"status": "pending"},
    )
    accepted(world.client, told)
    await world.call("POST", "/_sandbox/advance", {"orderId": order, "to": "processing"})

    report = await world.reconcile()

    assert [("order.status_changed",)] == [one.missing for one in report.drifts]
    fed = next(one for one in world.events() if one.synthetic)
    body = json.loads(Inbox(world.client).body(fed))
    assert ("processing", order, "reconcile") == (
        body["data"]["status"],
        body["data"]["id"],
        body["synthetic"],
    )
    assert body["timestamp"] == moment(report.drifts[0].order.changed).isoformat()


async def test_an_order_outside_the_time_is_not_looked_at(world):
    """The grace gives the sender its time; what is before the beginning was looked at before."""
    await world.order()
    later = int(world.client.time()[0]) * 1000 + 60_000

    assert 0 == (await world.reconcile(since=later)).listed


async def test_a_redis_that_no_receiver_knows_takes_nothing(world):
    """As from a receiver: nothing is written where nobody has looked what Redis this is."""
    await world.order()
    world.client.delete(keys.identity())

    with pytest.raises(NoIdentity):
        await world.reconcile()


@pytest.mark.parametrize("source", ["installer", "plain"])
async def test_a_source_that_cannot_be_compared_says_why(world, source):
    """Installer documents no list by the time of change; a source without an API has nothing to ask."""
    with pytest.raises(CannotList, match=f"source {source}: "):
        await reconcile_source(world.settings, world.client, source, folder=world.path.parent, within_s=10)


async def test_who_looks_first_has_the_job(client):
    """One comparison in each interval, however many workers there are."""
    terms = ReconcileSettings(every_s=3_600)

    assert [True, False] == [is_due(client, "dispatch", terms) for _ in range(2)]
    assert 3_590 < client.ttl(keys.reconciling("dispatch")) <= 3_600


async def test_the_job_is_a_process_of_its_own(world, monkeypatch):
    """What a worker starts when it is due, once: it feeds in what is missing, and leaves in Redis what it found."""
    await world.order()
    monkeypatch.setenv("ORDERHOOK_CONFIG", str(world.path))
    jobs = Jobs()

    for _ in range(2):
        jobs.start_due(world.client, world.settings)
    (job,) = jobs.running
    code = await asyncio.to_thread(job.wait, 20)

    found = world.client.hgetall(keys.reconciled("dispatch"))
    assert 0 == code
    assert ("1", "1", "1", "") == (found["listed"], found["missing"], found["fed"], found["error"])


@pytest.mark.parametrize(
    ("failures", "calls"),
    [([RateLimited("wait", retry_after_s=0.0)] * 9, 10), ([Transient("503", retry_after_s=0.0)] * 3, 4)],
    ids=["rate limit", "outage"],
)
async def test_a_comparison_waits_for_its_api(failures, calls):
    """It has time: the budget puts it behind everything else, and a page may fail."""
    left = list(failures)
    made = []

    async def fetch():
        made.append(1)
        if left:
            raise left.pop()
        return "page"

    assert "page" == await patiently(fetch, source="dispatch", until=1e12)
    assert calls == len(made)


async def test_a_comparison_gives_up_in_time():
    """The next one goes over the same time again."""

    async def fetch():
        raise RateLimited("wait", retry_after_s=60.0)

    with pytest.raises(RateLimited):
        await patiently(fetch, source="dispatch", until=0.0)
