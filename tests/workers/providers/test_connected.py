"""From a shop to the order API and back: console, receiver, worker and the sandbox's shops, over real HTTP."""

import asyncio
import base64
import hmac
import json
import threading

import pytest

from receiver import keys
from receiver.inbox import Filter, Inbox
from receiver.lifecycle import Status
from tests.support import connected
from tests.support.connected import SECRETS_KEY, Worker, wish
from tests.support.events import accepted, an_event
from tests.support.receiving import Delivery, started
from tests.support.waiting import until
from workers import dead_letters, shift
from workers.providers.provider import Kind

CONFIGURE = "/api/integrations/provider/configure"


@pytest.fixture(name="sandbox", scope="module")
def _sandbox():
    with connected.shops() as shops:
        yield shops


@pytest.fixture(name="receiver", scope="module")
def _receiver(tmp_path_factory, redis_server):
    folder = tmp_path_factory.mktemp("receiver")
    sources = {"installer": {"scheme": {"type": "unsigned"}}}
    section = {"secrets_key": SECRETS_KEY}
    with started(folder, redis_server.url, sources=sources, receiver=section) as receiver:
        yield receiver


@pytest.fixture(name="scene")
def _scene(tmp_path, client, redis_url, sandbox, receiver):
    """A receiver, a console and a worker that share one empty Redis, and shops that have sold nothing."""
    sandbox.call("POST", "/_sandbox/reset")
    raw = connected.configured(tmp_path, redis_url, sandbox)
    with connected.console(raw) as admin:
        yield Scene(admin, receiver, Worker.of(raw), sandbox, client)
    assert [] == receiver.tracebacks()


class Scene:
    def __init__(self, admin, receiver, worker, shops, client):
        self.admin, self.receiver, self.worker, self.shops, self.client = (
            admin,
            receiver,
            worker,
            shops,
            client,
        )

    def configure(self, kind: Kind, **settings: bool) -> str:
        """Connect the sandbox's shop, and return its source."""
        body = wish(kind, f"{self.shops.url}/shops/{kind}", settings=settings)
        return self.admin.post(CONFIGURE, body).data["source"]

    def connect(self, kind: Kind, **settings: bool) -> str:
        """Connect the sandbox's shop, wait until its source is served, and return the source."""
        source = self.configure(kind, **settings)
        until(lambda: self.receiver.send("POST", f"/webhooks/{source}", body=b"").status == 401, within_s=5)
        return source

    def listen(self, kind: Kind, source: str, *topics: str) -> None:
        """Make webhooks in the shop, as its owner does."""
        url = f"http://127.0.0.1:{self.receiver.port}/webhooks/{source}"
        for topic in topics:
            if kind is Kind.WOOCOMMERCE:
                hook = {"topic": topic, "delivery_url": url, "secret": "cs_sandbox"}
                self.shops.woocommerce("POST", "/webhooks", hook)
            else:
                self.shops.shopify("POST", "/webhooks.json", {"webhook": {"topic": topic, "address": url}})

    def work(self) -> None:
        until(self.shops.delivered)
        self.worker.work()

    def events(self, source: str) -> list:
        return list(Inbox(self.client).events(Filter(source=source)))

    def tell(self, event_type: str, order_id: str, **data) -> None:
        """Let the order API say something of an order; its own sender is not part of this."""
        body = json.dumps({"event": event_type, "data": {"id": order_id, **data}}).encode()
        event = an_event(
            f"{event_type}-{order_id}", source="installer", type=event_type, subject=order_id, body=body
        )
        accepted(self.client, event)
        self.worker.work()


