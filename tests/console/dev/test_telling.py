"""Telling the story with the names that people know."""

import pytest

from console.access import now_ms
from console.dev.telling import Teller
from receiver import store
from tests.support.events import accepted, an_event


@pytest.fixture(name="teller")
def _teller(client) -> Teller:
    """A teller that knows one seeded order."""
    return Teller.of(client, orders={"order-1": "P1-1"}, since=now_ms(client))


def test_a_seeded_order_goes_by_its_name(client, teller, capsys):
    """Nobody follows a UUID across a screen."""
    accepted(client, an_event())

    teller.look()

    assert "  P1-1      order.created             accepted\n" in capsys.readouterr().out
    assert 1 == len(teller.progress.seen)


def test_any_other_order_goes_by_the_number_in_its_payload(client, teller, capsys):
    """Orders that somebody creates by hand meanwhile are told of too."""
    accepted(client, an_event("evt-2", subject="order-2", data={"displayId": "P1-77"}))
    accepted(client, an_event("evt-3", subject="order-3"))
    accepted(client, an_event("evt-4", subject="order-4", body=b"no json", quarantine="payload_invalid"))

    teller.look()

    told = capsys.readouterr().out
    assert "  P1-77 " in told
    assert "  order-3 " in told
    assert "  order-4 " in told


def test_a_redis_that_is_away_is_said_once_and_waited_for(teller, capsys):
    """Five messages a second would bury the story."""
    with store.client("redis://127.0.0.1:1/0", timeout_s=0.2) as nobody:
        away = Teller.of(nobody, orders={}, since=1)
        away.look()
        away.look()

    assert 1 == capsys.readouterr().err.count("Redis does not answer")
