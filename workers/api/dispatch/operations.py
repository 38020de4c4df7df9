"""
Every operation of the Dispatch API by its name, in the order of `docs/dispatch-api.md`.

The request lines are all the vendor's own text, so none can be configured. What of query, body and answer is not,
stands in the note: D is documented, I inferred, and what is said to be ours was invented.
Five GETs change something (two of them by our own reading): they are writes like any other, never sent twice.
"""

from collections.abc import Mapping
from types import MappingProxyType

from ..routes import PLACEHOLDER, Operation, Route, Standing


def _read(name: str, path: str, note: str = "ours", *, about: str = "") -> Operation:
    return _operation(name, "GET", path, note, about=about, writes=False)


def _write(name: str, line: str, note: str = "ours", *, about: str = "") -> Operation:
    method, _, path = line.partition(" ")
    return _operation(name, method, path, note, about=about, writes=True)


def _operation(name: str, method: str, path: str, note: str, *, about: str, writes: bool) -> Operation:
    return Operation(
        name=name,
        route=Route(method=method, path=path),
        standing=Standing.DOCUMENTED,
        needs=frozenset(PLACEHOLDER.findall(path)),
        writes=writes,
        about=about,
        note=note,
        configurable=False,
    )


_INTEGRATIONS, _WORKFLOWS, _BUSINESS = "/api/integrations", "/api/workflows", "/api/business"
_ORDERS, _SHIPMENTS = "/api/v1/Orders", "/api/v1/shipments"
_CUSTOMERS, _PRODUCTS = "/api/v1/Customers", "/api/v1/Products"
_ORDER, _SHIPMENT = f"{_ORDERS}/{{orderId}}", f"{_SHIPMENTS}/{{shipmentId}}"
_CUSTOMER, _PRODUCT = f"{_CUSTOMERS}/{{customerId}}", f"{_PRODUCTS}/{{guid}}"
_VARIANTS = f"{_PRODUCTS}/{{productId}}/variants"

