"""The client against the sandbox: two tables of paths and shapes that were written apart must agree."""

import json
from datetime import date
from decimal import Decimal
from uuid import uuid4

import pytest

from receiver import store
from receiver.secrets import Secret
from sandbox.config import DispatchRules, SandboxConfig
from sandbox.dispatch.paths import OPERATIONS as SANDBOX_OPERATIONS
from sandbox.dispatch.paths import PREFIX
from sandbox.limiting import RateLimit
from sandbox.server import serving
from workers.api.dispatch.client import DispatchClient
from workers.api.dispatch.filters import ascending, descending, field
from workers.api.dispatch.operations import OPERATIONS
from workers.api.dispatch.requests import (
    BusinessDetails,
    ContactDetails,
    Credentials,
    DimensionPreset,
    DispatchChanges,
    Location,
    NewCustomer,
    NewDispatch,
    NewProduct,
    NewShipment,
    Package,
    Party,
    ProductSettings,
    ProviderConfiguration,
    PushKeys,
    ShipmentChanges,
    Size,
    VapidSubscription,
    VariantDetails,
    WorkflowAction,
    WorkflowConditions,
    WorkflowConfiguration,
)
from workers.budget import Budget, Terms, Visit, visiting
from workers.failures import (
    BadResponse,
    Conflict,
    Gone,
    OrderGone,
    Permanent,
    RateLimited,
    Transient,
    Unauthorized,
)

pytestmark = pytest.mark.anyio

DAY = date(2026, 1, 20)


def a_key():
    """A key of its own for every call, as every step has one."""
    return {"idempotency_key": uuid4().hex}


async def configured(api, trigger_id):
    """Configure one of upstream's workflows."""
    new = WorkflowConfiguration(
        name="Tell",
        entity_type="Order",
        trigger_id=trigger_id,
        action=WorkflowAction(type="send_email", recipient="customer", template="order"),
        conditions=WorkflowConditions(status="pending"),
    )
    return await api.workflows.configure(new, **a_key())


class Running:
    """A sandbox, the client of it and the sandbox's own door."""

    def __init__(self, url, session, edge_to):
        self.url, self.session, self.edge_to = url, session, edge_to
        self.api = self.client()

    def client(self, token="sandbox-token", **more):
        return DispatchClient(self.edge_to(self.url, token=Secret("env:TOKEN", token), **more))

    async def about(self):
        async with self.session.get(f"{self.url}/_sandbox") as answer:
            return await answer.json()

    async def first(self, kind):
        """Return the guid of the first carrier, driver, vehicle or provider."""
        return next(iter((await self.about())["dispatch"][kind]))

    async def fault(self, **fault):
        async with self.session.put(f"{self.url}/_sandbox/faults", json={"faults": [fault]}) as answer:
            assert 300 > answer.status

    async def effects(self, operation):
        async with self.session.get(f"{self.url}/_sandbox/effects") as answer:
            effects = [json.loads(line) for line in (await answer.text()).splitlines()]
        return [one for one in effects if one["effect"] == PREFIX + operation]


@pytest.fixture(name="sandbox", params=[{}], ids=["defaults"])
async def _sandbox(request, session, edge_to):
    rules = DispatchRules(**request.param)
    async with serving(SandboxConfig(port=0, seed=1, dispatch=rules)) as url:
        yield Running(url, session, edge_to)


def test_both_sides_name_the_same_operations_at_the_same_places():
    """Each has a table of its own, since the sandbox imports nothing of ours; drift would pass for a fault."""
    ours = {name: (one.route.method, one.route.path) for name, one in OPERATIONS.items()}

    assert ours == {
        name.removeprefix(PREFIX): (one.method, one.path) for name, one in SANDBOX_OPERATIONS.items()
    }


def test_both_sides_know_the_same_gets_that_change_something():
    """One that the client takes for a read would be repeated, and one that the sandbox does would not be counted."""
    ours = {name for name, one in OPERATIONS.items() if one.writes and one.route.method == "GET"}

    assert ours == {name.removeprefix(PREFIX) for name, one in SANDBOX_OPERATIONS.items() if one.changing_get}


