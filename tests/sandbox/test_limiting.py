"""The sandbox's own rate limit and tokens, over real HTTP and by the clock that it is given."""

from datetime import UTC, datetime, timedelta

import pytest

from sandbox.limiting import Limiting, RateLimit

pytestmark = pytest.mark.anyio

NOON = datetime(2026, 1, 15, 12, 0, 0, tzinfo=UTC)


def limiting(**rule) -> Limiting:
    limited = Limiting(tokens=("token",))
    limited.set(RateLimit(**rule))
    return limited


async def test_calls_over_the_limit_are_answered_429_until_the_window_ends():
    """A fixed window: what is counted starts anew at each multiple of its length."""
    limited = limiting(limit=2, window_s=10)

    first = [limited.admit(NOON + timedelta(seconds=second)).admitted for second in (1, 2, 3)]
    second = limited.admit(NOON + timedelta(seconds=10)).admitted

    assert [True, True, False] == first
    assert second


async def test_the_headers_count_down_and_say_when():
    """A client that heeds them never meets a 429."""
    limited = limiting(limit=2, window_s=10)

    shown = [limited.admit(NOON + timedelta(seconds=4)).headers for _ in range(3)]

    assert ["1", "0", "0"] == [headers["x-ratelimit-remaining"] for headers in shown]
    assert {str(int(NOON.timestamp()) + 10)} == {headers["x-ratelimit-reset"] for headers in shown}


@pytest.mark.parametrize(
    ("form", "value"),
    [("seconds", "6"), ("date", "Thu, 15 Jan 2026 12:00:10 GMT"), ("none", None)],
)
async def test_a_refusal_says_when_to_come_again(form, value):
    """Rounded up: who waits as long as it says must not be refused again."""
    limited = limiting(limit=1, window_s=10, headers=False, retry_after=form)

    headers = [limited.admit(NOON + timedelta(seconds=4.5)).headers for _ in range(2)]

    assert [{}, {} if value is None else {"retry-after": value}] == headers


async def test_a_limit_is_set_and_lifted_through_the_door(sandbox):
    """Tests and demonstrations switch it on while everything runs."""
    await sandbox.call("PUT", "/_sandbox/rate-limit", {"limit": 1, "windowS": 3600})
    limited = [await sandbox.get("/api/v1/orders") for _ in range(2)]
    await sandbox.call("DELETE", "/_sandbox/rate-limit")
    free = await sandbox.get("/api/v1/orders")

    assert [200, 429, 200] == [reply.status for reply in (*limited, free)]
    assert "0" == limited[0].headers["x-ratelimit-remaining"]
    assert "x-ratelimit-limit" not in free.headers


async def test_a_limit_that_makes_no_sense_is_refused(sandbox):
    """With words, as every other mistake at the door."""
    reply = await sandbox.call("PUT", "/_sandbox/rate-limit", {"limit": 0})

    assert (422, True) == (reply.status, "limit" in reply.json["message"])


async def test_tokens_are_replaced_while_it_runs(sandbox):
    """So a test revokes a token as an operator would; a reset brings the first ones back."""
    await sandbox.call("PUT", "/_sandbox/tokens", {"tokens": ["new"]})
    replaced = [
        (await sandbox.get("/api/v1/orders", token=token)).status for token in ("sandbox-token", "new")
    ]
    await sandbox.post("/_sandbox/reset")
    back = [(await sandbox.get("/api/v1/orders", token=token)).status for token in ("sandbox-token", "new")]

    assert [401, 200] == replaced
    assert [200, 401] == back
