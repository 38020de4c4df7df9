"""Tokens, Idempotency-Key and the faults of the API, over real HTTP."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import aiohttp
import pytest

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize(
    ("authorization", "status"),
    [
        pytest.param(None, 401, id="missing"),
        pytest.param("Bearer wrong", 401, id="unknown token"),
        pytest.param("Bearer ", 401, id="empty token"),
        pytest.param("Basic sandbox-token", 401, id="another scheme"),
        pytest.param("Bearer guest", 403, id="role missing"),
        pytest.param("Bearer sandbox-token", 200, id="good"),
    ],
)
async def test_the_token_decides(start, authorization, status):
    """The documented answers: 401 for a bad token, 403 for a user without the role."""
    sandbox = await start(forbidden_tokens=("guest",))
    headers = {"authorization": authorization} if authorization else {}

    async with sandbox.session.get(sandbox.url + "/api/v1/orders", headers=headers) as answer:
        assert status == answer.status


async def test_the_401_body_is_the_documented_one(sandbox):
    """The only error body that the vendor shows, byte by byte in meaning."""
    answer = await sandbox.get("/api/v1/orders", token="wrong")

    assert {
        "error": "Unauthorized",
        "message": "Invalid or expired token",
        "statusCode": 401,
    } == answer.json


async def test_a_call_repeated_with_its_key_is_absorbed(sandbox):
    """This is what a keyed action relies on: the same answer, one effect."""
    order_id = await sandbox.order()
    path = f"/api/v1/order/{order_id}/dispatch"

    first, again = [await sandbox.post(path, key="run-1") for _ in range(2)]

    effects = await sandbox.get("/_sandbox/effects")
    assert first.json == again.json
    assert 1 == effects.text.count("order.dispatch")
    assert "1" == effects.headers["x-sandbox-absorbed"]
    assert [False, False, True] == [call["absorbed"] for call in (await sandbox.get("/_sandbox/calls")).json]


async def test_the_key_of_a_call_stands_in_its_effect(sandbox):
    """Tests group effects by key to find what happened twice."""
    order_id = await sandbox.order(idempotencyKey="erp-17")
    await sandbox.post(f"/api/v1/order/{order_id}/cancel", key="run-2")

    assert ["erp-17", "run-2"] == [effect["idempotencyKey"] for effect in await sandbox.effects()]


async def test_a_key_is_ignored_when_so_set(start):
    """The vendor documents no such header; every effect of a client that trusts it must show."""
    sandbox = await start(honour_idempotency_key=False)
    order_id = await sandbox.order()
    for _ in range(2):
        await sandbox.post(f"/api/v1/order/{order_id}/dispatch", key="run-1")

    keys = [effect["idempotencyKey"] for effect in await sandbox.effects()]

    assert [None, "run-1", "run-1"] == keys


async def test_a_key_used_with_another_body_is_refused(sandbox):
    """A client that mixes up its keys would otherwise lose the second call in silence."""
    path = f"/api/v1/order/{await sandbox.order()}/cancel"
    await sandbox.post(path, {"reason": "a"}, key="run-1")

    assert 422 == (await sandbox.post(path, {"reason": "b"}, key="run-1")).status


async def test_one_key_for_two_orders_acts_on_both(sandbox):
    """A key belongs to a path; it must not swallow another order's effect."""
    for order_id in [await sandbox.order(), await sandbox.order()]:
        await sandbox.post(f"/api/v1/order/{order_id}/dispatch", key="run-1")

    assert 2 == [effect["effect"] for effect in await sandbox.effects()].count("order.dispatch")


async def test_an_upload_repeated_with_its_key_is_absorbed_under_a_new_boundary(sandbox):
    """An HTTP library draws a new boundary for each try; that makes no other call of it."""
    answers = []
    for _ in range(2):
        form = aiohttp.FormData()
        form.add_field("file", b"12345", filename="a.txt")
        answers.append((await sandbox.post("/api/v1/files", data=form, key="run-1")).json)

    assert answers[0] == answers[1]


async def test_a_refused_call_leaves_its_key_free(sandbox):
    """A call without an effect may be repeated in earnest once the order exists again."""
    order_id = await sandbox.order()
    await sandbox.faults({"fault": "status_500", "times": 1})
    path = f"/api/v1/order/{order_id}/dispatch"

    assert [500, 200] == [(await sandbox.post(path, key="run-1")).status for _ in range(2)]


async def test_a_429_carries_retry_after_in_seconds(sandbox):
    """The first of two forms that RFC 9110 allows."""
    await sandbox.faults({"fault": "status_429", "retry_after": 7, "times": 1})

    limited, free = await sandbox.get("/api/v1/orders"), await sandbox.get("/api/v1/orders")

    assert (429, "7", 429) == (limited.status, limited.headers["retry-after"], limited.json["statusCode"])
    assert 200 == free.status


async def test_a_429_carries_retry_after_as_a_date(start):
    """The second form; the date is never too early, though it has whole seconds only."""
    now = datetime(2026, 3, 1, 12, 0, 0, 900_000, tzinfo=UTC)
    sandbox = await start(clock=lambda: now)
    await sandbox.faults({"fault": "status_429", "retry_after": 7, "retry_after_form": "date"})

    answer = await sandbox.get("/api/v1/orders")

    due = parsedate_to_datetime(answer.headers["retry-after"])
    assert timedelta(seconds=7) <= due - now < timedelta(seconds=8)


async def test_a_429_may_carry_no_retry_after(sandbox):
    """The vendor documents neither the status nor the header."""
    await sandbox.faults({"fault": "status_429", "retry_after": None})

    assert "retry-after" not in (await sandbox.get("/api/v1/orders")).headers


