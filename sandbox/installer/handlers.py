"""
What each operation of the Installer API does: read the call, change the state, build the answer.
"""

from collections.abc import Mapping
from http import HTTPStatus

from ..bodies import read
from ..config import SandboxConfig
from ..errors import Refusal
from ..multipart import read_upload
from ..operations import Answer, Call, Handler
from .orders import Order
from .requests import Cancellation, FileChoice, NewTags, TagChoice, read_order
from .state import InstallerState


class InstallerHandlers:
    """
    One method for each operation.
    """

    def __init__(self, *, config: SandboxConfig, state: InstallerState) -> None:
        self._config = config
        self._state = state

    def table(self) -> Mapping[str, Handler]:
        """
        Return the handler of each operation, by the operation's name.
        """
        return {
            "create_order": self.create_order,
            "list_installers": self._list_installers,
            "list_orders": self._list_orders,
            "get_order": self._get_order,
            "dispatch_order": self._dispatch_order,
            "cancel_order": self._cancel_order,
            "upload_file": self._upload_file,
            "attach_file": self._attach_file,
            "list_tags": self._list_tags,
            "create_tags": self._create_tags,
            "assign_tag": self._assign_tag,
            "remove_tag": self._remove_tag,
            "get_webform": self._get_webform,
            "create_webform_order": self._create_webform_order,
        }

    def create_order(self, call: Call) -> Answer:
        request = read_order(call, require_seven=self._config.require_seven)
        order = self._state.create_order(request, key=call.idempotency_key)
        return Answer(status=HTTPStatus.CREATED, body=order.receipt())

    def _list_installers(self, _: Call) -> Answer:
        return Answer(body=[firm.to_json() for firm in self._state.firms])

    def _list_orders(self, _: Call) -> Answer:
        return Answer(body=[order.to_json() for order in self._state.orders.values()])

    def _get_order(self, call: Call) -> Answer:
        return _shown(self._state.order(call.parameters["orderId"]))

    def _dispatch_order(self, call: Call) -> Answer:
        return _shown(self._state.dispatch(call.parameters["orderId"], key=call.idempotency_key))

    def _cancel_order(self, call: Call) -> Answer:
        reason = read(Cancellation, call).reason
        order_id = call.parameters["orderId"]
        return _shown(self._state.cancel(order_id, reason=reason, key=call.idempotency_key))

    def _upload_file(self, call: Call) -> Answer:
        part = read_upload(call.content_type, call.body, field="file")
        upload = self._state.add_upload(
            filename=part.filename,
            content_type=part.content_type,
            size=len(part.content),
            key=call.idempotency_key,
        )
        return Answer(status=HTTPStatus.CREATED, body={"file_id": upload.id})

    def _attach_file(self, call: Call) -> Answer:
        file_id = str(read(FileChoice, call).file_id)
        return _shown(self._state.attach_file(call.parameters["orderId"], file_id, key=call.idempotency_key))

    def _list_tags(self, _: Call) -> Answer:
        return Answer(body=[tag.to_json() for tag in self._state.tags.values()])

    def _create_tags(self, call: Call) -> Answer:
        tags = self._state.create_tags(read(NewTags, call).names, key=call.idempotency_key)
        return Answer(status=HTTPStatus.CREATED, body=[tag.to_json() for tag in tags])

    def _assign_tag(self, call: Call) -> Answer:
        tag_id = str(read(TagChoice, call).tag_id)
        return _shown(self._state.assign_tag(call.parameters["orderId"], tag_id, key=call.idempotency_key))

    def _remove_tag(self, call: Call) -> Answer:
        order_id, tag_id = call.parameters["orderId"], call.parameters["tagId"]
        return _shown(self._state.remove_tag(order_id, tag_id, key=call.idempotency_key))

    def _get_webform(self, call: Call) -> Answer:
        self._check_webform(call)
        return Answer(body=self._state.webform.to_json())

    def _create_webform_order(self, call: Call) -> Answer:
        # Ours: a web form takes the fields of create-order.
        self._check_webform(call)
        return self.create_order(call)

    def _check_webform(self, call: Call) -> None:
        if call.parameters["webformId"] != self._state.webform.id:
            raise Refusal(HTTPStatus.NOT_FOUND, "no web form with this id")


def _shown(order: Order) -> Answer:
    return Answer(body=order.to_json())
