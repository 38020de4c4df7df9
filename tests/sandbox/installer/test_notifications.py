"""Workflow notifications of the sandbox: a body of the user's own template, under headers of the user's own."""

import json

import pytest

from sandbox.config import Notification

pytestmark = pytest.mark.anyio

TEMPLATE = '{"order": "{{ order.id }}", "state": "{{order.state}}", "no": "{{ order.nothing }}"}'


async def test_the_body_is_the_template_and_the_headers_are_the_users(start, receiver):
    """All that the vendor documents of it: an address, a template, headers."""
    hook = Notification(url=receiver.url, template=TEMPLATE, headers={"X-Webhook-Token": "t0ken"})
    sandbox = await start(notifications=(hook,))
    order_id = await sandbox.order()
    await sandbox.sent()

    (request,) = receiver.requests

    assert {"order": order_id, "state": "created", "no": ""} == request.json
    assert "t0ken" == request.headers["x-webhook-token"]


async def test_it_is_set_off_by_the_events_that_it_names(start, receiver):
    """A notification belongs to one step and state; here, to an event."""
    hook = Notification(url=receiver.url, template=TEMPLATE, on=("order.completed",))
    sandbox = await start(notifications=(hook,))
    order_id = await sandbox.order()
    await sandbox.post(f"/api/v1/order/{order_id}/dispatch")
    await sandbox.advance(order_id, "completed")
    await sandbox.sent()

    assert ["completed"] == [request.json["state"] for request in receiver.requests]


async def test_a_quote_in_a_value_makes_a_body_that_is_no_json(start, receiver):
    """What a receiver has to live with: the template's writer forgot that names have quotes."""
    hook = Notification(url=receiver.url, template='{"name": "{{ order.name }}"}')
    sandbox = await start(notifications=(hook,))
    await sandbox.order(name='Bytte 3/4" kran')
    await sandbox.sent()

    with pytest.raises(json.JSONDecodeError):
        assert receiver.requests[0].json


async def test_a_notification_and_an_event_do_not_wait_for_each_other(start, receiver, unused_url):
    """They go to different systems of the user's, and one may be down."""
    hook = Notification(url=receiver.url, template=TEMPLATE)
    sandbox = await start(webhook_url=unused_url, notifications=(hook,))
    await sandbox.order()
    await sandbox.sent()

    assert {"installer": "given_up", "notification 1": "delivered"} == {
        one["system"]: one["state"] for one in await sandbox.deliveries()
    }


async def test_a_spoilt_attempt_carries_a_wrong_header(start, receiver):
    """The header is all the proof there is, so that is what a forger has wrong."""
    hook = Notification(url=receiver.url, template=TEMPLATE, headers={"X-Webhook-Token": "t0ken"})
    sandbox = await start(notifications=(hook,))
    await sandbox.faults({"fault": "bad_signature", "times": 1})
    await sandbox.order()
    await sandbox.sent()

    assert ["t0kea"] == [request.headers["x-webhook-token"] for request in receiver.requests]
