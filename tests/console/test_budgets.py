"""What doctor says of an API's budget."""

import pytest

from console.budgets import judged
from console.diagnoses import Verdict
from workers.budget import Standing, Terms

NOW = 1_795_000_000_000
TERMS = Terms(name="api.example.com env:TOKEN")


def said(terms: Terms = TERMS, **fields):
    return list(judged(Standing.read({name: str(value) for name, value in fields.items()}), terms, now=NOW))


def test_an_api_that_nothing_limits_is_ok():
    """Most are, most of the time; one line says so."""
    (check,) = said(seen="1:40:2")

    assert Verdict.OK is check.verdict
    assert "40 calls answered and 2 failed" in check.found


@pytest.mark.parametrize(
    ("terms", "fields", "expected"),
    [
        pytest.param(TERMS, {"rate": 9.5}, "9.5 calls/s, as its 429s have taught", id="learned"),
        pytest.param(Terms(name="x", rate_per_s=10), {}, "10 calls/s, as set", id="set"),
        pytest.param(
            Terms(name="x", rate_per_s=10), {"rate": 4}, "4.0 calls/s, as its 429s", id="the lower one"
        ),
        pytest.param(
            TERMS, {"limit": 100, "left": 40, "reset": NOW + 5_000}, "40 of 100 calls left", id="a window"
        ),
    ],
)
def test_the_limit_in_force_is_named(terms, fields, expected):
    """An operator asks how fast it may go, and who said so."""
    assert expected in said(terms, **fields)[0].found


def test_a_pause_says_how_long():
    """A queue that does not move is alarming, unless one knows until when."""
    _, check = said(paused=NOW + 12_000)

    assert Verdict.WARN is check.verdict
    assert "12" in check.found


def test_a_window_that_is_used_up_says_until_when():
    """So is this one."""
    _, check = said(limit=100, left=0, reset=NOW + 40_000)

    assert Verdict.WARN is check.verdict
    assert "100 calls" in check.found


def test_an_open_circuit_says_why_and_when_it_tries():
    """What failed, since when, and whether one need do anything."""
    (check,) = said(
        open="circuit_open", what="20 of 20 calls failed", opened=NOW - 30_000, probe=NOW + 4_000, waits=7
    )

    assert Verdict.WARN is check.verdict
    assert all(words in check.found for words in ("20 of 20 calls failed", "30", "next try in 4", "7 events"))


def test_a_refused_token_wants_an_operator():
    """Nothing else will heal it, and everything of this API waits."""
    (check,) = said(open="unauthorized", opened=NOW - 60_000)

    assert Verdict.FAIL is check.verdict
    assert "api.token" in check.advice
