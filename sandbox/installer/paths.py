"""
The paths of the Installer API, version 1, each with where we know it from.

The vendor names sixteen operations and shows the request line of two.
Where it says "ours" the path is invented, and a real client of the vendor must be configured otherwise.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ..operations import Evidence, Operation

_DOCUMENTED, _OURS = Evidence.DOCUMENTED, Evidence.OURS

_TABLE = (
    Operation(
        name="create_order",
        method="POST",
        path="/api/v1/order",
        evidence=_DOCUMENTED,
        note="request documented; the seven required fields, the 201 body and the 409 are second-hand",
    ),
    Operation(
        name="list_installers",
        method="GET",
        path="/api/v1/partners/installers",
        evidence=_DOCUMENTED,
        note="the shape of the answer is ours",
    ),
    Operation(name="list_orders", method="GET", path="/api/v1/orders", evidence=_OURS),
    Operation(name="get_order", method="GET", path="/api/v1/order/{orderId}", evidence=_OURS),
    Operation(name="dispatch_order", method="POST", path="/api/v1/order/{orderId}/dispatch", evidence=_OURS),
    Operation(name="cancel_order", method="POST", path="/api/v1/order/{orderId}/cancel", evidence=_OURS),
    Operation(
        name="upload_file",
        method="POST",
        path="/api/v1/files",
        evidence=_OURS,
        note="only the name file_id in the answer is documented",
        upload=True,
    ),
    Operation(
        name="attach_file",
        method="POST",
        path="/api/v1/order/{orderId}/files",
        evidence=_OURS,
        note="the vendor names no such operation",
    ),
    Operation(name="list_tags", method="GET", path="/api/v1/order-tags", evidence=_OURS),
    Operation(name="create_tags", method="POST", path="/api/v1/order-tags", evidence=_OURS),
    Operation(name="assign_tag", method="POST", path="/api/v1/order/{orderId}/tags", evidence=_OURS),
    Operation(
        name="remove_tag", method="DELETE", path="/api/v1/order/{orderId}/tags/{tagId}", evidence=_OURS
    ),
    Operation(name="get_webform", method="GET", path="/api/v1/webforms/{webformId}", evidence=_OURS),
    Operation(
        name="create_webform_order",
        method="POST",
        path="/api/v1/webforms/{webformId}/order",
        evidence=_OURS,
    ),
)

OPERATIONS: Mapping[str, Operation] = MappingProxyType({operation.name: operation for operation in _TABLE})
