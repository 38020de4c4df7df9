"""
The calls of the Dispatch API. Every path is documented; what of body and answer is ours stands in the note.

The names of the operations are ours, and carry the system's name, since faults and effects of both systems are told
apart by them.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ..operations import Evidence, Operation

PREFIX = "dispatch."

#: Paths below these are this API's; in the same server lie the Installer API's.
ROOTS = (
    "/api/v1/Orders",
    "/api/v1/shipments",
    "/api/v1/Customers",
    "/api/v1/Products",
    "/api/business",
    "/api/dispatch",
    "/api/route",
    "/api/integrations",
    "/api/workflows",
)

_ALL = "documented"
_BODY = "the body is ours"
_ANSWER = "the answer is ours"
_OURS = "body and answer are ours"


def _op(name: str, line: str, note: str, *, changing_get: bool = False, upload: bool = False) -> Operation:
    method, _, path = line.partition(" ")
    return Operation(
        name=PREFIX + name,
        method=method,
        path=path,
        evidence=Evidence.DOCUMENTED,
        note=note,
        changing_get=changing_get,
        upload=upload,
    )


_ORDER, _SHIPMENT = "/api/v1/Orders/{orderId}", "/api/v1/shipments/{shipmentId}"
_CUSTOMER, _VARIANTS = "/api/v1/Customers/{customerId}", "/api/v1/Products/{productId}/variants"
_PROVIDER, _WORKFLOWS = "/api/integrations/provider", "/api/workflows"

# A path with a fixed last part comes before the one that takes anything there.
_TABLE = (
    _op("configure_provider", f"POST {_PROVIDER}/configure", _ALL),
    _op("disable_provider", f"GET {_PROVIDER}/disable/{{businessProviderId}}", _ALL, changing_get=True),
    _op(
        "remove_provider",
        "DELETE /api/integrations/providers/ecommerce/remove/{businessProviderId}",
        _ALL,
    ),
    _op("save_vapid_subscription", "POST /api/integrations/save-vapid-subscription", _ALL),
    _op("list_triggers", f"GET {_WORKFLOWS}/triggers/{{entityType}}", "the list is ours"),
    _op("list_workflows", f"GET {_WORKFLOWS}/{{entityType}}/configured", _ALL),
    _op("configure_workflow", f"POST {_WORKFLOWS}/configure", "the guid in the body is ours"),
    _op("toggle_workflow", f"GET {_WORKFLOWS}/configured/{{guid}}/toggle", _ALL, changing_get=True),
    _op("delete_workflow", f"DELETE {_WORKFLOWS}/configured/{{guid}}", _ALL),
    _op("resume_workflow", f"GET {_WORKFLOWS}/resume-workflow", "what it does is ours", changing_get=True),
    _op("list_orders", "GET /api/v1/Orders", "updatedAt is ours"),
    _op("assign_carrier", "POST /api/v1/Orders/assign-carrier", _OURS),
    _op("delete_orders", "POST /api/v1/Orders/delete", _OURS),
    _op("get_order", f"GET {_ORDER}", "what follows carrier.guid is ours"),
    _op("update_order_status", f"PATCH {_ORDER}/status", _OURS),
    _op("add_dimension_preset", f"POST {_ORDER}/add-dimension-preset", _OURS),
    _op("assign_collection_date", f"POST {_ORDER}/assign-collection-date", _OURS),
    _op("create_order_shipment", f"POST {_ORDER}/shipment", _OURS),
    _op("list_shipments", "GET /api/v1/shipments", "updatedAt is ours"),
    _op("create_shipment", "POST /api/v1/shipments", "what follows recipient is ours, and the answer"),
    _op("update_shipment_dates", "PATCH /api/v1/shipments", _OURS),
    _op("shipments_overview", "GET /api/v1/shipments/overview", _ANSWER),
    _op("list_unassigned_shipments", "GET /api/v1/shipments/unassigned", _ANSWER),
    _op("delete_shipments", "POST /api/v1/shipments/delete", _OURS),
    _op("get_shipment", f"GET {_SHIPMENT}", _ANSWER),
    _op("update_shipment", f"PUT {_SHIPMENT}", _OURS),
    _op("delete_shipment", f"DELETE {_SHIPMENT}", _ANSWER),
    _op("list_traces", f"GET {_SHIPMENT}/traces", _ANSWER),
    _op("list_customers", "GET /api/v1/Customers", "createdAt and updatedAt are ours"),
    _op("create_customer", "POST /api/v1/Customers", _ALL),
    _op("upload_customers", "POST /api/v1/Customers/upload", _OURS, upload=True),
    _op("confirm_customer_upload", "GET /api/v1/Customers/confirm-upload", _OURS, changing_get=True),
    _op("get_customer", f"GET {_CUSTOMER}", "references and contacts are ours"),
    _op("update_customer", f"PUT {_CUSTOMER}", _OURS),
    _op("delete_customer", f"DELETE {_CUSTOMER}", _ANSWER),
    _op("save_customer_reference", f"PATCH {_CUSTOMER}/references", _OURS),
    _op("delete_customer_reference", f"DELETE {_CUSTOMER}/references/{{referenceId}}", _ANSWER),
    _op("create_customer_contact", f"POST {_CUSTOMER}/contacts", _OURS),
    _op("update_customer_contact", f"PATCH {_CUSTOMER}/contacts/{{contactId}}", _OURS),
    _op("delete_customer_contact", f"DELETE {_CUSTOMER}/contacts/{{contactId}}", _ANSWER),
    _op("recent_shipments", f"GET {_CUSTOMER}/recent-shipments", _ANSWER),
    _op("sales_analytics", f"GET {_CUSTOMER}/sales-analytics", _ANSWER),
    _op("list_products", "GET /api/v1/Products", "createdAt and updatedAt are ours"),
    _op("create_product", "POST /api/v1/Products", _ALL),
    _op("update_product_settings", "PATCH /api/v1/Products/settings", _OURS),
    _op("get_product", "GET /api/v1/Products/{guid}", _ANSWER),
    _op("update_product", "PUT /api/v1/Products/{guid}", _OURS),
    _op("create_variant", f"POST {_VARIANTS}", _OURS),
    _op("get_variant", f"GET {_VARIANTS}/{{variantId}}", _ANSWER),
    _op("update_variant", f"PATCH {_VARIANTS}/{{variantId}}", _OURS),
    _op("delete_variant", f"DELETE {_VARIANTS}/{{variantId}}", _ANSWER),
    _op("my_business", "GET /api/business/my-business", "the fields of address are ours"),
    _op("create_business", "POST /api/business", _BODY),
    _op("update_business", "PUT /api/business", _BODY),
    _op("soft_check", "GET /api/business/soft-check", "what true means is ours"),
    _op("default_configuration", "GET /api/business/default-configuration", "the last fields are ours"),
    _op("generate_api_token", "GET /api/business/generate-api-token", _OURS, changing_get=True),
    _op("list_api_tokens", "GET /api/business/tokens", _ANSWER),
    _op("dispatch_overview", "GET /api/dispatch/overview", _ALL),
    _op("create_dispatch", "POST /api/dispatch", _ALL),
    _op("update_dispatch", "PUT /api/dispatch", _OURS),
    _op("remove_dispatch_shipment", "POST /api/dispatch/remove-shipment", _OURS),
    _op("dispatch_of_shipment", "GET /api/dispatch/in-shipment/{id}", _ANSWER),
    _op("get_dispatch", "GET /api/dispatch/{id}", "notes is ours"),
    _op("delete_dispatch", "DELETE /api/dispatch/{id}", _ANSWER),
    _op("get_route_timeline", "GET /api/route/timeline/{id}", _ANSWER),
    _op("get_route", "GET /api/route/{id}", _ANSWER),
)

OPERATIONS: Mapping[str, Operation] = MappingProxyType({operation.name: operation for operation in _TABLE})