async def test_orders_are_listed_read_and_changed(sandbox):
    """Every call of the part, each seen in what the next one reads."""
    orders, carrier = sandbox.api.orders, await sandbox.first("carriers")
    listed = [one async for one in orders.every(where=field("status") == "pending")]
    order_id = listed[0].guid
    preset = DimensionPreset(length=Decimal(10), width=Decimal(20), height=Decimal(30), weight=Decimal("1.5"))

    await orders.update_status(order_id, "processing", **a_key())
    await orders.assign_carrier([order_id], carrier, **a_key())
    await orders.add_dimension_preset(order_id, preset, **a_key())
    await orders.assign_collection_date(order_id, DAY, **a_key())
    shipment = await orders.create_shipment(order_id, reference="R-1", **a_key())
    order = await orders.get(order_id)

    assert ("processing", carrier, "2026-01-20", (shipment.guid,)) == (
        order.status,
        order.carrier.guid,
        order.collection_date,
        order.shipments,
    )
    assert Decimal("1.5") == order.items[0].dimensions.weight
    assert listed[0].order_number == order.order_number
    assert "@" in order.customer.email


async def test_orders_are_deleted(sandbox):
    """What was deleted is gone, and its events with it."""
    order_id = (await sandbox.api.orders.page(where=field("status") == "pending")).items[0].guid

    await sandbox.api.orders.delete([order_id], **a_key())

    with pytest.raises(OrderGone):
        await sandbox.api.get_order(order_id)


async def test_shipments_live_their_life(sandbox):
    """Created, changed, traced, counted, deleted."""
    shipments, carrier = sandbox.api.shipments, await sandbox.first("carriers")
    customer = (await sandbox.api.customers.page()).items[0].guid
    party = Party(name="Kari", street="Storgata 1", city="Oslo", state="", postal_code="0155", country="NO")
    new = {"customer_id": customer, "carrier_id": carrier, "sender": party, "recipient": party}

    made = await shipments.create(NewShipment(**new, packages=(Package(quantity=2),)), **a_key())
    await shipments.update(made.guid, ShipmentChanges(**new, status="in_transit"), **a_key())
    await shipments.update_dates([made.guid], collection=DAY, delivery=DAY, **a_key())
    found = await shipments.get(made.guid)
    unassigned = [one.guid async for one in shipments.every_unassigned(size=1)]
    overview = await shipments.overview()
    traces = await shipments.traces(made.guid)
    listed = [one.guid async for one in shipments.every(customer_id=customer, status="in_transit", size=1)]

    assert ("in_transit", "2026-01-20", carrier) == (found.status, found.delivery_date, found.carrier.guid)
    assert made.guid in unassigned
    assert made.guid in listed
    assert overview["totalShipments"] >= 5
    assert "in_transit" == traces[-1].status


async def test_shipments_are_deleted_one_and_many(sandbox):
    """Two calls for the same thing, one of them for all or none."""
    shipments, carrier = sandbox.api.shipments, await sandbox.first("carriers")
    customer = (await sandbox.api.customers.page()).items[0].guid
    party = Party(name="Kari", street="Storgata 1", city="Oslo", state="", postal_code="0155", country="NO")
    new = NewShipment(customer_id=customer, carrier_id=carrier, sender=party, recipient=party)
    one, two, three = [(await shipments.create(new, **a_key())).guid for _ in range(3)]

    await shipments.delete(one, **a_key())
    await shipments.delete_all([two, three], **a_key())

    for guid in (one, two, three):
        with pytest.raises(Gone) as caught:
            await shipments.get(guid)
        assert "shipment_gone" == caught.value.reason


async def test_customers_and_what_belongs_to_them(sandbox):
    """References and contacts are made, changed and taken away."""
    customers = sandbox.api.customers
    made = await customers.create(
        NewCustomer(name="Kari", email="kari@example.com", address=Location(city="Oslo")), **a_key()
    )
    await customers.update(made.guid, NewCustomer(name="Kari Nordmann"), **a_key())
    reference = await customers.save_reference(made.guid, name="erp", value="7", **a_key())
    contact = await customers.create_contact(made.guid, ContactDetails(name="Ola"), **a_key())
    await customers.update_contact(made.guid, contact.guid, ContactDetails(role="boss"), **a_key())

    found = await customers.get(made.guid)
    await customers.delete_reference(made.guid, reference.guid, **a_key())
    await customers.delete_contact(made.guid, contact.guid, **a_key())
    bare = await customers.get(made.guid)

    assert ("Kari Nordmann", "7", "boss") == (found.name, found.references[0].value, found.contacts[0].role)
    assert ((), ()) == (bare.references, bare.contacts)
    assert () == await customers.recent_shipments(made.guid)
    assert 0 == (await customers.sales_analytics(made.guid))["totalOrders"]
    await customers.delete(made.guid, **a_key())
    with pytest.raises(Gone):
        await customers.get(made.guid)


