"""Shadow mode: a workflow that says what it would have done, and does nothing."""

import asyncio
import json
import time
import urllib.request

import pytest
import tomlkit

from receiver import keys
from receiver.config import read_config
from receiver.lifecycle import Status
from receiver.record import as_json
from sandbox.config import SandboxConfig
from sandbox.server import serving
from tests.support import deeds, http_peer
from tests.support.events import accepted, an_event, record
from workers import dead_letters, shift
from workers.plant import Plant
from workers.settings import worker_settings
from workers.shadowing import READ_S

pytestmark = pytest.mark.anyio


@pytest.fixture(autouse=True)
def _no_past():
    deeds.forget()


def shadow(name: str = "shadow", **changes) -> dict:
    """Return a workflow in shadow mode whose actions would leave deeds."""
    actions = [{"type": "first"}, {"type": "mail"}]
    return {"name": name, "trigger": "order.created", "actions": actions, "mode": "shadow"} | changes


LIVE = {"name": "live", "trigger": "order.created", "actions": [{"type": "second"}]}


@pytest.fixture(name="plant")
def _plant(redis_url, tmp_path):
    """Makes a plant of these workflows; `source` changes the table of the source `shop`."""

    def build(*workflows: dict, **source) -> Plant:
        path = tmp_path / "orderhook.toml"
        values = {
            "redis_url": redis_url,
            "actions": ["tests.support.deeds"],
            "sources": {"shop": {"scheme": {"type": "unsigned"}} | source},
            "worker": {"shift_s": 5.0},
            "workflows": list(workflows),
        }
        path.write_text(tomlkit.dumps(values))
        settings = worker_settings(read_config(environ={}, path=path))
        return Plant(settings=settings, registry=settings.registry)

    return build


def an_api(url: str) -> dict:
    return {"system": "installer", "api": {"base_url": url, "token": "token"}}


async def work(tools: Plant) -> None:
    """Work until nothing is ready."""
    await shift.work(tools, linger_s=0.02)


def names() -> list[str]:
    return [name for name, _, _ in deeds.DEEDS]


async def test_it_notes_what_it_would_have_done_and_does_nothing(client, plant):
    """The whole point: a new workflow beside live traffic, without one effect."""
    accepted(client, an_event())

    await work(plant(shadow(), LIVE))

    done = record(client)
    (note,) = done.shadow
    assert (Status.SUCCEEDED, ["second"]) == (done.status, names())
    assert ("shadow", ["first", "mail"]) == (note["workflow"].partition("@")[0], note["would"])
    assert ["live"] == [pin.partition("@")[0] for pin in done.plan]
    assert [note] == as_json(done)["shadow"]


async def test_an_event_that_only_a_shadow_wants_is_ignored(client, plant):
    """It was not worked on, and no list of what succeeded may say that it was."""
    accepted(client, an_event())

    await work(plant(shadow()))

    assert (Status.IGNORED, "no_workflow") == (record(client).status, record(client).reason)
    assert [["first", "mail"]] == [note["would"] for note in record(client).shadow]


async def test_a_condition_that_does_not_hold_leaves_no_note(client, plant):
    """Most workflows want few events; a note in every record would tell nothing."""
    accepted(client, an_event(data={"country": "SE"}))

    await work(plant(shadow(conditions={"data.country": "NO"})))

    assert () == record(client).shadow


async def test_a_read_that_fails_is_noted_and_is_not_the_events_failure(client, plant):
    """An event that live workflows have no quarrel with must not be retried for the sake of a trial."""
    accepted(client, an_event())

    await work(plant(shadow(conditions={"order.total": 1}), LIVE, **an_api("http://127.0.0.1:1")))

    assert (Status.SUCCEEDED, 1) == (record(client).status, record(client).attempt)
    assert ["io_error"] == [note["unknown"] for note in record(client).shadow]


async def test_without_an_order_api_the_answer_is_unknown(client, plant):
    """A live workflow would be a dead letter here, and the note is how its author learns it in time."""
    accepted(client, an_event())

    await work(plant(shadow(conditions={"order.total": 1})))

    assert Status.IGNORED is record(client).status
    assert ["api_missing"] == [note["unknown"] for note in record(client).shadow]


async def test_it_reads_the_order_where_the_answer_depends_on_it(client, plant):
    """Reads are allowed: without them a condition on the order could never be tried."""
    async with serving(SandboxConfig(port=0, tokens=("token",))) as url:
        order_id = await asyncio.to_thread(_seeded, url)
        accepted(client, an_event(subject=order_id))

        await work(plant(shadow(conditions={"order.countryCode": "NO"}), **an_api(url)))

    assert [["first", "mail"]] == [note["would"] for note in record(client).shadow]


def _seeded(url: str) -> str:
    request = urllib.request.Request(f"{url}/_sandbox/seed", data=b"{}", method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["orders"][0]["value"]


async def test_a_slow_api_holds_the_event_up_for_a_bounded_time(client, plant):
    """The workflows that act wait for that read; they must not wait for a minute."""

    async def mute(_, __) -> bool:
        return await asyncio.Event().wait()

    async with http_peer.serving() as upstream:
        upstream.behaviours.append(mute)
        accepted(client, an_event())
        began = time.monotonic()

        await work(plant(shadow(conditions={"order.total": 1}), LIVE, **an_api(upstream.url)))

        assert time.monotonic() - began < READ_S + 1.5
    assert Status.SUCCEEDED is record(client).status
    assert ["timeout"] == [note["unknown"] for note in record(client).shadow]


async def test_a_replay_asks_anew_and_forgets_what_was_noted(client, plant):
    """A note of a workflow that has been changed since would be read as today's answer."""
    accepted(client, an_event())
    await work(plant(shadow()))
    list(dead_letters.replay(client, [record(client)]))

    await work(plant(shadow(conditions={"data.country": "NO"})))

    assert () == record(client).shadow


async def test_a_note_is_bounded(client, plant):
    """Fifty trials at a time must not make of a record a document."""
    accepted(client, an_event())

    await work(plant(*(shadow(f"shadow-{n}") for n in range(23))))

    *notes, more = record(client).shadow
    assert (20, {"more": 3}) == (len(notes), more)
    assert len(client.hget(keys.event("shop", "evt-1"), "shadow")) < 4096
