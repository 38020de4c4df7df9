"""
Installer.com's workflow notifications, whole: the sandbox posts a template's body under a header, the receiver maps it,
and a worker fetches the order and acts on what the API says.
"""

import functools
import http.client
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

import anyio
import pytest
import tomlkit

from receiver import keys
from receiver.config import read_config
from receiver.deliveries import Deliveries, Wanted
from receiver.lifecycle import Status
from receiver.record import Record
from sandbox.config import Notification, SandboxConfig
from sandbox.server import serving
from tests.support.receiving import Receiver, started
from tests.support.waiting import until_async
from workers import shift
from workers.plant import Plant
from workers.settings import worker_settings

pytestmark = pytest.mark.anyio

TOKEN = "b7c1e4f09a"
TEMPLATE = '{ "order": "{{ order.id }}", "state": "{{ order.state }}", "countryCode": "SE" }'
SOURCE = {
    "system": "installer",
    "trust": "hint",
    "verify_by_fetch": True,
    "scheme": {"type": "header", "name": "X-Webhook-Token", "secrets": [TOKEN]},
    "mapping": {
        "subject": "order",
        "same_body_s": 60,
        "type": {"path": "state", "words": {"created": "order.created"}, "otherwise": "order.updated"},
    },
}
WORKFLOW = {
    "name": "Tag",
    "entity_type": "Order",
    "trigger": "order.created",
    "conditions": {"countryCode": "NO"},
    "actions": [{"type": "assign_tag", "tag": "seen"}],
}


@pytest.fixture(name="receiver", scope="module")
def _receiver(redis_server, tmp_path_factory):
    """A receiver that a sandbox posts to; its source's API is read by workers only."""
    api = {"base_url": "http://127.0.0.1:1", "token": "unread"}
    folder = tmp_path_factory.mktemp("notifications")
    with started(folder, redis_server.url, sources={"notifications": {**SOURCE, "api": api}}) as receiver:
        yield receiver


@pytest.fixture(name="sandbox")
async def _sandbox(receiver: Receiver) -> AsyncIterator[str]:
    """A sandbox with one notification."""
    url = f"http://127.0.0.1:{receiver.port}/webhooks/notifications"
    hook = Notification(url=url, template=TEMPLATE, headers={"X-Webhook-Token": TOKEN}, on=("order.created",))
    async with serving(SandboxConfig(port=0, seed=2, notifications=(hook,))) as found:
        yield found


@pytest.fixture(name="plant")
def _plant(redis_url, sandbox, tmp_path) -> Plant:
    values = {
        "redis_url": redis_url,
        "sources": {"notifications": {**SOURCE, "api": {"base_url": sandbox, "token": "sandbox-token"}}},
        "worker": {"lease_s": 5.0, "call_deadline_s": 4.0, "event_deadline_s": 5.0, "shift_s": 1.0},
        "workflows": [WORKFLOW],
    }
    path = tmp_path / "orderhook.toml"
    path.write_text(tomlkit.dumps(values))
    settings = worker_settings(read_config(environ={}, path=path))
    return Plant(settings=settings, registry=settings.registry)


async def ask(url: str, method: str, path: str, body: Any = None, headers: Any = None) -> Any:
    """Call over HTTP from a thread, since the sandbox answers in this one."""

    def answer() -> bytes:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers or {})
            return connection.getresponse().read()
        finally:
            connection.close()

    return await anyio.to_thread.run_sync(answer)


def events(client) -> list[Record]:
    found = Deliveries(client, now=int(client.time()[0]) * 1000).page(Wanted(outcome="accepted")).deliveries
    return [
        Record.read(key, client.hgetall(key))
        for key in (keys.event(one.source, one.event_id) for one in found)
    ]


async def test_a_notification_has_the_order_looked_at_and_acted_on(client, sandbox, plant):
    """The body says another country than the API does, and nobody asks the body."""
    await ask(sandbox, "POST", "/_sandbox/seed", {"orders": 1})
    await until_async(functools.partial(_all, client, 1), what="the notification is accepted")

    await shift.work(plant, linger_s=0.02)

    (found,) = events(client)
    assert ("order.created", Status.SUCCEEDED) == (found.type, found.status)
    effects = [json.loads(line) for line in (await ask(sandbox, "GET", "/_sandbox/effects")).splitlines()]
    assert [("tag.assign", found.subject)] == [
        (one["effect"], one["orderId"]) for one in effects if one["effect"] == "tag.assign"
    ]


async def test_a_notification_of_an_order_that_the_api_does_not_know_is_ignored(
    client, sandbox, plant, receiver
):
    """Whoever has the token can still not have us act on an order that does not exist."""
    body = {"order": "made-up", "state": "created", "countryCode": "NO"}
    headers = {"X-Webhook-Token": TOKEN, "Content-Type": "application/json"}
    await ask(f"http://127.0.0.1:{receiver.port}", "POST", "/webhooks/notifications", body, headers)

    await shift.work(plant, linger_s=0.02)

    (found,) = events(client)
    assert (Status.IGNORED, "order_unknown") == (found.status, found.reason)


async def _all(client, number: int) -> bool:
    return len(events(client)) >= number