async def test_customers_are_uploaded_and_confirmed(sandbox):
    """Nothing is created before the second call, which is a GET."""
    customers = sandbox.api.customers
    lines = b"name,email,phone,company,street,city,state,postalCode,country\nAda,ada@example.com,,,,,,,\n,,,,,,,,\n"

    upload = await customers.upload(lines, **a_key())
    before = [one.name async for one in customers.every(search="ada@example.com")]
    created = await customers.confirm_upload(upload.upload_id, **a_key())
    after = [one.name async for one in customers.every(search="ada@example.com")]

    assert (1, 1) == (upload.valid, created)
    assert ([], ["Ada"]) == (before, after)


async def test_products_and_their_variants(sandbox):
    """Prices go out and come back as they were."""
    products = sandbox.api.products
    new = NewProduct(
        name="Pump",
        sku="P-1",
        price=Decimal("19.90"),
        dimensions=Size(length=Decimal(1), width=Decimal(2), height=Decimal(3)),
    )

    made = await products.create(new, **a_key())
    await products.update(made.guid, new.model_copy(update={"barcode": "123"}), **a_key())
    variant = await products.create_variant(made.guid, VariantDetails(name="XL", sku="P-1-XL"), **a_key())
    await products.update_variant(made.guid, variant.guid, VariantDetails(price=Decimal(25)), **a_key())
    found = await products.get(made.guid)
    one = await products.get_variant(made.guid, variant.guid)
    settings = await products.update_settings(ProductSettings(weight_unit="lb"), **a_key())
    await products.delete_variant(made.guid, variant.guid, **a_key())

    assert (Decimal("19.9"), "123", 1, "XL") == (
        found.price,
        found.barcode,
        found.variant_count,
        found.variants[0].name,
    )
    assert Decimal(25) == one.price
    assert "lb" == settings["weightUnit"]
    assert 0 == (await products.get(made.guid)).variant_count
    with pytest.raises(Conflict, match="CONFLICT"):
        await products.create(new, **a_key())


async def test_the_business_and_its_tokens(sandbox):
    """A token that was made lets in; its text is shown once."""
    business = sandbox.api.business
    mine = await business.mine()

    await business.update(mine.guid, BusinessDetails(phone="+4722000000"), **a_key())
    made = await business.generate_token(description="erp", **a_key())
    created = await business.create(BusinessDetails(name="Volt", email="volt@example.com"), **a_key())

    assert "+4722000000" == (await business.mine()).phone
    assert mine.guid == (await sandbox.client(token=made.token).business.mine()).guid
    assert ["erp"] == [one.description for one in await business.tokens() if one.guid == made.guid]
    assert (True, False) == (
        await business.has_address("volt@example.com"),
        await business.has_address("nobody@example.com"),
    )
    assert created.guid != mine.guid
    assert "standard" == (await business.default_configuration()).default_service_level


async def test_delivery_runs_and_their_routes(sandbox):
    """Planned, changed, read with its way, and taken back."""
    runs, shipments = sandbox.api.runs, sandbox.api.shipments
    free = [one.guid async for one in shipments.every_unassigned()]
    driver, vehicle = await sandbox.first("drivers"), await sandbox.first("vehicles")
    if not free:
        order = (await sandbox.api.orders.page(where=field("status") == "pending")).items[0]
        carrier = await sandbox.first("carriers")
        free = [(await sandbox.api.orders.create_shipment(order.guid, carrier_id=carrier, **a_key())).guid]
    new = NewDispatch(
        name="Monday",
        driver_id=driver,
        vehicle_id=vehicle,
        planned_date=DAY,
        shipment_ids=(free[0],),
    )

    made = await runs.create(new, **a_key())
    await runs.update(made.guid, DispatchChanges(notes="Ring twice"), **a_key())
    found = await runs.get(made.guid)
    of_shipment = await runs.of_shipment(free[0])
    route = await runs.route(made.guid)
    timeline = await runs.timeline(made.guid)
    overview = await runs.overview()
    await runs.remove_shipment(made.guid, free[0], **a_key())
    await runs.delete(made.guid, **a_key())

    assert ("draft", 1, "Ring twice", driver) == (
        made.status,
        made.shipment_count,
        found.notes,
        found.driver.guid,
    )
    assert [free[0]] == [stop.guid for stop in found.shipments] == [stop.shipment_id for stop in route.stops]
    assert made.guid == of_shipment.guid
    assert timeline[0].at
    assert overview.total_dispatches >= 2


