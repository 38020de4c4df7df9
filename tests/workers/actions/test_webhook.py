"""The action `webhook`, from the event in Redis to a peer that verifies what it gets."""

import contextlib
import json
from collections.abc import Mapping
from types import SimpleNamespace

import pytest
import tomlkit

from receiver.config import read_config
from receiver.lifecycle import Status
from tests.support import hooks
from tests.support.events import accepted, an_event, record
from tests.support.http_peer import serving
from workers import dead_letters, shift
from workers.actions import EventView, Registry, Step
from workers.actions.webhook import envelope, message_id
from workers.api.models import Order
from workers.failures import OrderGone, Permanent
from workers.plant import Plant
from workers.settings import worker_settings
from workers.targets import standing

pytestmark = pytest.mark.anyio

RETRY = {"base_s": 0.001, "cap_s": 0.001}


@pytest.fixture(name="peer")
async def _peer():
    async with serving() as peer:
        yield peer


@pytest.fixture(name="plant")
def _plant(redis_url, tmp_path, peer):
    """Makes a plant with the target `erp` and the steps given; changes are those of the target."""

    def build(*steps: Mapping, **target) -> Plant:
        values = {
            "redis_url": redis_url,
            "sources": {"shop": {"scheme": {"type": "unsigned"}}},
            "targets": {"erp": hooks.target(peer.url, **target)},
            "worker": {"lease_s": 5.0, "call_deadline_s": 4.0, "shift_s": 5.0, "retry": RETRY},
            "workflows": [
                {
                    "name": "tell",
                    "trigger": "order.created",
                    "actions": list(steps) or [{"type": "webhook", "target": "erp"}],
                }
            ],
        }
        path = tmp_path / "orderhook.toml"
        path.write_text(tomlkit.dumps(values))
        settings = worker_settings(read_config(environ={}, path=path))
        return Plant(settings=settings, registry=settings.registry)

    return build


async def work(plant: Plant) -> None:
    await shift.work(plant, linger_s=0.02)


async def test_an_event_is_told_in_an_envelope_that_verifies(client, plant, peer):
    """What the other side gets, whole."""
    peer.answers(204)
    accepted(client, an_event(data={"country": "NO"}, occurred="1700000000000"))

    await work(plant())

    assert Status.SUCCEEDED is record(client).status
    assert {
        "type": "order.created",
        "timestamp": "2023-11-14T22:13:20+00:00",
        "id": "evt-1",
        "source": "shop",
        "subject": "order-1",
        "data": {"id": "order-1", "country": "NO"},
    } == hooks.verified(peer.seen[0])


async def test_a_retry_is_the_same_message(client, plant, peer):
    """Same id and same bytes: the receiver knows the repeat, however often it comes."""
    for status in (500, 503, 204):
        peer.answers(status)
    accepted(client, an_event())

    await work(plant())

    assert Status.SUCCEEDED is record(client).status
    assert 3 == len(peer.seen)
    assert 1 == len({(seen.headers["webhook-id"], seen.body) for seen in peer.seen})
    assert all(hooks.verified(seen) for seen in peer.seen)


async def test_a_replay_is_the_same_message(client, plant, peer):
    """A message whose answer was lost may have been taken: the replay must not be a second one."""
    peer.answers(400)
    accepted(client, an_event())
    await work(plant())
    list(dead_letters.replay(client, [record(client)]))
    peer.behaviours.clear()
    peer.answers(204)

    await work(plant())

    assert Status.SUCCEEDED is record(client).status
    assert 1 == len({seen.headers["webhook-id"] for seen in peer.seen})
    assert 2 == len(peer.seen)


async def test_other_events_and_other_steps_are_other_messages(client, plant, peer):
    """Two under one id would be one to the receiver, and the second be lost."""
    peer.answers(204)
    accepted(client, an_event("evt-1"), an_event("evt-2", subject="order-2"))

    await work(
        plant({"type": "webhook", "target": "erp"}, {"type": "webhook", "target": "erp", "data": "none"})
    )

    assert 4 == len({seen.headers["webhook-id"] for seen in peer.seen})


async def test_what_is_kept_of_it_says_what_the_target_said(client, plant, peer):
    """The operator sees the answer without asking the other side."""
    peer.answers(202, {"queued": "as 17"})
    accepted(client, an_event())

    await work(plant())

    (entry,) = record(client).ledger.values()
    assert {"target": "erp", "status": 202, "answer": '{"queued": "as 17"}'}.items() <= json.loads(
        entry.detail
    ).items()


async def test_a_refused_message_is_a_dead_letter(client, plant, peer):
    """Nobody repeats what will be refused again, and nothing is lost."""
    peer.answers(422, {"message": "no such customer"})
    accepted(client, an_event())

    await work(plant())

    found = record(client)
    assert (Status.DEAD, "target_rejected", 1) == (found.status, found.reason, len(peer.seen))
    assert "no such customer" in found.error


async def test_events_of_a_disabled_target_are_kept_and_replayed_when_it_is_enabled(client, plant, peer):
    """410 stops the messages and loses none."""
    peer.answers(410)
    accepted(client, an_event("evt-1"), an_event("evt-2"), an_event("evt-3", subject="order-3"))
    await work(plant())

    dead = [record(client, name) for name in ("evt-1", "evt-2", "evt-3")]
    assert [(Status.DEAD, "target_disabled")] * 3 == [(one.status, one.reason) for one in dead]
    asked = len(peer.seen)
    assert asked <= 2
    peer.behaviours.clear()
    peer.answers(204)
    assert standing.enable(client, "erp")
    list(dead_letters.replay(client, dead))
    await work(plant())

    assert [Status.SUCCEEDED] * 3 == [record(client, one.id).status for one in dead]
    assert 3 == len(peer.seen) - asked


