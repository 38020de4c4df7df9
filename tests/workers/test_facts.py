"""What an event is about, read by entity type: a workflow about shipments asks for a shipment."""

import aiohttp
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


@pytest.fixture(autouse=True)
def _no_past():
    deeds.forget()


@pytest.fixture(name="plant")
def _plant(redis_url, tmp_path):
    """Makes a plant of one workflow; the source `shop` has an API of this system."""

    def build(url: str, system: str, **workflow) -> Plant:
        path = tmp_path / "orderhook.toml"
        api = {"base_url": url, "token": "token"}
        values = {
            "redis_url": redis_url,
            "actions": ["tests.support.deeds"],
            "sources": {"shop": {"scheme": {"type": "unsigned"}, "system": system, "api": api}},
            "workflows": [{"name": "w", "actions": [{"type": "first"}]} | workflow],
        }
        path.write_text(tomlkit.dumps(values))
        settings = worker_settings(read_config(environ={}, path=path))
        return Plant(settings=settings, registry=settings.registry)

    return build


LISTS = {"Shipment": "/api/v1/shipments", "Customer": "/api/v1/Customers", "Product": "/api/v1/Products"}


async def _first(url: str, entity_type: str) -> dict:
    """Return the first entity of the sandbox's list."""
    headers = {"Authorization": "Bearer token"}
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.get(f"{url}{LISTS[entity_type]}") as answer,
    ):
        return (await answer.json())["data"][0]


@pytest.mark.parametrize(
    ("entity_type", "field"), [("Shipment", "trackingNumber"), ("Customer", "email"), ("Product", "sku")]
)
async def test_conditions_see_the_entity_that_the_workflow_is_about(client, plant, entity_type, field):
    """A guid is all that the event says; what it means stands in the API."""
    about = entity_type.lower()
    async with serving(SandboxConfig(port=0, seed=1, tokens=("token",))) as url:
        found = await _first(url, entity_type)
        accepted(
            client,
            an_event("evt-1", type=f"{about}.updated", subject=found["guid"]),
            an_event("evt-2", type=f"{about}.updated", subject="6f9d6f0e-2f0c-4d7c-9a55-0c1f7f4a4d10"),
        )

        await shift.work(
            plant(
                url,
                "dispatch",
                entity_type=entity_type,
                trigger=f"{about}_updated",
                conditions={f"{about}.{field}": found[field]},
            ),
            linger_s=0.02,
        )

    assert (Status.SUCCEEDED, Status.IGNORED) == (
        record(client, "evt-1").status,
        record(client, "evt-2").status,
    )


async def test_an_api_without_such_entities_is_a_permanent_failure(client, plant):
    """Installer.com has no shipments: to wait for one would be to wait for ever."""
    async with serving(SandboxConfig(port=0, tokens=("token",))) as url:
        accepted(client, an_event(type="shipment.updated"))
        asked = {"entity_type": "Shipment", "trigger": "shipment_updated"}

        await shift.work(plant(url, "installer", conditions={"shipment.status": "x"}, **asked), linger_s=0.02)

    assert (Status.DEAD, "operation_missing") == (record(client).status, record(client).reason)
