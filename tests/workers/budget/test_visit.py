"""Who makes a call, as the budget sees it."""

import asyncio

import pytest

from tests.support.events import accepted, an_event, record
from workers.budget import Visit, visiting
from workers.budget.visit import current


@pytest.mark.parametrize(
    ("visit", "standing"),
    [
        pytest.param(Visit(), "new", id="first"),
        pytest.param(Visit(back=True), "back", id="has waited"),
        pytest.param(Visit(back=True, made=1), "begun", id="has made a call"),
    ],
)
def test_a_visit_has_a_standing(visit, standing):
    """Who has begun goes first, who has waited does not queue again."""
    assert standing == visit.standing


@pytest.mark.parametrize(
    ("reason", "back"),
    [
        ("rate_limited", True),
        ("circuit_open", True),
        ("unauthorized", True),
        ("upstream_error", False),
        ("", False),
    ],
)
def test_an_event_that_waited_for_its_moment_is_back(client, reason, back):
    """The record's reason says what it waited for."""
    accepted(client, an_event())
    client.hset(record(client).key, "reason", reason)

    assert back == Visit.of(record(client)).back


def test_what_we_made_ourselves_comes_last(client):
    """A synthetic event is late already; who waits for an order's real event goes first."""
    accepted(client, an_event(verdict="synthetic:reconcile"))

    assert "import" == Visit.of(record(client)).budget_class


def test_a_replayed_event_is_known(client):
    """Live traffic goes before it."""
    accepted(client, an_event())
    client.hset(record(client).key, "replays", 1)

    assert Visit.of(record(client)).replayed


def test_visits_of_attempts_side_by_side_are_kept_apart():
    """Fifty attempts share one loop and one budget."""

    async def attempt(source: str) -> str:
        with visiting(Visit(source=source)):
            await asyncio.sleep(0)
            return current().source

    async def both() -> list[str]:
        return await asyncio.gather(attempt("a"), attempt("b"))

    assert ["a", "b"] == asyncio.run(both())
    assert "" == current().source
