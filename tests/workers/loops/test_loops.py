"""
The case to prevent: one POST grew into 838 runs in three minutes (activepieces#14293).

A workflow takes a tag off every updated order and puts it on again; the sandbox sends order.updated for each of the two.
"""

import asyncio
import contextlib
import json
import time

import aiohttp
import pytest
import tomlkit
from aiohttp import web

from receiver import intake, keys
from receiver.config import read_config
from receiver.inbox import Filter, Inbox
from receiver.intake import Reading
from receiver.lifecycle import Status
from receiver.verification import Verified
from sandbox.config import EventRules, SandboxConfig
from sandbox.server import serving
from tests.sandbox.conftest import ORDER
from tests.support.events import accepted, an_event
from tests.support.waiting import until_async
from workers import dead_letters, shift
from workers.audit import audit
from workers.plant import Plant
from workers.settings import worker_settings

pytestmark = pytest.mark.anyio

TOGGLE = {
    "name": "toggle",
    "trigger": "order.updated",
    "actions": [{"type": "remove_tag", "tag": "seen"}, {"type": "assign_tag", "tag": "seen"}],
}


class World:
    """A sandbox that posts to an inbox, and shifts that work on it."""

    def __init__(self, client, url, session, tools):
        self.client, self.url, self.session, self.tools = client, url, session, tools

    async def call(self, method, path, body=None):
        headers = {"authorization": "Bearer sandbox-token"}
        async with self.session.request(method, self.url + path, json=body, headers=headers) as answer:
            return json.loads(await answer.text() or "null")

    async def order(self):
        return (await self.call("POST", "/api/v1/order", ORDER))["value"]

    async def tag(self, order, name):
        """Put a tag on the order, as somebody else."""
        (tag,) = await self.call("POST", "/api/v1/order-tags", {"names": [name]})
        await self.call("POST", f"/api/v1/order/{order}/tags", {"tagId": tag["id"]})

    async def settle(self):
        """Work until no event is on its way any more."""

        async def calm():
            await shift.work(self.tools, linger_s=0.05)
            sent = await self.call("GET", "/_sandbox/deliveries")
            return not any(one["state"] == "pending" for one in sent) and not any(
                Inbox(self.client).in_flight()
            )

        await until_async(calm, within_s=20)

    def updates(self):
        found = Inbox(self.client).events(Filter(type="order.updated"), newest_first=False)
        return [(one.status.value, one.reason) for one in found]


@pytest.fixture(name="world")
async def _world(client, redis_url, tmp_path):
    """Makes a world by the settings of the guard; the workflow may be changed, too."""
    async with contextlib.AsyncExitStack() as stack:
        hook = await stack.enter_async_context(_inbox(client))
        rules = EventRules(updated_on_tags=True)
        # Without an id of its own, two events of one second with one body are one event.
        config = SandboxConfig(
            port=0, webhook_url=hook, events=rules, signer=lambda event_id, *_: [("webhook-id", event_id)]
        )
        url = await stack.enter_async_context(serving(config))
        session = await stack.enter_async_context(aiohttp.ClientSession())

        def build(workflow=None, **guard):
            api = {"base_url": url, "token": "sandbox-token"}
            values = {
                "redis_url": redis_url,
                "sources": {"shop": {"system": "installer", "api": api, "scheme": {"type": "unsigned"}}},
                "workflows": [TOGGLE | (workflow or {})],
                "loop_guard": guard,
            }
            path = tmp_path / "orderhook.toml"
            path.write_text(tomlkit.dumps(values))
            settings = worker_settings(read_config(environ={}, path=path))
            tools = Plant(settings=settings, registry=settings.registry)
            return World(client, url, session, tools)

        yield build


@contextlib.asynccontextmanager
async def _inbox(client):
    """What the receiver does, in this process: the same reading and the same accept."""
    reading = Reading(source="shop")

    async def take(request):
        verified = Verified(scheme="test", secret_index=0, event_id=request.headers["webhook-id"])
        new = intake.read(await request.read(), verified, reading, authentic=True, now=time.time())
        await asyncio.to_thread(accepted, client, new)
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/hook", take)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    await runner.cleanup()


async def test_a_workflow_that_answers_its_own_writes_runs_once(world):
    """One change by a person is one run; what it raises is known for what it is."""
    here = world()
    order = await here.order()
    await here.settle()

    await here.tag(order, "vip")
    await here.settle()

    assert [("succeeded", ""), ("ignored", "echo")] == here.updates()
    assert [True] == [one.holds for one in audit(Inbox(here.client))]


async def test_a_change_by_somebody_else_is_not_swallowed(world):
    """Echoes are counted: three writes have three, and a person's change within the window is a fourth event."""
    here = world()
    order = await here.order()
    await here.tag(order, "vip")
    await here.settle()
    await here.tag(order, "urgent")
    await here.settle()

    found = here.updates()
    assert (2, 3) == (found.count(("succeeded", "")), found.count(("ignored", "echo")))


async def test_a_chain_ends_at_its_depth(world):
    """With echoes let through the loop is real: it doubles, and ends by its depth with dead letters to look at."""
    here = world(echo="run", max_depth=3)
    order = await here.order()
    await here.tag(order, "vip")

    await here.settle()

    found = here.updates()
    assert 8 == found.count(("succeeded", ""))
    assert {("succeeded", ""), ("dead", "loop_depth")} == set(found)
    assert [True] == [one.holds for one in audit(Inbox(here.client))]


async def test_a_workflow_may_ask_for_echoes(world):
    """As `on_stale` does: some workflows count changes, whoever makes them; the chain is limited all the same."""
    here = world({"on_echo": "run"}, max_depth=1)
    order = await here.order()
    await here.tag(order, "vip")

    await here.settle()

    assert [("succeeded", ""), ("succeeded", "")] == here.updates()[:2]
    assert {("dead", "loop_depth")} == set(here.updates()[2:])


async def test_an_order_that_runs_too_often_stops(world):
    """The last line, for loops whose writes nobody remembers: here because the memory is too short."""
    here = world(echo_window_s=0.000_001, max_order_runs=10)
    order = await here.order()
    await here.tag(order, "vip")

    await here.settle()

    found = here.updates()
    assert 10 == found.count(("succeeded", ""))
    assert {("succeeded", ""), ("dead", "order_rate")} == set(found)
    assert "ended.dead.order_rate" in {name.partition(":")[2] for name in Inbox(here.client).counts()}


async def test_what_has_piled_up_is_not_taken_for_a_loop(client, world):
    """An API that was away for an hour leaves many events of an order; they are worked on in one go."""
    here = world(
        {"actions": [{"type": "assign_tag", "tag": "seen"}]}, max_order_runs=3, order_runs_window_s=60
    )
    order = await here.order()
    accepted(client, *(an_event(f"evt-{n}", type="order.updated", subject=order) for n in range(6)))
    for number in range(6):
        client.hset(keys.event("shop", f"evt-{number}"), "accepted", 1_000_000_000_000 + number * 25_000)

    await here.settle()

    # 0, 25 and 50 s; then a window of its own begins at 75 s.
    assert 6 == here.updates().count(("succeeded", ""))


async def test_a_replay_lets_a_stopped_event_run(world):
    """The way out of a limit is a person's word."""
    here = world(echo="run", max_depth=1)
    order = await here.order()
    await here.tag(order, "vip")
    await here.settle()
    stopped = next(Inbox(here.client).events(Filter(status=Status.DEAD)))

    assert [(stopped, True)] == list(dead_letters.replay(here.client, [stopped]))
    await here.settle()

    assert Status.SUCCEEDED is Inbox(here.client).get(stopped.id).status
