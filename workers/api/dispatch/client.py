"""
The Dispatch API as a client: one object per part of it, and the calls that actions make to any order API.

What this API lacks and actions may ask for is a `Permanent` failure that says so, before anything is sent.
"""

from collections.abc import Sequence
from typing import Self

import aiohttp

from ...failures import Permanent
from ...sections import ApiSettings
from ..gate import Gate
from ..http import Edge
from ..models import OrderCreated, Tag, UploadedFile
from ..orders import NewOrder
from ..refusals import missing
from ..token import Token
from .business import Businesses
from .customers import Customers
from .door import Door
from .integrations import DispatchWorkflows, Integrations
from .models import Customer, DispatchOrder, Product, Shipment
from .orders import Orders
from .products import Products
from .runs import Runs
from .shipments import Shipments


class DispatchClient:
    """
    A client for one source's API and token; `workers.actions.OrderApi` is the part of it that actions see.

    An `idempotency_key` is sent as the header `Idempotency-Key`, which is ours to hope for; none is documented.
    """

    def __init__(self, edge: Edge) -> None:
        door = Door(edge)
        self.orders = Orders(door)
        self.shipments = Shipments(door)
        self.customers = Customers(door)
        self.products = Products(door)
        self.business = Businesses(door)
        self.runs = Runs(door)
        self.integrations = Integrations(door)
        self.workflows = DispatchWorkflows(door)

    @classmethod
    def build(
        cls,
        settings: ApiSettings,
        session: aiohttp.ClientSession,
        *,
        gate: Gate | None = None,
        token: Token | None = None,
    ) -> Self:
        """Make the client of a source's `api` table; see `InstallerClient.build`."""
        return cls(Edge.build(settings, session, gate=gate, token=token))

    async def look(self) -> str:
        """Read a little that needs the token, and say what was found."""
        return f"business {(await self.business.mine()).name or 'without a name'}"

    # What events are about.

    async def get_order(self, order_id: str) -> DispatchOrder:
        return await self.orders.get(order_id)

    async def get_shipment(self, shipment_id: str) -> Shipment:
        return await self.shipments.get(shipment_id)

    async def get_customer(self, customer_id: str) -> Customer:
        return await self.customers.get(customer_id)

    async def get_product(self, product_id: str) -> Product:
        return await self.products.get(product_id)

    # What actions do.

    async def update_status(self, order_id: str, status: str, *, idempotency_key: str) -> None:
        await self.orders.update_status(order_id, status, idempotency_key=idempotency_key)

    # What actions may ask for and this API does not have; the arguments are those of `OrderApi`.

    async def dispatch_order(self, order_id: str, *, idempotency_key: str) -> None:
        del order_id, idempotency_key
        raise _lacks("dispatch_order", "its dispatches are delivery runs of shipments; use update_status")

    async def cancel_order(self, order_id: str, *, reason: str | None, idempotency_key: str) -> None:
        del order_id, reason, idempotency_key
        raise _lacks("cancel_order", "use update_status")

    async def list_tags(self) -> Sequence[Tag]:
        raise _lacks("list_tags")

    async def create_tags(self, names: Sequence[str], *, idempotency_key: str) -> Sequence[Tag]:
        del names, idempotency_key
        raise _lacks("create_tags")

    async def assign_tag(self, order_id: str, tag_id: str, *, idempotency_key: str) -> None:
        del order_id, tag_id, idempotency_key
        raise _lacks("assign_tag")

    async def remove_tag(self, order_id: str, tag_id: str, *, idempotency_key: str) -> None:
        del order_id, tag_id, idempotency_key
        raise _lacks("remove_tag")

    async def create_order(self, order: NewOrder, *, idempotency_key: str) -> OrderCreated:
        del order, idempotency_key
        raise _lacks("create_order", "its orders come from integrations")

    async def upload_file(
        self, content: bytes, *, name: str, media_type: str, idempotency_key: str
    ) -> UploadedFile:
        del content, name, media_type, idempotency_key
        raise _lacks("upload_file")

    async def attach_file(self, order_id: str, file_id: str, *, idempotency_key: str) -> None:
        del order_id, file_id, idempotency_key
        raise _lacks("attach_file")


def _lacks(operation: str, instead: str = "") -> Permanent:
    return missing("the Dispatch API", operation, instead)