def test_a_signed_order_of_woocommerce_is_made_once_and_told_back(scene):
    """The whole way: configure, a signed notice, one order, its repeats and replays nothing, and tracking back."""
    source = scene.connect(Kind.WOOCOMMERCE)
    assert b"orderhook_shops 1\n" in scene.receiver.send("GET", "/metrics").body
    scene.listen(Kind.WOOCOMMERCE, source, "order.created")
    scene.shops.call("PUT", "/_sandbox/faults", {"faults": [{"fault": "duplicate", "times": 1}]})
    bought = scene.shops.woocommerce("POST", "/orders", {})
    scene.work()

    (made,) = scene.shops.effects("order.create")
    (event,) = scene.events(source)
    assert (Status.SUCCEEDED, "order.created", str(bought["id"])) == (event.status, event.type, event.subject)
    assert "1" == scene.client.hget(keys.event(source, event.id), "duplicates"), "it was posted twice"

    # Told of by a second notice, and both replayed.
    again(scene, source, bought)
    scene.worker.work()
    dead_letters.move(scene.client, [keys.event(source, one.id) for one in scene.events(source)])
    scene.worker.work()
    assert [(Status.SUCCEEDED, 1)] * 2 == [(one.status, one.replays) for one in scene.events(source)]
    assert [made] == scene.shops.effects("order.create")

    scene.tell("order.dispatched", made["orderId"], trackingNumber="TRK123456789")
    scene.tell("order.completed", made["orderId"], trackingNumber="TRK123456789")

    order = scene.shops.woocommerce("GET", f"/orders/{bought['id']}")
    notes = scene.shops.woocommerce("GET", f"/orders/{bought['id']}/notes")
    told = {one["key"]: one["value"] for one in order["meta_data"]}
    assert "completed" == order["status"]
    assert {"orderhook_status": "completed", "orderhook_tracking": "TRK123456789"} == told
    assert [
        f"Order {made['detail']['displayId']} was {stage}. Tracking number: TRK123456789."
        for stage in ("completed", "dispatched")
    ] == [note["note"] for note in notes]


def again(scene, source, bought) -> None:
    """Post a second notice of the same order: other bytes, so another event."""
    body = json.dumps({**bought, "date_modified_gmt": "2030-01-01T00:00:00"}).encode()
    signature = base64.b64encode(hmac.digest(b"cs_sandbox", body, "sha256")).decode()
    headers = [
        ("Content-Type", "application/json"),
        ("X-WC-Webhook-Signature", signature),
        ("X-WC-Webhook-Topic", "order.created"),
    ]
    assert (202, "accepted") == scene.receiver.post(Delivery(headers=headers, body=body), source).outcome


def test_an_order_of_shopify_is_made_fulfilled_and_tagged(scene):
    """Its topics, its headers and its fulfillment are others; the way is the same."""
    source = scene.connect(Kind.SHOPIFY)
    scene.listen(Kind.SHOPIFY, source, "orders/create")
    bought = scene.shops.shopify("POST", "/orders.json", {"order": {"tags": "vip"}})["order"]
    scene.work()
    (made,) = scene.shops.effects("order.create")

    scene.tell("order.dispatched", made["orderId"], trackingNumber="TRK1")

    order = scene.shops.shopify("GET", f"/orders/{bought['id']}.json")["order"]
    (fulfilled,) = scene.shops.effects("shopify.create_fulfillment")
    assert ("fulfilled", "vip, orderhook-dispatched") == (order["fulfillment_status"], order["tags"])
    assert {"number": "TRK1"} == fulfilled["detail"]["tracking"]

    scene.tell("order.completed", made["orderId"])

    order = scene.shops.shopify("GET", f"/orders/{bought['id']}.json")["order"]
    assert "vip, orderhook-completed" == order["tags"]
    assert 1 == len(scene.shops.effects("shopify.create_fulfillment"))