async def test_a_500_has_no_effect(sandbox):
    """The clean failure: the client may simply call again."""
    await sandbox.faults(
        {"fault": "status_500", "status": 503, "retry_after": 3, "operation": "create_order"}
    )

    answer = await sandbox.post("/api/v1/order", {})

    assert (503, "3") == (answer.status, answer.headers["retry-after"])
    assert [] == await sandbox.effects()


async def test_an_expired_token_is_a_401_for_a_good_token(sandbox):
    """Tokens expire while a client holds them."""
    await sandbox.faults({"fault": "expired_token", "times": 1})

    answers = [await sandbox.get("/api/v1/orders") for _ in range(2)]

    assert [401, 200] == [answer.status for answer in answers]
    assert "Invalid or expired token" == answers[0].json["message"]


async def test_reset_after_effect_does_the_work_and_cuts_the_connection(sandbox):
    """The worst fault: the caller cannot know the outcome."""
    order_id = await sandbox.order()
    await sandbox.faults({"fault": "reset_after_effect", "times": 1})

    with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
        await sandbox.post(f"/api/v1/order/{order_id}/dispatch", key="run-1")

    again = await sandbox.post(f"/api/v1/order/{order_id}/dispatch", key="run-1")
    calls = (await sandbox.get("/_sandbox/calls")).json
    assert (200, 1) == (again.status, again.json["status"])
    assert ["order.create", "order.dispatch"] == [effect["effect"] for effect in await sandbox.effects()]
    assert (None, ["reset_after_effect"]) == (calls[1]["status"], calls[1]["faults"])


async def test_reset_after_effect_spares_calls_that_only_read(sandbox):
    """A read has no effect after which to cut; reset_before is for those."""
    await sandbox.faults({"fault": "reset_after_effect"})

    assert 200 == (await sandbox.get("/api/v1/orders")).status


async def test_reset_before_has_no_effect(sandbox):
    """To the caller it looks the same as the worse one."""
    await sandbox.faults({"fault": "reset_before", "operation": "create_order"})

    with pytest.raises(aiohttp.ClientOSError, match="reset by peer"):
        await sandbox.order()

    assert [] == await sandbox.effects()


async def test_invalid_json_comes_after_the_effect(sandbox):
    """A 201 whose body cannot be read leaves the outcome known and the id unknown."""
    await sandbox.faults({"fault": "invalid_json", "operation": "create_order"})

    answer = await sandbox.post("/_sandbox/seed", {"orders": 1})
    spoilt = await sandbox.call("POST", "/api/v1/order", _minimal())

    assert 201 == answer.status, "seeding is not a call and meets no fault"
    assert (201, "<html>") == (spoilt.status, spoilt.text[:6])
    assert 2 == len(await sandbox.effects())


async def test_invalid_json_can_be_huge(sandbox):
    """A client must stop reading by itself."""
    await sandbox.faults({"fault": "invalid_json", "huge_bytes": 3_000_000})

    assert 3_000_001 == len((await sandbox.get("/api/v1/orders")).text)


async def test_latency_delays_the_answer(sandbox):
    """Slow, and correct."""
    await sandbox.faults({"fault": "latency_ms", "ms": 80})
    started = time.monotonic()

    answer = await sandbox.get("/api/v1/orders")

    assert 200 == answer.status
    assert 0.08 <= time.monotonic() - started


async def test_a_slow_drip_passes_every_timeout_between_two_bytes(sandbox):
    """Only a deadline for the whole call catches it."""
    await sandbox.faults({"fault": "slow_drip", "ms": 20})
    timeout = aiohttp.ClientTimeout(total=None, sock_read=0.5)
    started = time.monotonic()

    answer = await sandbox.get("/api/v1/order-tags", timeout=timeout)

    assert "[]" == answer.text
    assert 0.04 <= time.monotonic() - started


async def test_a_slow_drip_ends_when_the_caller_leaves(sandbox):
    """A sandbox that drips on to nobody would not stop either."""
    await sandbox.order()
    await sandbox.faults({"fault": "slow_drip", "ms": 60_000})

    with pytest.raises(TimeoutError):
        await sandbox.get("/api/v1/orders", timeout=aiohttp.ClientTimeout(total=0.1))

    await sandbox.faults()
    assert 200 == (await sandbox.get("/api/v1/orders")).status


async def test_a_fault_can_be_limited_to_one_operation(sandbox):
    """A test that breaks dispatch still needs to create its orders."""
    await sandbox.faults({"fault": "status_500", "operation": "dispatch_order"})
    order_id = await sandbox.order()

    assert 500 == (await sandbox.post(f"/api/v1/order/{order_id}/dispatch")).status


async def test_the_same_seed_gives_the_same_faults(start):
    """A failure that was seen once can be seen again."""

    async def statuses():
        sandbox = await start(seed=7)
        await sandbox.faults({"fault": "status_500", "probability": 0.5})
        return [(await sandbox.get("/api/v1/orders")).status for _ in range(20)]

    first = await statuses()

    assert {200, 500} == set(first)
    assert first == await statuses()


async def test_concurrent_calls_with_one_key_have_one_effect(sandbox):
    """Two workers that hold the same step at once are the case the key is for."""
    order_id = await sandbox.order()
    path = f"/api/v1/order/{order_id}/dispatch"

    answers = await asyncio.gather(*(sandbox.post(path, key="run-1") for _ in range(20)))

    assert {200} == {answer.status for answer in answers}
    assert 1 == [effect["effect"] for effect in await sandbox.effects()].count("order.dispatch")


def _minimal():
    return {
        "address": "Storgata 1",
        "city": "Oslo",
        "postalCode": "0155",
        "countryCode": "NO",
        "email": "a@example.com",
        "phoneNumber": "+4799900111",
        "contactPersonName": "A",
    }