async def test_integrations_are_configured_disabled_and_removed(sandbox):
    """With the errors of the vendor's page: a wrong key, one that is there already, one that is not."""
    integrations, provider = sandbox.api.integrations, await sandbox.first("providers")

    def configuration(key):
        keys = Credentials(api_key=key, api_secret="cs", store_url="https://shop.example.com")
        return ProviderConfiguration(provider_id=provider, credentials=keys)

    with pytest.raises(Permanent, match="CONFIGURATION_ERROR"):
        await integrations.configure(configuration("invalid"), **a_key())
    made = await integrations.configure(configuration("ck"), **a_key())
    with pytest.raises(Conflict, match="CONFLICT"):
        await integrations.configure(configuration("ck"), **a_key())
    disabled = await integrations.disable(made.guid, **a_key())
    await integrations.remove(made.guid, **a_key())
    with pytest.raises(Permanent, match="NOT_FOUND"):
        await integrations.disable(made.guid, **a_key())

    assert ("active", "disabled") == (made.status, disabled.status)
    await integrations.save_vapid_subscription(
        VapidSubscription(
            endpoint="https://push.example.com/1",
            keys=PushKeys(
                p256dh="BNcRdreALRFXTkOOUHK1EtK2wtaz5Ry4YfYCA_0QTpQtUbVlUls0VJXg7A8u-Ts1XbjhazAkj7I99e8QcYP7DkM",
                auth="tBHItJI5svbpez7KI4CCXg",
            ),
        ),
        **a_key(),
    )


async def test_upstreams_workflows_are_configured_toggled_and_deleted(sandbox):
    """The whole of its life, with the two GETs that change it."""
    workflows = sandbox.api.workflows
    trigger = (await workflows.triggers("Order"))[0]

    made = await configured(sandbox.api, trigger.guid)
    off = await workflows.toggle(made.guid, **a_key())
    await workflows.resume(made.guid, **a_key())
    listed = {one.guid: one for one in await workflows.configured("Order", managed=False)}
    await workflows.delete(made.guid, **a_key())

    assert (True, False, True) == (made.is_active, off.is_active, listed[made.guid].is_active)
    assert (trigger.code, "send_email") == (listed[made.guid].trigger, listed[made.guid].action)
    assert made.guid not in {one.guid for one in await workflows.configured("Order")}