async def test_a_busy_target_holds_no_place_of_its_workers(client, plant, peer):
    """Events of other targets go on, and those of this one come back by themselves, with all their attempts."""
    peer.answers(204)
    accepted(client, *[an_event(f"evt-{n}", subject=f"order-{n}") for n in range(20)])

    await work(plant(concurrency=1))

    found = [record(client, f"evt-{n}") for n in range(20)]
    assert {(Status.SUCCEEDED, 1)} == {(one.status, one.attempts_now) for one in found}
    assert 20 == len(peer.seen)


# Without Redis: the message alone.


class FakeApi:
    """An order API of one order."""

    async def get_order(self, order_id: str) -> Order:
        if order_id == "gone":
            raise OrderGone("gone")
        return Order.model_validate({"id": order_id, "status": 1, "raw": {"id": order_id, "status": 1}})

    async def get_shipment(self, shipment_id: str) -> SimpleNamespace:
        return SimpleNamespace(raw={"guid": shipment_id, "status": "delivered"})


class FakeTarget:
    """Takes messages, and remembers them."""

    def __init__(self):
        self.sent = []

    async def deliver(self, message_id, body):
        self.sent.append((message_id, json.loads(body)))
        return {}


def a_step(*, payload=None, trusts_payload=True, api=None, subject="order-1", **changes) -> Step:
    event = EventView(
        source="shop",
        id="evt-1",
        type="order.created",
        subject=subject,
        occurred_at=None,
        accepted_at="2025-01-15T10:30:02Z",
        stale=False,
        payload={"data": {"id": "order-1"}} if payload is None else payload,
        body=b"",
    )
    fields = {
        "targets": {"erp": FakeTarget()},
        "idempotency_key": "k" * 32,
        "attempt": 1,
        "workflow": "w",
        "index": 0,
    }
    return Step(event=event, api=api, trusts_payload=trusts_payload, **fields | changes)


async def told(step: Step, **params) -> Mapping:
    """Return the message that the step sends."""
    action = Registry.load()["webhook"]
    await action.run(step, action.params.model_validate({"target": "erp", **params}))
    ((_, message),) = step.targets["erp"].sent
    return message


async def refused(step: Step, **params) -> Permanent:
    with pytest.raises(Permanent) as caught:
        await told(step, **params)
    return caught.value


async def test_a_body_without_an_envelope_is_all_data():
    """Shopify sends the order itself."""
    assert {"id": 7, "total": "1.00"} == (await told(a_step(payload={"id": 7, "total": "1.00"})))["data"]


async def test_the_order_can_be_told_in_place_of_the_event():
    """As the API has it now, which the payload of an hour ago does not."""
    assert "order-1" == (await told(a_step(api=FakeApi()), data="order"))["data"]["id"]


async def test_a_message_can_go_without_data():
    """Who must not see an order's data can still be told to look."""
    assert "data" not in await told(a_step(), data="none")


async def test_what_nobody_verified_is_not_told_under_our_signature():
    """The payload of a hint says only *look*: what is told then is what the order API says."""
    hint = a_step(payload={"data": {"id": "forged"}}, trusts_payload=False, api=FakeApi())

    assert "order-1" == (await told(hint))["data"]["id"]
    assert "hint" in (await refused(a_step(trusts_payload=False, api=FakeApi()), data="event")).message


@pytest.mark.parametrize(
    ("changes", "reason"),
    [({}, "api_missing"), ({"api": FakeApi(), "subject": None}, "subject_missing")],
)
async def test_an_order_that_cannot_be_asked_for_is_a_dead_letter(changes, reason):
    """It says what is missing."""
    assert reason == (await refused(a_step(**changes), data="order")).reason


async def test_an_order_that_is_gone_ends_the_run():
    """As for every action."""
    with contextlib.suppress(OrderGone):
        await told(a_step(api=FakeApi(), subject="gone"), data="order")
        raise AssertionError("it was told")


async def test_a_target_that_is_not_there_any_more_is_named():
    """Events are pinned to the workflow of their first attempt, which may name what is gone since."""
    found = await refused(a_step(targets={}))

    assert "target_missing" == found.reason
    assert "[targets.erp]" in found.message


def test_the_id_can_stand_in_every_header():
    """The standard forbids a dot in it, and event ids of senders have anything in them."""
    assert message_id(a_step()) == "msg_" + "k" * 32


def test_of_the_same_event_the_bytes_are_the_same():
    """What is signed must be what is compared."""
    assert envelope(a_step(), {"b": 1, "a": "é\ud800"}) == envelope(a_step(), {"b": 1, "a": "é\ud800"})


async def test_a_workflow_about_shipments_tells_of_the_shipment():
    """The event's subject is a shipment: an order of that id, if there were one, would be another thing."""
    step = a_step(api=FakeApi(), subject="s-1", about="Shipment")

    assert {"guid": "s-1", "status": "delivered"} == (await told(step, data="order"))["data"]