#: Where a 404 may be about something that the body names, `about` is left out: the run must not end in silence.
_TABLE = (
    _write(
        "configure_provider",
        f"POST {_INTEGRATIONS}/provider/configure",
        "D; ours: the two `providerId`s, and that `apiKey` `invalid` is refused",
    ),
    _write("disable_provider", f"GET {_INTEGRATIONS}/provider/disable/{{businessProviderId}}", "D"),
    _write(
        "remove_provider", f"DELETE {_INTEGRATIONS}/providers/ecommerce/remove/{{businessProviderId}}", "D"
    ),
    _write("save_vapid_subscription", f"POST {_INTEGRATIONS}/save-vapid-subscription", "D"),
    _read("list_triggers", f"{_WORKFLOWS}/triggers/{{entityType}}", "D; ours: the list"),
    _read("list_workflows", f"{_WORKFLOWS}/{{entityType}}/configured", "D; ours: all without `managed`"),
    _write("configure_workflow", f"POST {_WORKFLOWS}/configure", "D; ours: `guid` in the body"),
    _write("toggle_workflow", f"GET {_WORKFLOWS}/configured/{{guid}}/toggle", "D"),
    _write("delete_workflow", f"DELETE {_WORKFLOWS}/configured/{{guid}}", "D"),
    _write("resume_workflow", f"GET {_WORKFLOWS}/resume-workflow", "D; ours: 409 where it is active"),
    _read("list_orders", _ORDERS, "D; ours: `updatedAt`"),
    _read(
        "get_order",
        _ORDER,
        "D up to `carrier.guid`; ours: `carrier.name`, `collectionDate`, `shipments`, the nulls",
        about="order",
    ),
    _write("update_order_status", f"PATCH {_ORDER}/status", about="order"),
    _write("assign_carrier", f"POST {_ORDERS}/assign-carrier"),
    _write("delete_orders", f"POST {_ORDERS}/delete"),
    _write("add_dimension_preset", f"POST {_ORDER}/add-dimension-preset", about="order"),
    _write("assign_collection_date", f"POST {_ORDER}/assign-collection-date", about="order"),
    _write("create_order_shipment", f"POST {_ORDER}/shipment"),
    _read("list_shipments", _SHIPMENTS, "D; ours: `updatedAt`, the null"),
    _write("create_shipment", f"POST {_SHIPMENTS}", "D up to `recipient`; the rest and the answer are ours"),
    _read("get_shipment", _SHIPMENT, about="shipment"),
    _write("update_shipment", f"PUT {_SHIPMENT}"),
    _write("delete_shipment", f"DELETE {_SHIPMENT}", about="shipment"),
    _write("update_shipment_dates", f"PATCH {_SHIPMENTS}", "D that it is about dates; the rest is ours"),
    _read("shipments_overview", f"{_SHIPMENTS}/overview"),
    _read("list_unassigned_shipments", f"{_SHIPMENTS}/unassigned"),
    _write("delete_shipments", f"POST {_SHIPMENTS}/delete"),
    _read("list_traces", f"{_SHIPMENT}/traces", about="shipment"),
    _read("list_customers", _CUSTOMERS, "D; ours: the two times"),
    _write("create_customer", f"POST {_CUSTOMERS}", "D; ours: that only `name` is required"),
    _read("get_customer", _CUSTOMER, "D; ours: `references`, `contacts`", about="customer"),
    _write("update_customer", f"PUT {_CUSTOMER}", about="customer"),
    _write("delete_customer", f"DELETE {_CUSTOMER}", about="customer"),
    _write("save_customer_reference", f"PATCH {_CUSTOMER}/references"),
    _write("delete_customer_reference", f"DELETE {_CUSTOMER}/references/{{referenceId}}"),
    _write("create_customer_contact", f"POST {_CUSTOMER}/contacts", about="customer"),
    _write("update_customer_contact", f"PATCH {_CUSTOMER}/contacts/{{contactId}}"),
    _write("delete_customer_contact", f"DELETE {_CUSTOMER}/contacts/{{contactId}}"),
    _read("recent_shipments", f"{_CUSTOMER}/recent-shipments", about="customer"),
    _read("sales_analytics", f"{_CUSTOMER}/sales-analytics", about="customer"),
    _write("upload_customers", f"POST {_CUSTOMERS}/upload"),
    _write(
        "confirm_customer_upload", f"GET {_CUSTOMERS}/confirm-upload", "ours, also that it changes something"
    ),
    _read("list_products", _PRODUCTS, "D; ours: the two times"),
    _write(
        "create_product",
        f"POST {_PRODUCTS}",
        "D; ours: that only `name` and `sku` are required, and 409 for a `sku` that exists",
    ),
    _read("get_product", _PRODUCT, about="product"),
    _write("update_product", f"PUT {_PRODUCT}", about="product"),
    _write("create_variant", f"POST {_VARIANTS}", about="product"),
    _read("get_variant", f"{_VARIANTS}/{{variantId}}"),
    _write("update_variant", f"PATCH {_VARIANTS}/{{variantId}}"),
    _write("delete_variant", f"DELETE {_VARIANTS}/{{variantId}}"),
    _write("update_product_settings", f"PATCH {_PRODUCTS}/settings"),
    _read("my_business", f"{_BUSINESS}/my-business", "D; ours: the fields of `address`"),
    _write("create_business", f"POST {_BUSINESS}", "D; the body is ours"),
    _write("update_business", f"PUT {_BUSINESS}", "D; ours: that fields may be left out"),
    _read("soft_check", f"{_BUSINESS}/soft-check", "D; ours: `true` means that a business has this address"),
    _read(
        "default_configuration",
        f"{_BUSINESS}/default-configuration",
        "D for the first two names; the last two, and `standard`, are ours",
    ),
    _write(
        "generate_api_token", f"GET {_BUSINESS}/generate-api-token", "ours, also that it changes something"
    ),
    _read("list_api_tokens", f"{_BUSINESS}/tokens"),
    _read("dispatch_overview", "/api/dispatch/overview", "D"),
    _write(
        "create_dispatch",
        "POST /api/dispatch",
        "D; ours: that `notes` and `vehicleId` may be left out, and 409 for a shipment that is in another one",
    ),
    _read("get_dispatch", "/api/dispatch/{id}", "D; ours: `notes`, nulls for what is not yet known"),
    _write("update_dispatch", "PUT /api/dispatch"),
    _write("delete_dispatch", "DELETE /api/dispatch/{id}"),
    _write("remove_dispatch_shipment", "POST /api/dispatch/remove-shipment"),
    _read("dispatch_of_shipment", "/api/dispatch/in-shipment/{id}"),
    _read("get_route", "/api/route/{id}", about="route"),
    _read("get_route_timeline", "/api/route/timeline/{id}", about="route"),
)

OPERATIONS: Mapping[str, Operation] = MappingProxyType({operation.name: operation for operation in _TABLE})
