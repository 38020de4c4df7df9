"""The sender against a real receiver: order, retries, faults, shutdown, bursts."""

import asyncio
import hashlib
import hmac
import itertools
import json
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sandbox.config import SenderRules
from sandbox.deliveries import DeliveryState, SendAttempt
from sandbox.sender import outcome
from tests.support.waiting import until_async

pytestmark = pytest.mark.anyio

QUICK = SenderRules(retry_delays_s=(0.02, 0.02, 0.02), timeout_s=0.5, stop_grace_s=0.2)


def signed(event_id, event_type, timestamp, body):
    """A signer of the kind that a caller injects: id, time and a digest of all."""
    content = f"{event_id}.{timestamp}.".encode() + body
    digest = hmac.new(b"secret", content, hashlib.sha256).hexdigest()
    return [("x-id", event_id), ("x-type", event_type), ("x-time", str(timestamp)), ("x-sign", digest)]


def is_signed(request):
    content = f"{request.headers['x-id']}.{request.headers['x-time']}.".encode() + request.body
    digest = hmac.new(b"secret", content, hashlib.sha256).hexdigest()
    return hmac.compare_digest(digest, request.headers["x-sign"])


async def test_a_life_is_told_in_order(start, receiver):
    """Which change raises which event is ours; that they come in order is what tests build on."""
    sandbox = await start(webhook_url=receiver.url)
    order_id = await sandbox.order()
    await sandbox.post(f"/api/v1/order/{order_id}/dispatch")
    await sandbox.advance(order_id, "completed")

    await sandbox.sent()

    assert [
        "order.created",
        "order.dispatched",
        "booking.created",
        "workflow.step.activated",
        "order.completed",
    ] == receiver.events
    assert {order_id} == {request.json["data"]["id"] for request in receiver.requests}
    assert [0, 1, 2, 3, 4] == [request.json["data"]["status"] for request in receiver.requests]


async def test_deliveries_are_unsigned_posts_of_json(start, receiver):
    """All that the vendor documents: a POST, a JSON body, nothing that proves where it comes from."""
    sandbox = await start(webhook_url=receiver.url)
    await sandbox.order()
    await sandbox.sent()

    headers = receiver.requests[0].headers

    assert "application/json" == headers["content-type"]
    assert {"Host", "Accept", "Accept-Encoding", "User-Agent", "Content-Type", "Content-Length"} == set(
        headers
    )


async def test_the_injected_signer_signs_each_attempt_anew(start, receiver):
    """The same event id and body, and the time of the attempt, or a retry would be refused as stale."""
    receiver.answers = [500, 500]
    minutes = itertools.count(1_700_000_000, 60)
    sandbox = await start(
        webhook_url=receiver.url, signer=signed, clock=lambda: datetime.fromtimestamp(next(minutes), UTC)
    )
    await sandbox.order()

    (delivery,) = await sandbox.sent()

    assert all(is_signed(request) for request in receiver.requests)
    assert {delivery["eventId"]} == {request.headers["x-id"] for request in receiver.requests}
    assert {"order.created"} == {request.headers["x-type"] for request in receiver.requests}
    assert 3 == len({request.headers["x-time"] for request in receiver.requests})
    assert 1 == len({request.body for request in receiver.requests})


@pytest.mark.parametrize("status", [301, 400, 401, 404, 410, 429, 500, 503])
async def test_only_a_2xx_is_success(start, receiver, status):
    """Ours: the vendor does not say; a redirect is not followed, and no status ends the retries."""
    receiver.answers = [status]
    sandbox = await start(webhook_url=receiver.url)
    await sandbox.order()

    (delivery,) = await sandbox.sent()

    assert [status, 200] == [attempt["status"] for attempt in delivery["attempts"]]
    assert "delivered" == delivery["state"]


async def test_an_event_is_given_up_after_its_last_retry(start, receiver):
    """A receiver that is down for good must not keep the sandbox busy for good."""
    receiver.answers = [500] * 4
    sandbox = await start(webhook_url=receiver.url)
    order_id = await sandbox.order()
    await sandbox.post(f"/api/v1/order/{order_id}/dispatch")

    deliveries = await sandbox.sent()

    assert ["given_up", "delivered"] == [delivery["state"] for delivery in deliveries]
    assert ["order.created"] * 4 + ["order.dispatched"] == receiver.events


