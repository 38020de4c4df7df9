"""Workflows of the API at work: a shift takes them up at its start, and none of them can stop it."""

import asyncio
import json

import pytest
import redis.asyncio as aredis
import tomlkit

from receiver import keys
from receiver.config import read_config
from receiver.lifecycle import Status
from tests.support import deeds
from tests.support.events import accepted, an_event, record
from workers import configured, shift
from workers.plant import Plant
from workers.settings import worker_settings
from workers.workflows.library import Change, Stored

pytestmark = pytest.mark.anyio

DEFINITION = {"name": "of the API", "trigger": "order.created", "actions": [{"type": "first"}]}


@pytest.fixture(autouse=True)
def _no_past():
    deeds.forget()


@pytest.fixture(name="plant")
def _plant(redis_url, tmp_path):
    """A plant whose file has one workflow, `of the file`."""
    path = tmp_path / "orderhook.toml"
    values = {
        "redis_url": redis_url,
        "actions": ["tests.support.deeds"],
        "sources": {"shop": {"scheme": {"type": "unsigned"}}},
        "worker": {"shift_s": 0.5},
        "workflows": [DEFINITION | {"name": "of the file", "actions": [{"type": "second"}]}],
    }
    path.write_text(tomlkit.dumps(values))
    settings = worker_settings(read_config(environ={}, path=path))
    return Plant(settings=settings, registry=settings.registry)


def put(client, guid: str = "g-1", *, is_active: bool = True, **changes) -> None:
    """Store a workflow as the API would."""
    history = (Change(at=1, by="ola", what="created", version="v"),)
    stored = Stored(
        guid=guid, definition=DEFINITION | changes, is_active=is_active, created=1, changes=history
    )
    client.hset(keys.configured(), guid, configured.written(stored))


async def work(tools: Plant) -> None:
    """Work until nothing is ready."""
    await shift.work(tools, linger_s=0.02)


def names() -> list[str]:
    return [name for name, _, _ in deeds.DEEDS]


async def test_the_next_shift_runs_what_was_configured(client, plant):
    """No restart, no deployment: that is what the API is for."""
    put(client)
    accepted(client, an_event())

    await work(plant)

    assert (Status.SUCCEEDED, ["second", "first"]) == (record(client).status, names())
    assert ["of the file", "of the API"] == [pin.partition("@")[0] for pin in record(client).plan]


async def test_one_that_was_switched_off_starts_nothing(client, plant):
    """A toggle is how somebody stops the damage."""
    put(client, is_active=False)
    accepted(client, an_event())

    await work(plant)

    assert ["second"] == names()


async def test_an_event_is_finished_by_the_version_that_it_began_with(client, plant):
    """A change between two attempts must not change an event halfway."""
    put(client, actions=[{"type": "first"}, {"type": "mail"}])
    accepted(client, an_event())
    deeds.FAILURES["first"] = [RuntimeError("later")]
    await work(plant)
    put(client, actions=[{"type": "blocking"}])
    client.zadd(keys.ready("shop"), {keys.lane("shop", "order-1"): 0})

    await work(plant)

    assert ["second", "first", "first", "mail"] == names()


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"actions": [{"type": "gone"}]}, id="an-action-that-is-gone"),
        pytest.param({"actions": [{"type": "webhook", "target": "gone"}]}, id="a-target-that-is-gone"),
        pytest.param({"name": "of the file"}, id="a-name-that-the-file-took-since"),
    ],
)
async def test_one_that_cannot_be_used_stops_nobody_and_is_told(client, plant, changes, capfd):
    """An action that a release took away must not take all the others with it."""
    put(client, **changes)
    accepted(client, an_event())

    await work(plant)

    assert (Status.SUCCEEDED, ["second"]) == (record(client).status, names())
    assert "workflow.broken" in "".join(capfd.readouterr())


async def test_without_an_answer_a_shift_takes_on_nothing(client, plant):
    """With half of the workflows it would ignore events that the other half wants, for good."""
    client.set(keys.configured(), "a string is in the way")
    accepted(client, an_event())

    await work(plant)

    assert (Status.PENDING, []) == (record(client).status, [])
    client.delete(keys.configured())
    await work(plant)
    assert ["second"] == names()


async def test_a_worker_that_must_stop_waits_no_longer(client, redis_url):
    """Ten seconds is all it has."""
    client.set(keys.configured(), "a string is in the way")
    stopping = asyncio.Event()
    async with aredis.Redis.from_url(redis_url, retry=None) as redis:
        asyncio.get_running_loop().call_later(0.1, stopping.set)

        assert await configured.read_all(redis, stopping=stopping, patience_s=60) is None


def test_what_is_kept_is_read_again(client):
    """The form in Redis is ours, and has one reader and one writer."""
    change = Change(at=5, by="ola", what="created", version="abc")
    stored = Stored(guid="g", definition=DEFINITION, is_active=False, created=5, changes=(change,))

    text = configured.written(stored)

    assert stored == configured.read("g", text)
    assert ("ola", 5, 5) == tuple(json.loads(text)[key] for key in ("by", "created", "updated"))
