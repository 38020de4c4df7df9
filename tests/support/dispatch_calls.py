"""Every call of the client: what makes it, what the API answers, and where it goes but for the ids."""

from datetime import date
from decimal import Decimal

from workers.api.dispatch.requests import (
    BusinessDetails,
    ContactDetails,
    Credentials,
    DimensionPreset,
    DispatchChanges,
    NewCustomer,
    NewDispatch,
    NewProduct,
    NewShipment,
    Party,
    ProductSettings,
    ProviderConfiguration,
    PushKeys,
    ShipmentChanges,
    VapidSubscription,
    VariantDetails,
    WorkflowAction,
    WorkflowConfiguration,
)

KEY = {"idempotency_key": "k"}
PARTY = Party(name="Kari", city="Oslo", country="NO")
SHIPMENT = {"customer_id": "c-1", "carrier_id": "r-1", "sender": PARTY, "recipient": PARTY}
PRESET = DimensionPreset(length=Decimal(1), width=Decimal(2), height=Decimal(3), weight=Decimal("4.5"))
PRODUCT = NewProduct(name="Pump", sku="P-1", price=Decimal("19.90"))
RUN = NewDispatch(name="Monday", driver_id="d-1", planned_date=date(2025, 1, 20), shipment_ids=("s-1",))
PROVIDER = ProviderConfiguration(
    provider_id="p-1",
    credentials=Credentials(api_key="ck", api_secret="cs", store_url="https://shop.example"),
)
PUSH = VapidSubscription(endpoint="https://push.example/1", keys=PushKeys(p256dh="B1", auth="A1"))
WORKFLOW = WorkflowConfiguration(
    name="Tell",
    entity_type="Order",
    trigger_id="t-1",
    action=WorkflowAction(type="send_email", recipient="customer"),
)
ORDER = {"guid": "o-1", "orderNumber": "ORD-001234", "status": "pending"}
THING = {"guid": "g-1", "name": "N"}

