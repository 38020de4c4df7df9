"""A client of the Dispatch API in the sandbox."""

from dataclasses import dataclass
from typing import Any

import pytest

from tests.sandbox.conftest import Reply, Sandbox

NOBODY = "00000000-0000-4000-8000-000000000000"


@dataclass(frozen=True, kw_only=True)
class Dispatch:
    """The API of a sandbox that is running."""

    sandbox: Sandbox

    async def call(self, method, path, body=None, **options) -> Reply:
        return await self.sandbox.call(method, path, body, **options)

    async def answer(self, method, path, body=None, *, status=200, **options) -> Any:
        """Call, insist on the status and the envelope, and return it."""
        reply = await self.call(method, path, body, **options)
        assert (status, True) == (reply.status, reply.json["success"]), reply.text
        return reply.json

    async def data(self, method, path, body=None, **options) -> Any:
        return (await self.answer(method, path, body, **options))["data"]

    async def get(self, path, **params) -> Any:
        return await self.data("GET", path, **({"params": params} if params else {}))

    async def refusal(self, method, path, body=None, **options) -> tuple[int, str]:
        """Return status and code of an error, whose envelope is documented."""
        reply = await self.call(method, path, body, **options)
        assert {"success", "error"} == reply.json.keys(), reply.text
        assert {"code", "message"} == reply.json["error"].keys()
        return reply.status, reply.json["error"]["code"]

    async def order(self, **fields) -> dict[str, Any]:
        """Have the sandbox make an order."""
        body = {"system": "dispatch", "order": fields}
        return (await self.sandbox.post("/_sandbox/orders", body)).json

    async def summary(self) -> dict[str, Any]:
        return (await self.sandbox.get("/_sandbox")).json["dispatch"]

    async def carrier(self) -> str:
        return next(iter((await self.summary())["carriers"]))

    async def shipment_body(self, **changes) -> dict[str, Any]:
        (customer, *_) = await self.get("/api/v1/Customers")
        party = {"name": "Kari Nordmann", "street": "Markveien 35", "city": "Oslo", "postalCode": "0554"}
        return {"customerId": customer["guid"], "sender": party, "recipient": party} | changes

    async def shipment(self, **changes) -> dict[str, Any]:
        body = await self.shipment_body(**changes)
        return await self.data("POST", "/api/v1/shipments", body, status=201)

    async def effects(self) -> list[dict[str, Any]]:
        return await self.sandbox.effects()


@pytest.fixture(name="dispatch")
async def _dispatch(sandbox: Sandbox) -> Dispatch:
    """The API of a sandbox as good as new, which sends nothing."""
    return Dispatch(sandbox=sandbox)
