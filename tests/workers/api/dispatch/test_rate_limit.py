"""The limit that the Dispatch API advertises, as the budget that all workers share keeps it."""

import time

import pytest

from receiver import store
from tests.support.dispatch_calls import CALLS, KEY, envelope
from workers.api.dispatch.client import DispatchClient
from workers.budget import Budget, Terms, Visit, visiting
from workers.failures import Failure, RateLimited

pytestmark = pytest.mark.anyio


@pytest.fixture(name="budgets")
async def _budgets(redis_url):
    """Two workers' budgets of the same API."""
    redis = store.async_client(redis_url, timeout_s=5)
    both = [Budget(redis, Terms(name="dispatch.example env:TOKEN")) for _ in range(2)]
    yield both
    for budget in both:
        await budget.close()
    await redis.aclose()


def _window(remaining, *, in_s):
    """Return the three documented headers, the reset in Unix seconds, as the one sample suggests."""
    return {
        "X_RateLimit_Limit": "1000",
        "X_RateLimit_Remaining": str(remaining),
        "X_RateLimit_Reset": str(int(time.time()) + in_s),
    }


@pytest.mark.parametrize(
    ("name", "status"),
    [
        pytest.param("get_order", 200, id="a read"),
        pytest.param("update_order_status", 200, id="a write"),
        pytest.param("toggle_workflow", 200, id="a GET that changes something"),
        pytest.param("soft_check", 200, id="an answer without envelope"),
        pytest.param("get_order", 404, id="a refusal"),
        pytest.param("get_order", 403, id="a refusal of the token's rights"),
        pytest.param("get_order", 500, id="a fault of the API"),
    ],
)
async def test_no_worker_calls_when_an_answer_has_said_that_nothing_is_left(
    edge_to, upstream, budgets, name, status
):
    """Which status a limited call gets is not documented, so the headers are heeded on every answer."""
    body = envelope(name) if status == 200 else {"success": False, "error": {"code": "E", "message": "no"}}
    upstream.answers(status, body, **_window(0, in_s=60))
    mine, theirs = (DispatchClient(edge_to(upstream.url, gate=budget)) for budget in budgets)
    try:
        await CALLS[name][0](mine)
    except Failure:
        assert status != 200

    with visiting(Visit()), pytest.raises(RateLimited) as caught:
        await theirs.get_order("o-1")

    assert 50 < caught.value.retry_after_s < 130
    assert 1 == len(upstream.seen)


async def test_calls_go_on_while_something_is_left(edge_to, upstream, budgets):
    """999 of 1000 is the vendor's own sample."""
    upstream.answers(200, envelope("get_order"), **_window(999, in_s=60))
    api = DispatchClient(edge_to(upstream.url, gate=budgets[0]))

    for _ in range(5):
        await api.get_order("o-1")

    assert 5 == len(upstream.seen)


async def test_a_write_that_is_limited_is_not_made_again_by_the_client(edge_to, upstream, budgets):
    """The event waits and its next attempt makes the call; within one attempt it is made once."""
    upstream.answers(429, {"success": False}, **_window(0, in_s=60))
    api = DispatchClient(edge_to(upstream.url, gate=budgets[0]))

    with visiting(Visit()), pytest.raises(RateLimited):
        await api.workflows.toggle("g-1", **KEY)

    assert 1 == len(upstream.seen)