async def test_a_retry_holds_back_the_later_events_of_its_order_only(start, receiver):
    """In order per order, and no order waits for another."""
    receiver.answers = [500]
    rules = replace(QUICK, retry_delays_s=(0.3,))
    sandbox = await start(webhook_url=receiver.url, sender=rules)
    held = await sandbox.order()
    await sandbox.post(f"/api/v1/order/{held}/dispatch")
    await until_async(lambda: _requests(receiver, 1))
    free = await sandbox.order()

    await sandbox.sent()

    came = [(request.json["data"]["id"], request.json["event"]) for request in receiver.requests]
    assert [
        (held, "order.created"),
        (free, "order.created"),
        (held, "order.created"),
        (held, "order.dispatched"),
    ] == came


async def test_a_receiver_that_is_silent_is_left_after_the_timeout(start, receiver):
    """The 5 s of the documentation, shortened; the event is tried again."""
    held = asyncio.Event()
    receiver.before = held.wait
    sandbox = await start(webhook_url=receiver.url, sender=replace(QUICK, timeout_s=0.1))
    await sandbox.order()
    await until_async(lambda: _requests(receiver, 2))
    held.set()

    (delivery,) = await sandbox.sent()

    assert (None, "no answer within 0.1 s") == (
        delivery["attempts"][0]["status"],
        delivery["attempts"][0]["error"],
    )
    assert "delivered" == delivery["state"]


async def test_nobody_there_is_an_attempt_like_any_other(start, unused_url):
    """`orderhook dev` starts the sandbox before the receiver listens."""
    sandbox = await start(webhook_url=unused_url)
    await sandbox.order()

    (delivery,) = await sandbox.sent()

    assert "given_up" == delivery["state"]
    assert "ClientConnectorError" in delivery["attempts"][0]["error"]


async def test_a_signer_that_fails_loses_no_event(start, receiver):
    """The signer is foreign code; a bug in it must show and be survived."""
    outcomes = [ValueError("no key"), None]

    def signer(*event):
        problem = outcomes.pop(0)
        if problem:
            raise problem
        return signed(*event)

    sandbox = await start(webhook_url=receiver.url, signer=signer)
    await sandbox.order()

    (delivery,) = await sandbox.sent()

    assert ["the signer failed: ValueError", None] == [attempt["error"] for attempt in delivery["attempts"]]
    assert 1 == len(receiver.requests)


async def test_without_a_url_events_are_kept_and_marked(sandbox):
    """A sandbox may serve as an API alone."""
    await sandbox.order()

    assert ["unsent"] == [delivery["state"] for delivery in await sandbox.deliveries()]


async def test_a_duplicate_comes_under_the_same_id(start, receiver):
    """What deduplication is for."""
    sandbox = await start(webhook_url=receiver.url, signer=signed)
    await sandbox.faults({"fault": "duplicate", "operation": "order.created"})
    order_id = await sandbox.order()
    await sandbox.post(f"/api/v1/order/{order_id}/dispatch")

    await sandbox.sent()

    assert ["order.created", "order.created", "order.dispatched"] == receiver.events
    assert receiver.requests[0].headers["x-id"] == receiver.requests[1].headers["x-id"]
    assert receiver.requests[0].body == receiver.requests[1].body


async def test_shuffled_events_overtake_one_another(start, receiver):
    """Real senders promise no order; a receiver must live with it."""
    sandbox = await start(webhook_url=receiver.url)
    await sandbox.faults({"fault": "shuffle", "ms": 100})
    for _ in range(10):
        await sandbox.advance(await sandbox.order(), "completed")

    deliveries = await sandbox.sent()

    by_order = [
        [request.json["data"]["status"] for request in receiver.requests if request.json["data"]["id"] == one]
        for one in {delivery["orderId"] for delivery in deliveries}
    ]
    assert {"delivered"} == {delivery["state"] for delivery in deliveries}
    assert any(statuses != sorted(statuses) for statuses in by_order)


async def test_a_delayed_event_holds_its_lane(start, receiver):
    """Late, and still in order."""
    sandbox = await start(webhook_url=receiver.url)
    await sandbox.faults({"fault": "delay_ms", "ms": 60, "operation": "order.dispatched"})
    await sandbox.advance(await sandbox.order(), "scheduled")

    await sandbox.sent()

    assert ["order.created", "order.dispatched", "booking.created"] == receiver.events


async def test_a_bad_signature_is_well_formed_and_wrong(start, receiver):
    """A forger's delivery: the receiver must refuse it, and take the retry."""
    receiver.answers = [401]
    sandbox = await start(webhook_url=receiver.url, signer=signed)
    await sandbox.faults({"fault": "bad_signature", "times": 1})
    await sandbox.order()

    (delivery,) = await sandbox.sent()

    assert [False, True] == [is_signed(request) for request in receiver.requests]
    assert [True, False] == [attempt["badSignature"] for attempt in delivery["attempts"]]