#: By operation: the call, and the `data` of a good answer; None where the answer has none.
CALLS = {
    "configure_provider": (lambda api: api.integrations.configure(PROVIDER, **KEY), THING),
    "disable_provider": (lambda api: api.integrations.disable("i-1", **KEY), THING),
    "remove_provider": (lambda api: api.integrations.remove("i-1", **KEY), None),
    "save_vapid_subscription": (lambda api: api.integrations.save_vapid_subscription(PUSH, **KEY), None),
    "list_triggers": (lambda api: api.workflows.triggers("Order"), [THING]),
    "list_workflows": (lambda api: api.workflows.configured("Order"), [THING]),
    "configure_workflow": (lambda api: api.workflows.configure(WORKFLOW, **KEY), THING),
    "toggle_workflow": (lambda api: api.workflows.toggle("g-1", **KEY), {"guid": "g-1", "isActive": False}),
    "delete_workflow": (lambda api: api.workflows.delete("g-1", **KEY), None),
    "resume_workflow": (lambda api: api.workflows.resume("g-1", **KEY), None),
    "list_orders": (lambda api: api.orders.page(), [ORDER]),
    "get_order": (lambda api: api.get_order("o-1"), ORDER),
    "update_order_status": (lambda api: api.update_status("o-1", "processing", **KEY), None),
    "assign_carrier": (lambda api: api.orders.assign_carrier(["o-1"], "r-1", **KEY), None),
    "delete_orders": (lambda api: api.orders.delete(["o-1"], **KEY), None),
    "add_dimension_preset": (lambda api: api.orders.add_dimension_preset("o-1", PRESET, **KEY), None),
    "assign_collection_date": (
        lambda api: api.orders.assign_collection_date("o-1", date(2025, 1, 20), **KEY),
        None,
    ),
    "create_order_shipment": (lambda api: api.orders.create_shipment("o-1", notes="n", **KEY), THING),
    "list_shipments": (lambda api: api.shipments.page(), [THING]),
    "create_shipment": (lambda api: api.shipments.create(NewShipment(**SHIPMENT), **KEY), THING),
    "get_shipment": (lambda api: api.get_shipment("s-1"), THING),
    "update_shipment": (
        lambda api: api.shipments.update("s-1", ShipmentChanges(**SHIPMENT, status="delivered"), **KEY),
        None,
    ),
    "delete_shipment": (lambda api: api.shipments.delete("s-1", **KEY), None),
    "update_shipment_dates": (
        lambda api: api.shipments.update_dates(["s-1"], collection=date(2025, 1, 20), **KEY),
        None,
    ),
    "shipments_overview": (lambda api: api.shipments.overview(), {"totalShipments": 3}),
    "list_unassigned_shipments": (lambda api: _all(api.shipments.every_unassigned()), [THING]),
    "delete_shipments": (lambda api: api.shipments.delete_all(["s-1"], **KEY), None),
    "list_traces": (lambda api: api.shipments.traces("s-1"), [{"status": "created"}]),
    "list_customers": (lambda api: api.customers.page(), [THING]),
    "create_customer": (lambda api: api.customers.create(NewCustomer(name="Kari"), **KEY), THING),
    "get_customer": (lambda api: api.get_customer("c-1"), THING),
    "update_customer": (lambda api: api.customers.update("c-1", NewCustomer(name="Kari"), **KEY), THING),
    "delete_customer": (lambda api: api.customers.delete("c-1", **KEY), None),
    "save_customer_reference": (
        lambda api: api.customers.save_reference("c-1", name="erp", value="7", **KEY),
        THING,
    ),
    "delete_customer_reference": (lambda api: api.customers.delete_reference("c-1", "e-1", **KEY), None),
    "create_customer_contact": (
        lambda api: api.customers.create_contact("c-1", ContactDetails(name="Ola"), **KEY),
        THING,
    ),
    "update_customer_contact": (
        lambda api: api.customers.update_contact("c-1", "t-1", ContactDetails(role="boss"), **KEY),
        THING,
    ),
    "delete_customer_contact": (lambda api: api.customers.delete_contact("c-1", "t-1", **KEY), None),
    "recent_shipments": (lambda api: api.customers.recent_shipments("c-1"), [THING]),
    "sales_analytics": (lambda api: api.customers.sales_analytics("c-1"), {"totalOrders": 2}),
    "upload_customers": (lambda api: api.customers.upload(b"name\nKari", **KEY), {"uploadId": "u-1"}),
    "confirm_customer_upload": (lambda api: api.customers.confirm_upload("u-1", **KEY), {"created": 1}),
    "list_products": (lambda api: api.products.page(), [THING]),
    "create_product": (lambda api: api.products.create(PRODUCT, **KEY), THING),
    "get_product": (lambda api: api.get_product("p-1"), THING),
    "update_product": (lambda api: api.products.update("p-1", PRODUCT, **KEY), THING),
    "create_variant": (
        lambda api: api.products.create_variant("p-1", VariantDetails(name="XL", sku="P-1-XL"), **KEY),
        THING,
    ),
    "get_variant": (lambda api: api.products.get_variant("p-1", "v-1"), THING),
    "update_variant": (
        lambda api: api.products.update_variant("p-1", "v-1", VariantDetails(name="L"), **KEY),
        THING,
    ),
    "delete_variant": (lambda api: api.products.delete_variant("p-1", "v-1", **KEY), None),
    "update_product_settings": (
        lambda api: api.products.update_settings(ProductSettings(weight_unit="kg"), **KEY),
        {"weightUnit": "kg"},
    ),
    "my_business": (lambda api: api.business.mine(), THING),
    "create_business": (
        lambda api: api.business.create(BusinessDetails(name="Volt", email="v@example.com"), **KEY),
        THING,
    ),
    "update_business": (lambda api: api.business.update("b-1", BusinessDetails(name="Volt"), **KEY), None),
    "soft_check": (lambda api: api.business.has_address("a@example.com"), True),
    "default_configuration": (lambda api: api.business.default_configuration(), {"defaultCarrier": None}),
    "generate_api_token": (
        lambda api: api.business.generate_token(description="erp", **KEY),
        {"guid": "g-1", "token": "shown-once"},
    ),
    "list_api_tokens": (lambda api: api.business.tokens(), [THING]),
    "dispatch_overview": (lambda api: api.runs.overview(), {"onTimeRate": 0.97}),
    "create_dispatch": (lambda api: api.runs.create(RUN, **KEY), THING),
    "get_dispatch": (lambda api: api.runs.get("d-1"), THING),
    "update_dispatch": (lambda api: api.runs.update("d-1", DispatchChanges(notes="n"), **KEY), None),
    "delete_dispatch": (lambda api: api.runs.delete("d-1", **KEY), None),
    "remove_dispatch_shipment": (lambda api: api.runs.remove_shipment("d-1", "s-1", **KEY), None),
    "dispatch_of_shipment": (lambda api: api.runs.of_shipment("s-1"), THING),
    "get_route": (lambda api: api.runs.route("d-1"), THING),
    "get_route_timeline": (lambda api: api.runs.timeline("d-1"), [{"type": "started"}]),
}


async def _all(items):
    return [item async for item in items]


def envelope(name):
    """Return a good answer to the call of that name, as it goes over the wire."""
    data = CALLS[name][1]
    if name == "soft_check":
        return data
    return {"success": True} if data is None else {"data": data, "success": True}
