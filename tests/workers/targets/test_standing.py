"""How a target stands, for operators."""

import pytest

from receiver import keys
from workers.targets import standing
from workers.targets.places import address_digest
from workers.targets.standing import Standing

URL = "https://erp.example.com/hooks"


@pytest.fixture(name="disabled")
def _disabled(client):
    fields = {
        "disabled": "1000",
        "address": address_digest(URL),
        "why": "target erp answered 410",
        "took": "12.0",
    }
    client.hset(keys.target("erp"), mapping=fields)
    return client


def test_a_target_that_nobody_used_stands_at_nothing(client):
    """Which is what it should say, and not fail."""
    assert Standing(under_way=0, took_ms=0, disabled=0, why="", address="") == Standing.of(client, "erp")


def test_a_disabled_target_says_since_when_and_why(disabled):
    """An operator asks both first."""
    found = Standing.of(disabled, "erp")

    assert (1000, "target erp answered 410", 12) == (found.disabled, found.why, found.took_ms)


def test_it_is_disabled_for_the_url_that_answered(disabled):
    """Another URL has not said that it wants no messages."""
    found = Standing.of(disabled, "erp")

    assert found.is_disabled_at(URL)
    assert not found.is_disabled_at(f"{URL}/new")


def test_a_target_can_be_enabled_once(disabled):
    """Who is told that it was enabled need not ask whether it was disabled."""
    assert [True, False] == [standing.enable(disabled, "erp") for _ in range(2)]
    assert not Standing.of(disabled, "erp").disabled
