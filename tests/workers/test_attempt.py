"""Attempts that ask the order API first: events that only say look, and those whose order nobody knows."""

import http.client
import json
from collections.abc import AsyncIterator
from typing import Any, ClassVar
from urllib.parse import urlsplit

import anyio
import pytest
import tomlkit

from receiver.config import read_config
from receiver.lifecycle import Status
from sandbox.config import SandboxConfig
from sandbox.server import serving
from tests.support import deeds
from tests.support.events import accepted, an_event, record
from workers import shift
from workers.plant import Plant
from workers.settings import worker_settings

pytestmark = pytest.mark.anyio

DEED = [{"type": "first"}]


@pytest.fixture(autouse=True)
def _no_past():
    deeds.forget()


@pytest.fixture(name="sandbox")
async def _sandbox() -> AsyncIterator[str]:
    async with serving(SandboxConfig(port=0, seed=1)) as url:
        yield url


async def call(url: str, method: str, path: str, body: Any = None) -> Any:
    """Call the sandbox, as an operator of it would."""

    def answer() -> bytes:
        connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=5)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            return connection.getresponse().read()
        finally:
            connection.close()

    return json.loads(await anyio.to_thread.run_sync(answer) or b"null")


async def an_order(sandbox: str) -> str:
    await call(sandbox, "POST", "/_sandbox/seed", {"orders": 1})
    (order,) = await call(sandbox, "GET", "/_sandbox/orders")
    return str(order["id"])


async def calls(sandbox: str) -> list[str]:
    return [one["operation"] for one in await call(sandbox, "GET", "/_sandbox/calls")]


@pytest.fixture(name="plant")
def _plant(redis_url, sandbox, tmp_path):
    """Makes a plant whose source `shop` has the sandbox as its API; *source* changes its table."""

    def build(*, source: dict, actions: list | None = None, conditions: dict | None = None) -> Plant:
        workflow = {"name": "one", "entity_type": "Order", "trigger": "order.created"}
        values = {
            "redis_url": redis_url,
            "actions": ["tests.support.deeds"],
            "sources": {
                "shop": {
                    "scheme": {"type": "unsigned"},
                    "system": "installer",
                    "api": {"base_url": sandbox, "token": "sandbox-token"},
                    **source,
                }
            },
            "worker": {"lease_s": 5.0, "call_deadline_s": 4.0, "event_deadline_s": 5.0, "shift_s": 0.5},
            "workflows": [{**workflow, "conditions": conditions or {}, "actions": actions or DEED}],
        }
        path = tmp_path / "orderhook.toml"
        path.write_text(tomlkit.dumps(values))
        settings = worker_settings(read_config(environ={}, path=path))
        return Plant(settings=settings, registry=settings.registry)

    return build


async def work(tools: Plant) -> None:
    await shift.work(tools, linger_s=0.02)


class TestVerifyByFetch:
    SOURCE: ClassVar = {"verify_by_fetch": True}

    async def test_an_event_whose_order_the_api_does_not_know_is_ignored(self, client, plant):
        """Whoever can guess the address can send events of orders that do not exist."""
        accepted(client, an_event(subject="made-up"))

        await work(plant(source=self.SOURCE))

        found = record(client)
        assert (Status.IGNORED, "order_unknown") == (found.status, found.reason)
        assert [] == deeds.DEEDS

    async def test_an_event_whose_order_it_knows_is_worked_on(self, client, plant, sandbox):
        """The call that asks is the one that the conditions ask by: the order is read once."""
        accepted(client, an_event(subject=await an_order(sandbox)))

        await work(plant(source=self.SOURCE, conditions={"order.countryCode": "NO"}))

        assert Status.SUCCEEDED is record(client).status
        assert ["get_order"] == await calls(sandbox)

    async def test_an_event_that_no_workflow_is_for_costs_no_call(self, client, plant, sandbox):
        """Whoever forges events must not spend the budget of the API."""
        accepted(client, an_event(subject="made-up", type="order.deleted"))

        await work(plant(source=self.SOURCE))

        assert (Status.IGNORED, "no_workflow") == (record(client).status, record(client).reason)
        assert [] == await calls(sandbox)

    async def test_an_api_that_fails_says_nothing_about_the_order(self, client, plant, sandbox):
        """Only 404 says that it is unknown; anything else is tried again."""
        await call(
            sandbox,
            "PUT",
            "/_sandbox/faults",
            {"faults": [{"fault": "status_500", "operation": "get_order"}]},
        )
        accepted(client, an_event(subject="made-up"))

        await work(plant(source=self.SOURCE))

        assert (Status.RETRYING, "upstream_error") == (record(client).status, record(client).reason)

    async def test_an_event_that_names_no_order_is_kept_for_a_person(self, client, plant):
        """Most likely the mapping is wrong, and what is ignored nobody looks at."""
        accepted(client, an_event(subject=""))

        await work(plant(source=self.SOURCE))

        assert (Status.DEAD, "subject_missing") == (record(client).status, record(client).reason)


class TestHint:
    SOURCE: ClassVar = {"trust": "hint"}

    async def test_an_action_sees_nothing_of_what_the_sender_wrote(self, client, plant, sandbox):
        """A template or an action of a user's own would act by it, and nobody has verified it."""
        accepted(client, an_event(subject=await an_order(sandbox), data={"refund": 1_000_000}))

        await work(plant(source=self.SOURCE, actions=[{"type": "look"}]))

        assert Status.SUCCEEDED is record(client).status
        assert ["payload={} body=b''"] == [seen for _, _, seen in deeds.DEEDS]

    async def test_conditions_hold_by_what_the_api_says_only(self, client, plant, sandbox):
        """The payload says otherwise, and is not asked."""
        accepted(client, an_event(subject=await an_order(sandbox), data={"countryCode": "SE"}))

        await work(plant(source=self.SOURCE, conditions={"countryCode": "NO"}))

        assert Status.SUCCEEDED is record(client).status