async def test_an_unsigned_delivery_spends_no_bad_signature(start, receiver):
    """A count that goes down must mean that something was spoilt."""
    sandbox = await start(webhook_url=receiver.url)
    await sandbox.faults({"fault": "bad_signature", "times": 1})
    await sandbox.order()
    await sandbox.sent()

    assert 0 == (await sandbox.get("/_sandbox/faults")).json["faults"][0]["struck"]


async def test_a_dropped_event_never_comes(start, receiver):
    """What reconciliation is for."""
    sandbox = await start(webhook_url=receiver.url)
    await sandbox.faults({"fault": "drop", "times": 1})
    order_id = await sandbox.order()
    await sandbox.post(f"/api/v1/order/{order_id}/dispatch")

    deliveries = await sandbox.sent()

    assert ["dropped", "delivered"] == [delivery["state"] for delivery in deliveries]
    assert ["order.dispatched"] == receiver.events


async def test_a_reset_forgets_what_is_still_to_be_sent(start, receiver):
    """The events of the last test must not reach the next one."""
    receiver.answers = [500]
    sandbox = await start(webhook_url=receiver.url, sender=replace(QUICK, retry_delays_s=(0.1,)))
    await sandbox.order()
    await until_async(lambda: _requests(receiver, 1))

    await sandbox.post("/_sandbox/reset")
    await sandbox.order()
    await sandbox.sent()

    assert ["order.created", "order.created"] == receiver.events
    assert 2 == len({request.json["data"]["id"] for request in receiver.requests})


async def test_concurrency_is_bounded(start, receiver):
    """A burst must not open ten thousand connections."""
    now, most = 0, 0

    async def count():
        nonlocal now, most
        now += 1
        most = max(most, now)
        await asyncio.sleep(0.01)
        now -= 1

    receiver.before = count
    sandbox = await start(webhook_url=receiver.url, sender=replace(QUICK, concurrency=3))
    await sandbox.post("/_sandbox/seed", {"orders": 30})

    await sandbox.sent()

    assert 30 == len(receiver.requests)
    assert 3 == most


async def test_a_burst_loses_and_repeats_nothing(start, receiver):
    """Every event of a burst comes once, though some come late."""
    receiver.answers = [503] * 100
    # On a busy machine an answer may take longer than the others of these tests allow.
    sandbox = await start(webhook_url=receiver.url, signer=signed, sender=replace(QUICK, timeout_s=10))
    await sandbox.post("/_sandbox/seed", {"orders": 1_000})

    deliveries = await sandbox.sent()

    assert {"delivered"} == {delivery["state"] for delivery in deliveries}
    assert 1_100 == len(receiver.requests)
    assert 1_000 == len(Counter(request.headers["x-id"] for request in receiver.requests))
    assert 1_000 == (await sandbox.get("/_sandbox")).json["deliveries"]["delivered"]


def test_the_outcome_of_a_delivery_follows_from_its_attempts():
    """Deciding is apart from sending: success, another try, or the end."""
    good, bad = _attempt(204), _attempt(None)

    assert DeliveryState.DELIVERED is outcome([bad, good], retries=1)
    assert outcome([bad], retries=1) is None
    assert DeliveryState.GIVEN_UP is outcome([bad, bad], retries=1)
    assert DeliveryState.GIVEN_UP is outcome([bad], retries=0)


async def _requests(receiver, count):
    return len(receiver.requests) >= count


def _attempt(status):
    return SendAttempt(at="", status=status, error=None, duration_ms=0, bad_signature=False)


async def test_events_that_are_due_are_sent_before_the_sandbox_stops(start_and_stop, receiver):
    """A demonstration that ends must not cut off its last events."""
    async with start_and_stop(webhook_url=receiver.url) as sandbox:
        await sandbox.post("/_sandbox/seed", {"orders": 50})

    assert 50 == len(receiver.requests)


async def test_stopping_waits_no_longer_than_the_grace(start_and_stop, receiver, caplog):
    """A receiver that hangs must not keep the sandbox from stopping; what is left over is said."""
    held = asyncio.Event()
    receiver.before = held.wait
    rules = replace(QUICK, timeout_s=30, stop_grace_s=0.1)
    loop = asyncio.get_running_loop()

    async with start_and_stop(webhook_url=receiver.url, sender=rules) as sandbox:
        await sandbox.order()
        await until_async(lambda: _requests(receiver, 1))
        started = loop.time()
    held.set()

    assert 5 > loop.time() - started
    assert "sender.stopped pending=1" in caplog.text
    assert json.loads(receiver.requests[0].body)