@pytest.mark.parametrize(
    "sandbox", [{"total_pages": False}, {"total_pages": True}], ids=["without", "with"], indirect=True
)
async def test_all_pages_are_read_whether_or_not_their_number_is_told(sandbox):
    """Both families, and a page of each size."""
    for size in (1, 3, 7, 100):
        heard = []
        orders = [one.guid async for one in sandbox.api.orders.every(size=size, tell=heard.append)]
        shipments = [one.guid async for one in sandbox.api.shipments.every(size=size)]

        assert (7, 7) == (len(orders), len(set(orders)))
        assert (4, 4) == (len(shipments), len(set(shipments)))
        assert [-(-7 // size)] * -(-7 // size) == [one.pages for one in heard]


async def test_filters_orders_and_searches_mean_what_they_say(sandbox):
    """What the builder writes is asked of data that can be looked at without it."""
    orders = [one async for one in sandbox.api.orders.every()]
    customer = orders[0].customer.name

    async def found(**query):
        return {one.guid async for one in sandbox.api.orders.every(**query)}

    assert {one.guid for one in orders if one.status != "pending"} == await found(
        where=field("status") != "pending"
    )
    assert {one.guid for one in orders if one.customer.name == customer} == await found(
        where=field("customer/name") == customer
    )
    assert {one.guid for one in orders if one.status == "pending" or "11" in one.order_number} == await found(
        where=(field("status") == "pending") | field("orderNumber").contains("11")
    )
    assert set() == await found(where=field("orderNumber") == "o'brien")
    for order_by, reverse in ((ascending("orderNumber"), False), (descending("orderNumber"), True)):
        numbers = [one.order_number async for one in sandbox.api.orders.every(order_by=[order_by], size=2)]
        assert sorted(numbers, reverse=reverse) == numbers
    assert {orders[0].guid} == await found(search=orders[0].order_number)


@pytest.mark.parametrize(
    ("call", "kind", "words"),
    [
        pytest.param(lambda api: api.get_order(str(uuid4())), OrderGone, "gone", id="no such order"),
        pytest.param(
            lambda api: api.orders.page(size=101), Permanent, "VALIDATION_ERROR", id="too large a page"
        ),
        pytest.param(
            lambda api: api.orders.page(where=field("noSuchField") == 1),
            Permanent,
            "VALIDATION_ERROR",
            id="no such field",
        ),
        pytest.param(
            lambda api: api.workflows.triggers("Nothing"), Permanent, "says:", id="no such entity type"
        ),
    ],
)
async def test_a_refusal_is_the_failure_that_it_stands_for(sandbox, call, kind, words):
    """The envelope's own words are mostly all that there is to go by."""
    with pytest.raises(kind, match=words) as caught:
        await call(sandbox.api)

    assert kind is type(caught.value)


async def test_a_stranger_is_unauthorized(sandbox):
    """The event waits, and an operator must renew the token."""
    with pytest.raises(Unauthorized, match="operator"):
        await sandbox.client(token="unknown").orders.page()


async def test_a_toggle_whose_answer_is_lost_is_made_once(sandbox):
    """The effect is there and the connection breaks: a second call would undo it."""
    workflow = await configured(sandbox.api, (await sandbox.api.workflows.triggers("Order"))[0].guid)
    await sandbox.fault(fault="reset_after_effect", operation="dispatch.toggle_workflow", times=1)

    with pytest.raises(Transient) as caught:
        await sandbox.api.workflows.toggle(workflow.guid, **a_key())

    assert "unknown" == caught.value.effect
    assert 1 == len(await sandbox.effects("toggle_workflow"))
    assert [(workflow.guid, not workflow.is_active)] == [
        (one.guid, one.is_active) for one in await sandbox.api.workflows.configured("Order", managed=False)
    ]


async def test_a_write_whose_answer_is_lost_is_made_good_by_its_key(sandbox):
    """The header is ours to hope for; where it is honoured, the second call finds what the first has made."""
    await sandbox.fault(fault="reset_after_effect", operation="dispatch.create_customer", times=1)
    new, key = NewCustomer(name="Kari Unik"), a_key()

    with pytest.raises(Transient) as caught:
        await sandbox.api.customers.create(new, **key)
    made = await sandbox.api.customers.create(new, **key)

    assert "unknown" == caught.value.effect
    assert 1 == len(await sandbox.effects("create_customer"))
    assert [made.guid] == [one.guid async for one in sandbox.api.customers.every(search="Unik")]


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        pytest.param({"fault": "status_429", "retry_after": 7}, RateLimited, id="rate limit"),
        pytest.param({"fault": "status_500", "status": 503, "retry_after": 7}, Transient, id="503"),
        pytest.param({"fault": "reset_before"}, Transient, id="reset"),
        pytest.param({"fault": "invalid_json"}, BadResponse, id="no JSON"),
        pytest.param({"fault": "expired_token"}, Unauthorized, id="expired token"),
    ],
)
async def test_each_fault_of_the_sandbox_is_the_failure_that_it_plays(sandbox, fault, kind):
    """The same switches as on the Installer side, read as what they stand for."""
    await sandbox.fault(operation="dispatch.list_orders", **fault)

    with pytest.raises(kind) as caught:
        await sandbox.api.orders.page()

    assert kind is type(caught.value)
    assert (7.0 if "retry_after" in fault else None) == caught.value.retry_after_s


@pytest.mark.parametrize("sandbox", [{"rate_limit": RateLimit(limit=5, window_s=60)}], indirect=True)
async def test_the_advertised_limit_is_kept_by_all_workers_together(sandbox, redis_url):
    """Two workers, five calls: the sixth waits for the next window, and the API never has to refuse one."""
    redis = store.async_client(redis_url, timeout_s=5)
    budgets = [Budget(redis, Terms(name="sandbox env:TOKEN")) for _ in range(2)]
    workers = [sandbox.client(gate=budget) for budget in budgets]

    async def spend():
        for n in range(20):
            with visiting(Visit()):
                await workers[n % 2].business.mine()

    with pytest.raises(RateLimited) as caught:
        await spend()

    assert 130 > caught.value.retry_after_s
    assert 1 < (await sandbox.about())["calls"] <= 5
    for budget in budgets:
        await budget.close()
    await redis.aclose()


@pytest.mark.parametrize("sandbox", [{"rate_limit": RateLimit(limit=1, window_s=60)}], indirect=True)
async def test_who_has_no_budget_is_refused_and_told_when(sandbox):
    """429 and Retry-After are ours; a command without a budget must say so rather than fail."""
    await sandbox.api.business.mine()

    with pytest.raises(RateLimited) as caught:
        await sandbox.api.business.mine()

    assert 0 < caught.value.retry_after_s <= 61
