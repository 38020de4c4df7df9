"""
The Installer API as calls: typed values in and out, every trouble a `Failure`.

Owns what goes into each request and how each answer is read; where the operations are is `paths.py`.
Nothing is repeated here: a write has its idempotency key and the lane its retries. A GET may go out twice where
its kept-alive connection was dead. Lists are read as one page, since no paging is documented.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self, TypeVar

import aiohttp

from ..sections import ApiSettings
from .gate import Gate
from .http import Edge
from .models import Installer, Order, OrderCreated, Tag, UploadedFile, Webform, listed
from .orders import NewOrder
from .paths import OPERATIONS, InstallerPaths, InstallerStatuses
from .refusals import missing
from .replies import Call, Reply, decoded, names_existing_order, settled
from .sending import form_of, json_of, path_of
from .token import Token

T = TypeVar("T")

_DEFAULT_PATHS = InstallerPaths()
_DEFAULT_STATUSES = InstallerStatuses()


class InstallerClient:
    """
    A client for one source's API and token; `workers.actions.OrderApi` is the part of it that actions see.

    An `idempotency_key` is sent as the header `Idempotency-Key`, which is ours to hope for; only create order
    documents a key, in its body.
    """

    def __init__(
        self,
        edge: Edge,
        *,
        paths: InstallerPaths = _DEFAULT_PATHS,
        statuses: InstallerStatuses = _DEFAULT_STATUSES,
    ) -> None:
        self._edge = edge
        self._calls = {name: Call(operation=one, route=paths.of(one)) for name, one in OPERATIONS.items()}
        self._statuses = statuses.table()

    @classmethod
    def build(
        cls,
        settings: ApiSettings,
        session: aiohttp.ClientSession,
        *,
        gate: Gate | None = None,
        token: Token | None = None,
    ) -> Self:
        """
        Make the client of a source's `api` table; the session stays the caller's.

        Args:
            gate: None lets every call through.
            token: None is the settings' own, which is never read again.
        """
        edge = Edge.build(settings, session, gate=gate, token=token)
        return cls(edge, paths=settings.paths, statuses=settings.statuses)

    async def look(self) -> str:
        """Read a little that needs the token, and say what was found."""
        count = len(await self.list_tags())
        return "1 tag" if count == 1 else f"{count} tags"

    async def create_order(self, order: NewOrder, *, idempotency_key: str) -> OrderCreated:
        """Create the order, or return the one that was created under this key before."""
        return await self._create("create_order", {}, order.body(), idempotency_key)

    async def get_order(self, order_id: str) -> Order:
        return await self._read("get_order", self._order, orderId=order_id)

    async def list_orders(self) -> tuple[Order, ...]:
        return await self._read("list_orders", lambda answer: tuple(map(self._order, listed(answer))))

    async def dispatch_order(self, order_id: str, *, idempotency_key: str) -> None:
        await self._write("dispatch_order", {}, idempotency_key, orderId=order_id)

    async def cancel_order(self, order_id: str, *, reason: str | None, idempotency_key: str) -> None:
        """Cancel the order. That the call takes a `reason` is ours."""
        body = {} if reason is None else {"reason": reason}
        await self._write("cancel_order", body, idempotency_key, orderId=order_id)

    async def list_tags(self) -> tuple[Tag, ...]:
        return await self._read("list_tags", _tags)

    async def create_tags(self, names: Sequence[str], *, idempotency_key: str) -> tuple[Tag, ...]:
        """Create tags; that a name which exists is answered with its tag is ours."""
        call = self._calls["create_tags"]
        body = json_of(call, {"names": list(names)})
        return decoded(call, await self._ask(call, {}, body=body, key=idempotency_key), _tags)

    async def assign_tag(self, order_id: str, tag_id: str, *, idempotency_key: str) -> None:
        await self._write("assign_tag", {"tagId": tag_id}, idempotency_key, orderId=order_id, tagId=tag_id)

    async def remove_tag(self, order_id: str, tag_id: str, *, idempotency_key: str) -> None:
        await self._write("remove_tag", None, idempotency_key, orderId=order_id, tagId=tag_id)

    async def upload_file(
        self, content: bytes, *, name: str, media_type: str, idempotency_key: str
    ) -> UploadedFile:
        """Upload a file for the `file_ids` of a new order. The form field `file` is ours."""
        call = self._calls["upload_file"]
        form = form_of(call, content, name=name, media_type=media_type)
        reply = await self._ask(call, {}, body=form, key=idempotency_key)
        return decoded(call, reply, UploadedFile.model_validate)

    async def attach_file(self, order_id: str, file_id: str, *, idempotency_key: str) -> None:
        """Attach an uploaded file to an order. The whole operation is ours."""
        await self._write(
            "attach_file", {"fileId": file_id}, idempotency_key, orderId=order_id, fileId=file_id
        )

    async def update_status(  # the arguments are those of `OrderApi`
        self,
        order_id: str,  # noqa: ARG002
        status: str,  # noqa: ARG002
        *,
        idempotency_key: str,  # noqa: ARG002
    ) -> None:
        """Raise: no operation of the Installer's sets a status; it follows from what is done with the order."""
        raise missing("the Installer API", "update_status", "use dispatch_order or cancel_order")

    async def list_installers(self) -> tuple[Installer, ...]:
        return await self._read("list_installers", lambda answer: tuple(map(Installer.read, listed(answer))))

    async def get_webform(self, webform_id: str) -> Webform:
        return await self._read("get_webform", Webform.read, webformId=webform_id)

    async def create_webform_order(
        self, webform_id: str, answers: Mapping[str, Any], *, idempotency_key: str
    ) -> OrderCreated:
        """Create an order by a form's fields, whose names are the form's own."""
        return await self._create("create_webform_order", {"webformId": webform_id}, answers, idempotency_key)

    def _order(self, answer: object) -> Order:
        return Order.read(answer, statuses=self._statuses)

    async def _create(
        self, name: str, ids: Mapping[str, str], body: Mapping[str, Any], key: str
    ) -> OrderCreated:
        call = self._calls[name]
        content = json_of(call, {**body, "idempotencyKey": key})
        reply = await self._edge.send(call, path_of(call, ids), body=content, key=key)
        duplicate = names_existing_order(reply)
        if not duplicate:
            self._edge.check(call, reply)
        return decoded(call, reply, lambda answer: OrderCreated.read(answer, duplicate=duplicate))

    async def _read(self, name: str, read: Callable[[Any], T], **ids: str) -> T:
        call = self._calls[name]
        return decoded(call, await self._ask(call, ids), read)

    async def _write(self, name: str, body: Mapping[str, Any] | None, key: str, **ids: str) -> None:
        call = self._calls[name]
        content = None if body is None else json_of(call, body)
        settled(call, await self._ask(call, ids, body=content, key=key))

    async def _ask(
        self,
        call: Call,
        ids: Mapping[str, str],
        *,
        body: bytes | aiohttp.FormData | None = None,
        key: str | None = None,
    ) -> Reply:
        reply = await self._edge.send(call, path_of(call, ids), body=body, key=key)
        return self._edge.check(call, reply)


def _tags(answer: object) -> tuple[Tag, ...]:
    return tuple(map(Tag.model_validate, listed(answer)))