def test_workflows_of_the_user_go_on_with_an_imported_order_and_the_shop_hears(
    tmp_path, client, redis_url, receiver
):
    """What we caused ourselves is passed over as an echo elsewhere; here both ends are others, and wait for it."""
    hook = f"http://127.0.0.1:{receiver.port}/webhooks/installer"
    with connected.shops(webhook_url=hook) as sandbox:
        raw = connected.configured(tmp_path, redis_url, sandbox)
        with connected.console(raw) as admin:
            scene = Scene(admin, receiver, Worker.of(raw), sandbox, client)
            own = {"name": "own", "entityType": "Order", "triggerId": "order_created"}
            body = {**own, "action": {"type": "dispatch_order"}}
            assert 200 == admin.post("/api/workflows/configure", body).status
            source = scene.connect(Kind.WOOCOMMERCE)
            scene.listen(Kind.WOOCOMMERCE, source, "order.created")
            bought = sandbox.woocommerce("POST", "/orders", {})
            path = f"/orders/{bought['id']}/notes"

            (note,) = until(lambda: scene.work() or sandbox.woocommerce("GET", path))

        assert "was dispatched." in note["note"]
        assert ["order.create", "order.dispatch"] == [
            one["effect"] for one in sandbox.effects() if one["effect"].startswith("order.")
        ]


def test_products_are_kept_and_shown(scene):
    """A product's `type` is `simple`, and no event type."""
    source = scene.connect(Kind.WOOCOMMERCE)
    scene.listen(Kind.WOOCOMMERCE, source, "product.created", "product.updated", "product.deleted")
    first = scene.shops.woocommerce("POST", "/products", {"name": "Varmepumpe", "regular_price": "100.00"})
    gone = scene.shops.woocommerce("POST", "/products", {"name": "Lader"})
    scene.shops.woocommerce("PUT", f"/products/{first['id']}", {"regular_price": "90.00", "sku": "VP"})
    scene.shops.woocommerce("DELETE", f"/products/{gone['id']}")
    scene.work()

    guid = scene.admin.get("/api/v1/integrations").data[0]["guid"]
    (shown,) = scene.admin.get(f"/api/v1/integrations/{guid}/products").data
    assert ("Varmepumpe", "90.00", "VP") == (shown["name"], shown["price"], shown["sku"])


def test_a_call_whose_answer_was_lost_makes_no_second_order(scene):
    """P3: the key is made of the shop's order, and is the same in every attempt."""
    source = scene.connect(Kind.WOOCOMMERCE)
    scene.listen(Kind.WOOCOMMERCE, source, "order.created")
    fault = {"fault": "reset_after_effect", "operation": "create_order", "times": 1}
    scene.shops.call("PUT", "/_sandbox/faults", {"faults": [fault]})
    scene.shops.woocommerce("POST", "/orders", {})
    scene.work()

    until(lambda: scene.worker.work() or scene.events(source)[0].status is Status.SUCCEEDED)
    assert 1 == len(scene.shops.effects("order.create"))


def test_an_order_that_lacks_something_is_corrected_in_the_shop_and_replayed(scene):
    """The dead letter names the field; the replay asks the shop what it says now."""
    source = scene.connect(Kind.WOOCOMMERCE)
    scene.listen(Kind.WOOCOMMERCE, source, "order.created")
    bought = scene.shops.woocommerce("POST", "/orders", {})
    place = {**bought["billing"], "phone": "(555) 555-5555"}
    bad = scene.shops.woocommerce("POST", "/orders", {"billing": place})
    scene.work()

    (dead,) = [event for event in scene.events(source) if event.status is Status.DEAD]
    assert ("order_incomplete", str(bad["id"])) == (dead.reason, dead.subject)
    assert "phoneNumber" in dead.error
    assert "555" not in dead.error

    scene.shops.woocommerce("PUT", f"/orders/{bad['id']}", {"billing": bought["billing"]})
    dead_letters.move(scene.client, [keys.event(source, dead.id)])
    scene.worker.work()
    assert 2 == len(scene.shops.effects("order.create"))


def test_a_disabled_shop_is_told_nothing_and_listened_to_no_more(scene):
    """Its address is unknown within seconds; what is in flight ends as a dead letter that says so."""
    source = scene.connect(Kind.WOOCOMMERCE)
    scene.listen(Kind.WOOCOMMERCE, source, "order.created")
    scene.shops.woocommerce("POST", "/orders", {})
    scene.work()
    (made,) = scene.shops.effects("order.create")
    guid = scene.admin.get("/api/v1/integrations").data[0]["guid"]

    scene.admin.post(f"/api/integrations/provider/disable/{guid}")

    until(lambda: scene.receiver.send("POST", f"/webhooks/{source}", body=b"").status == 404, within_s=5)
    scene.tell("order.dispatched", made["orderId"])
    assert [] == scene.shops.effects("woocommerce.create_note")


