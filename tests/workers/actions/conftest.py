"""Both order APIs, played by the sandbox, and workers with a configuration that names them."""

import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
import tomlkit

from receiver.config import RawConfig, read_config
from sandbox.config import DispatchRules, SandboxConfig
from sandbox.server import serving
from workers import shift
from workers.plant import Plant
from workers.settings import worker_settings

#: An order as a template of `create_order` may make it.
FIELDS = {
    "name": "{{ data.name }}",
    "address": "{{ data.street }} {{ data.number }}",
    "city": "Oslo",
    "postalCode": "0358",
    "countryCode": "{{ data.country | upper }}",
    "email": "kari@example.com",
    "phoneNumber": "+4799900111",
    "contactPersonName": "Kari Nordmann",
    "latitude": "{{ data.latitude }}",
    "metadata": {"erp": "{{ event.id }}"},
}
DATA = {"name": "Heat pump", "street": "Thereses gate", "number": 14, "country": "no", "latitude": 59.93}


@dataclass(frozen=True, kw_only=True)
class Apis:
    """The sandbox by its own door."""

    url: str
    session: aiohttp.ClientSession

    async def effects(self, *kinds: str) -> list[dict[str, Any]]:
        async with self.session.get(f"{self.url}/_sandbox/effects") as answer:
            found = [json.loads(line) for line in (await answer.text()).splitlines()]
        return [one for one in found if not kinds or one["effect"] in kinds]

    async def ask(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"Authorization": "Bearer sandbox-token"}
        async with self.session.request(method, f"{self.url}{path}", json=body, headers=headers) as answer:
            return await answer.json()

    async def fault(self, **fault: Any) -> None:
        async with self.session.put(f"{self.url}/_sandbox/faults", json={"faults": [fault]}) as answer:
            assert 300 > answer.status

    async def order(self) -> str:
        """Create an order at the Installer; return its id."""
        body = FIELDS | {
            "name": "Heat pump",
            "address": "a",
            "countryCode": "NO",
            "latitude": 1,
            "metadata": {},
        }
        return (await self.ask("POST", "/api/v1/order", body))["value"]


@pytest.fixture(name="apis")
async def _apis() -> AsyncIterator[Apis]:
    config = SandboxConfig(port=0, seed=1, dispatch=DispatchRules())
    async with serving(config) as url, aiohttp.ClientSession() as session:
        yield Apis(url=url, session=session)


@pytest.fixture(name="configured")
def _configured(redis_url, tmp_path, apis) -> Callable[..., RawConfig]:
    """Makes a configuration whose one workflow has the steps given; source `shop` has no API, the others have."""

    def build(*steps: Any, trigger: str = "order.created", **tables: Any) -> RawConfig:
        api = {"base_url": apis.url, "token": "sandbox-token"}
        unsigned = {"scheme": {"type": "unsigned"}}
        values = {
            "redis_url": redis_url,
            "sources": {
                "shop": unsigned,
                "installer": unsigned | {"system": "installer", "api": api},
                "dispatch": unsigned | {"system": "dispatch", "api": api},
            },
            "worker": {"lease_s": 5.0, "call_deadline_s": 4.0, "retry": {"base_s": 0.001, "cap_s": 0.001}},
            "workflows": [{"name": "do it", "trigger": trigger, "actions": list(steps)}],
        } | tables
        path = tmp_path / "orderhook.toml"
        path.write_text(tomlkit.dumps(values))
        return read_config(environ={}, path=path)

    return build


@pytest.fixture(name="run")
def _run(configured):
    """Works with the steps given until nothing is ready."""

    async def run(*steps: Any, **tables: Any) -> None:
        settings = worker_settings(configured(*steps, **tables))
        await shift.work(Plant(settings=settings, registry=settings.registry), linger_s=0.02)

    return run
