"""
The sandbox in a thread, and a console with the keys that connected shops need, for tests that go from shop to API.
"""

import asyncio
import contextlib
import json
import threading
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import tomlkit

from console.api import OPERATIONS
from console.rest.app import create_app
from console.rest.operation import Services
from console.scopes import Scope
from console.settings import console_settings
from console.tokens import Tokens
from receiver import store
from receiver.config import RawConfig, read_config
from receiver.sealing import new_key
from sandbox.config import SandboxConfig, SenderRules
from sandbox.server import serving
from tests.support.rest import Caller, served
from workers import shift
from workers.plant import Plant
from workers.providers.provider import PROVIDER_IDS, Kind
from workers.settings import worker_settings

SECRETS_KEY, CREDENTIALS_KEY = new_key(), new_key()
UNSIGNED = {"type": "unsigned"}


@dataclass(slots=True, kw_only=True)
class Shops:
    """A sandbox that runs, and its shops as their owners use them."""

    url: str

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Make one call and return the JSON of its answer."""
        request = urllib.request.Request(
            f"{self.url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={"content-type": "application/json", **headers},
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            text = answer.read()
        return json.loads(text) if text else None

    def woocommerce(self, method: str, path: str, body: Any = None) -> Any:
        return self.call(
            method,
            f"/shops/woocommerce/wp-json/wc/v3{path}",
            body,
            authorization="Basic Y2tfc2FuZGJveDpjc19zYW5kYm94",
        )

    def shopify(self, method: str, path: str, body: Any = None) -> Any:
        headers = {"x-shopify-access-token": "shpat_sandbox"}
        return self.call(method, f"/shops/shopify/admin/api/2025-10{path}", body, **headers)

    def effects(self, name: str = "") -> list[dict[str, Any]]:
        """Return what calls of the APIs have changed, of one kind or all."""
        with urllib.request.urlopen(f"{self.url}/_sandbox/effects", timeout=10) as answer:
            found = [json.loads(line) for line in answer.read().splitlines()]
        return [one for one in found if not name or one["effect"] == name]

    def delivered(self) -> list[dict[str, Any]]:
        """Return the deliveries, once none is under way; nothing while one is."""
        found = self.call("GET", "/_sandbox/deliveries")
        return [] if any(one["state"] == "pending" for one in found) else found


@contextlib.contextmanager
def shops(**options: Any) -> Iterator[Shops]:
    """Yield a sandbox that runs in a thread of its own."""
    ready, box = threading.Event(), {}

    async def main() -> None:
        box["loop"], box["end"] = asyncio.get_running_loop(), asyncio.Event()
        rules = SenderRules(retry_delays_s=(0.05,) * 20, stop_grace_s=0.2)
        async with serving(SandboxConfig(port=0, sender=rules, **options)) as url:
            box["url"] = url
            ready.set()
            await box["end"].wait()

    thread = threading.Thread(target=asyncio.run, args=(main(),), daemon=True)
    thread.start()
    assert ready.wait(10), "the sandbox did not start"
    try:
        yield Shops(url=box["url"])
    finally:
        box["loop"].call_soon_threadsafe(box["end"].set)
        thread.join(10)


def configured(folder: Path, redis_url: str, shops: Shops, **changes: Mapping[str, Any]) -> RawConfig:
    """Write a configuration with one order API, the sandbox's, and read it; None takes a setting away."""
    values: dict[str, Any] = {
        "redis_url": redis_url,
        "receiver": {"secrets_key": SECRETS_KEY},
        "console": {"credentials_key": CREDENTIALS_KEY, "port": 0},
        "integrations": {"allow_private": True, "public_url": "https://hooks.example.com"},
        "sources": {
            "installer": {
                "system": "installer",
                "scheme": UNSIGNED,
                "api": {"base_url": shops.url, "token": "sandbox-token"},
            }
        },
        "worker": {"retry": {"base_s": 0.05}},
    }
    for table, rows in changes.items():
        merged = {**values.get(table, {}), **rows}
        values[table] = {key: value for key, value in merged.items() if value is not None}
    path = folder / "orderhook.toml"
    path.write_text(tomlkit.dumps(values))
    return read_config(environ={}, path=path)


@contextlib.contextmanager
def console(raw: RawConfig) -> Iterator[Caller]:
    """Yield an administrator of a console that runs."""
    settings = console_settings(raw)
    client = store.client(settings.redis_url, timeout_s=5)
    services = Services(client=client, raw=raw, settings=settings)
    with served(create_app(services, OPERATIONS)) as caller:
        yield caller.having(Tokens(client).create("admin", Scope.ADMIN, by="test", now=1)[0])


def wish(
    kind: Kind, store_url: str, *, settings: Mapping[str, bool] | None = None, **credentials: str
) -> Any:
    """Return a body of `configure`, as it is documented, that the sandbox's shop takes."""
    keys = {
        Kind.WOOCOMMERCE: {"apiKey": "ck_sandbox", "apiSecret": "cs_sandbox"},
        Kind.SHOPIFY: {"apiKey": "shpat_sandbox", "apiSecret": "shpss_sandbox"},
    }
    wanted = {"autoImportOrders": True, "syncProducts": True, "pushTracking": True}
    return {
        "providerId": PROVIDER_IDS[kind],
        "providerType": "ecommerce",
        "credentials": {"storeUrl": store_url, **keys[kind], **credentials},
        "settings": {**wanted, **(settings or {})},
    }


@dataclass(slots=True, kw_only=True)
class Worker:
    """A worker in this process: it works when it is told to."""

    plant: Plant
    shifts: int = field(default=0)

    @classmethod
    def of(cls, raw: RawConfig) -> "Worker":
        settings = worker_settings(raw)
        return cls(plant=Plant(settings=settings, registry=settings.registry, folder=raw.folder))

    def work(self) -> None:
        """Work until nothing is ready."""
        asyncio.run(shift.work(self.plant, linger_s=0.02))
        self.shifts += 1