def test_an_order_that_was_cancelled_meanwhile_is_not_imported(scene):
    """Nobody waits for it any more, and nobody need look."""
    source = scene.connect(Kind.WOOCOMMERCE)
    scene.listen(Kind.WOOCOMMERCE, source, "order.created")
    scene.shops.woocommerce("POST", "/orders", {"status": "failed"})
    scene.work()

    (event,) = scene.events(source)
    assert (Status.IGNORED, "order_cancelled") == (event.status, event.reason)
    assert [] == scene.shops.effects("order.create")


def while_a_shift_runs(scene, deed) -> None:
    """Start a shift that knows of no shop, do something meanwhile, and wait for the shift's end."""

    def meanwhile() -> None:
        until(lambda: scene.client.exists(keys.shifts()), what="the shift runs")
        deed()

    thread = threading.Thread(target=meanwhile)
    thread.start()
    asyncio.run(shift.work(scene.worker.plant, linger_s=1.5))
    thread.join()


def test_an_order_waits_for_a_shift_that_knows_its_shop(scene):
    """One that began before the shop was connected would ignore its first orders, for good."""
    bought = scene.shops.woocommerce("POST", "/orders", {})
    found: list[str] = []

    def deed() -> None:
        found.append(scene.configure(Kind.WOOCOMMERCE))
        event = {"source": found[0], "subject": str(bought["id"]), "body": json.dumps(bought).encode()}
        accepted(scene.client, an_event("evt-first", **event))

    while_a_shift_runs(scene, deed)

    (event,) = scene.events(found[0])
    assert (Status.RETRYING, "shops_changed") == (event.status, event.reason)
    until(lambda: scene.worker.work() or scene.shops.effects("order.create"))
    assert Status.SUCCEEDED is scene.events(found[0])[0].status


def test_what_shops_are_told_of_waits_for_a_shift_that_knows_them(scene):
    """An older shift has no workflow that tells, and would take the dispatch for nobody's."""

    def deed() -> None:
        scene.configure(Kind.WOOCOMMERCE)
        accepted(scene.client, an_event("evt-1", source="installer", type="order.dispatched"))

    while_a_shift_runs(scene, deed)

    (event,) = scene.events("installer")
    assert (Status.RETRYING, "shops_changed") == (event.status, event.reason)


def test_a_worker_without_the_key_says_so(tmp_path, redis_url, scene):
    """The order is made all the same; what cannot be told waits as a dead letter until the key is there."""
    source = scene.connect(Kind.WOOCOMMERCE)
    scene.listen(Kind.WOOCOMMERCE, source, "order.created")
    scene.shops.woocommerce("POST", "/orders", {})
    raw = connected.configured(tmp_path, redis_url, scene.shops, console={"credentials_key": None})
    scene.worker = Worker.of(raw)
    scene.work()

    (made,) = scene.shops.effects("order.create")
    scene.tell("order.dispatched", made["orderId"])

    (dead,) = scene.events("installer")
    assert (Status.DEAD, "credentials_sealed") == (dead.status, dead.reason)


def test_an_event_of_a_shop_starts_no_workflow_that_was_not_written_for_it(scene):
    """A shop's order is no order of the order API: to tag it would fail, and stop nothing."""
    source = scene.connect(Kind.WOOCOMMERCE, autoImportOrders=False, pushTracking=False)
    scene.listen(Kind.WOOCOMMERCE, source, "order.created")
    own = {
        "name": "own",
        "entityType": "Order",
        "triggerId": "order_created",
        "action": {"type": "dispatch_order"},
    }
    assert 200 == scene.admin.post("/api/workflows/configure", own).status
    scene.shops.woocommerce("POST", "/orders", {})
    scene.work()

    (event,) = scene.events(source)
    assert (Status.IGNORED, "no_workflow") == (event.status, event.reason)
