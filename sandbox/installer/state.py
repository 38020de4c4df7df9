"""
The pretended upstream's memory: one class through which every change goes.

Each change is logged as an effect and told to the listener; nothing here waits or talks to a network.
"""

from collections.abc import Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any

from ..config import SandboxConfig
from ..effects import EffectKind, EffectLog
from ..errors import Refusal
from ..ids import Ids
from .orders import InstallerFirm, Order, Tag, Upload, WebForm
from .phases import Change, Phase, steps
from .requests import NewOrder

#: Told after each change, in the order in which they happen.
Listener = Callable[[Change, Order], None]

_FIRMS = ("Nordlys Montasje AS", "Fjord Elektro AS", "Bryggen Varme og VVS AS")
_FORM = "Bestill montering"


class InstallerState:
    """
    All orders, tags and uploads, and every way to change them.
    """

    def __init__(self, *, config: SandboxConfig, ids: Ids, effects: EffectLog, listener: Listener) -> None:
        self._config = config
        self._clock = config.clock
        self._ids = ids
        self._effects = effects
        self._tell = listener
        self.firms = tuple(InstallerFirm(id=ids.uuid(), name=name) for name in _FIRMS)
        self.webform = WebForm(id=ids.uuid(), name=_FORM)
        self.forget()

    def forget(self) -> None:
        """
        Drop every order, tag and upload; the firms and the web form stay.
        """
        self.orders: dict[str, Order] = {}
        self.tags: dict[str, Tag] = {}
        self.uploads: dict[str, Upload] = {}
        self._by_key: dict[str, Order] = {}
        self._numbers = 0

    # Orders

    def order(self, order_id: str) -> Order:
        """
        Raises:
            Refusal: 404, there is no such order, or it has been deleted.

        """
        found = self.orders.get(order_id)
        if found is None:
            raise Refusal(HTTPStatus.NOT_FOUND, "no order with this id")
        return found

    def create_order(self, request: NewOrder, *, key: str | None) -> Order:
        """
        Raises:
            Refusal: 409 or 400 for a body idempotencyKey seen before, 422 for an unknown tag or file.

        """
        self._refuse_duplicate(request)
        tags = [self._known(self.tags, str(tag_id), "orderTagIds") for tag_id in request.order_tag_ids]
        for file_id in request.file_ids:
            self._known(self.uploads, str(file_id), "fileIds")
        order = self._new_order(request, tags)
        self._log(
            EffectKind.ORDER_CREATE,
            order,
            key=key or request.idempotency_key,
            detail={"displayId": order.display_id},
        )
        self._tell(Change.CREATED, order)
        return order

    def _new_order(self, request: NewOrder, tags: Iterable[Tag]) -> Order:
        self._numbers += 1
        now = self._clock()
        order = Order(
            id=self._ids.uuid(),
            display_id=f"P1-{self._numbers}",
            request=request,
            created_at=now,
            updated_at=now,
            tags={tag.id: tag for tag in tags},
        )
        order.enter(Phase.CREATED, now)
        self.orders[order.id] = order
        if request.idempotency_key is not None:
            self._by_key[request.idempotency_key] = order
        return order

    def _refuse_duplicate(self, request: NewOrder) -> None:
        first = self._by_key.get(request.idempotency_key or "")
        if first is None:
            return
        message = "an order with this idempotencyKey exists"
        if self._config.duplicate_status == 400:  # noqa: PLR2004 - the setting's own word
            raise Refusal(HTTPStatus.BAD_REQUEST, message)
        # These two keys are second-hand; that the three of every error stand beside them is ours.
        extra = {"orderId": first.id, "displayId": first.display_id}
        raise Refusal(HTTPStatus.CONFLICT, message, extra=extra)

    def dispatch(self, order_id: str, *, key: str | None) -> Order:
        """
        Offer the order to an installer; doing it again offers it again.

        Raises:
            Refusal: 404, or 409 where the order is closed (or dispatched, if repeats are refused).

        """
        order = self.order(order_id)
        first = order.phase in {Phase.CREATED, Phase.DECLINED}
        self._admit(order, first=first, final={Phase.COMPLETED, Phase.CANCELLED})
        if first:
            order.enter(Phase.DISPATCHING, self._clock())
        self._log(EffectKind.ORDER_DISPATCH, order, key=key, detail=_repeated(first=first))
        self._tell(Change.DISPATCHING, order)
        return order

    def cancel(self, order_id: str, *, reason: str | None, key: str | None) -> Order:
        """
        Raises:
            Refusal: 404, or 409 where the order is completed (or cancelled, if repeats are refused).

        """
        order = self.order(order_id)
        first = order.phase is not Phase.CANCELLED
        self._admit(order, first=first, final={Phase.COMPLETED})
        if first:
            order.cancel_reason = reason
            order.enter(Phase.CANCELLED, self._clock())
        self._log(
            EffectKind.ORDER_CANCEL, order, key=key, detail={"reason": reason, **_repeated(first=first)}
        )
        self._tell(Change.CANCELLED, order)
        return order

    def _admit(self, order: Order, *, first: bool, final: set[Phase]) -> None:
        if order.phase in final or not (first or self._config.repeats == "perform"):
            raise Refusal(HTTPStatus.CONFLICT, f"the order is {order.phase.word}")

    # The life that orders have without the API

    def advance(self, order_id: str, to: Phase) -> tuple[Phase, ...]:
        """
        Move an order as people and time would, through every phase on the way; no effect of the API.

        Raises:
            Refusal: 404, or 409 where no way leads there.

        """
        order = self.order(order_id)
        way = steps(order.phase, to)
        if way is None:
            raise Refusal(HTTPStatus.CONFLICT, f"no way leads from {order.phase.word} to {to.word}")
        for phase in way:
            order.enter(phase, self._clock())
            self._tell(Change(phase.word), order)
        return way

    def delete(self, order_id: str) -> None:
        """
        Delete an order, which the API itself cannot do, though there is an event for it.
        """
        order = self.order(order_id)
        del self.orders[order_id]
        self._tell(Change.DELETED, order)

    # Tags and uploads

    def create_tags(self, names: Iterable[str], *, key: str | None) -> list[Tag]:
        """
        Return a tag for each name; those that exist are returned as they are, without an effect.
        """
        return [self._tag_named(name) or self._create_tag(name, key=key) for name in names]

    def _tag_named(self, name: str) -> Tag | None:
        return next((tag for tag in self.tags.values() if tag.name == name), None)

    def _create_tag(self, name: str, *, key: str | None) -> Tag:
        tag = Tag(id=self._ids.uuid(), name=name)
        self.tags[tag.id] = tag
        self._log(EffectKind.TAG_CREATE, None, key=key, detail={"tagId": tag.id, "tag": name})
        return tag

    def assign_tag(self, order_id: str, tag_id: str, *, key: str | None) -> Order:
        """
        Raises:
            Refusal: 404 for the order, 422 for the tag, 409 where repeats are refused.

        """
        order, tag = self.order(order_id), self._known(self.tags, tag_id, "tagId")
        first = tag.id not in order.tags
        self._admit(order, first=first, final=set())
        order.tags[tag.id] = tag
        self._tagged(EffectKind.TAG_ASSIGN, order, tag, first=first, key=key)
        return order

    def remove_tag(self, order_id: str, tag_id: str, *, key: str | None) -> Order:
        """
        Raises:
            Refusal: 404 for the order, 422 for the tag, 409 where repeats are refused.

        """
        order, tag = self.order(order_id), self._known(self.tags, tag_id, "tagId")
        first = order.tags.pop(tag.id, None) is not None
        self._admit(order, first=first, final=set())
        self._tagged(EffectKind.TAG_REMOVE, order, tag, first=first, key=key)
        return order

    def _tagged(self, kind: EffectKind, order: Order, tag: Tag, *, first: bool, key: str | None) -> None:
        order.updated_at = self._clock()
        self._log(kind, order, key=key, detail={"tagId": tag.id, "tag": tag.name, **_repeated(first=first)})
        self._tell(Change.TAGGED, order)

    def add_upload(self, *, filename: str, content_type: str, size: int, key: str | None) -> Upload:
        upload = Upload(id=self._ids.uuid(), filename=filename, content_type=content_type, size=size)
        self.uploads[upload.id] = upload
        self._log(EffectKind.FILE_UPLOAD, None, key=key, detail={"fileId": upload.id, "bytes": size})
        return upload

    def attach_file(self, order_id: str, file_id: str, *, key: str | None) -> Order:
        """
        Put an uploaded file on an order. The operation is ours.

        Raises:
            Refusal: 404 for the order, 422 for the file, 409 where repeats are refused.

        """
        order, upload = self.order(order_id), self._known(self.uploads, file_id, "fileId")
        first = upload.id not in {*order.attached, *map(str, order.request.file_ids)}
        self._admit(order, first=first, final=set())
        if first:
            order.attached.append(upload.id)
        order.updated_at = self._clock()
        detail = {"fileId": upload.id, **_repeated(first=first)}
        self._log(EffectKind.FILE_ATTACH, order, key=key, detail=detail)
        return order

    def _known(self, things: Mapping[str, Any], thing_id: str, field: str) -> Any:
        found = things.get(thing_id)
        if found is None:
            raise Refusal(HTTPStatus.UNPROCESSABLE_ENTITY, f"{field}: {thing_id} is not known")
        return found

    def _log(
        self, kind: EffectKind, order: Order | None, *, key: str | None, detail: Mapping[str, Any]
    ) -> None:
        self._effects.add(kind, order_id=order.id if order else None, idempotency_key=key, detail=detail)


def _repeated(*, first: bool) -> dict[str, bool]:
    return {} if first else {"repeated": True}
