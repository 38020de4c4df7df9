"""What `/readyz` says: a balancer goes by the status, a person by the words."""

import json

import pytest

from receiver.readiness import readiness
from receiver.spool_store import Standing

EMPTY = Standing(max_bytes=100_000)
WAITING = Standing(waiting=3, since=1_700_000_000_123, used_bytes=50_000, max_bytes=100_000)
LATER = Standing(waiting=2, since=1_700_000_100_000, used_bytes=50_000, max_bytes=100_000)
FULL = Standing(waiting=9, since=1_700_000_000_123, used_bytes=99_900, max_bytes=100_000)


def found(trouble="", weak=(), spools=()) -> tuple[int, dict[str, object]]:
    answer = readiness(trouble, weak, spools)
    return answer.status, json.loads(answer.body)["data"]


@pytest.mark.parametrize(
    ("trouble", "spools", "expected"),
    [
        pytest.param("", [], (200, "ready"), id="all well"),
        pytest.param("", [EMPTY], (200, "ready"), id="a spool in reserve"),
        pytest.param("", [EMPTY, WAITING], (200, "spooling"), id="draining"),
        pytest.param("down", [], (503, "unavailable"), id="no spool"),
        pytest.param("down", [EMPTY], (200, "spooling"), id="about to spool"),
        pytest.param("down", [WAITING], (200, "spooling"), id="spooling"),
        pytest.param("down", [FULL], (503, "unavailable"), id="full"),
        pytest.param("down", [FULL, EMPTY], (200, "spooling"), id="one of two is full"),
    ],
)
def test_ready_is_whoever_can_still_take_something(trouble, spools, expected):
    """A balancer that looks elsewhere loses what a spool could keep; one that does not, what nobody can."""
    status, data = found(trouble, spools=spools)

    assert expected == (status, data["status"])
    assert (trouble or "writable") == data["redis"]


def test_what_waits_is_counted_over_all_spools_since_the_first():
    """Also while it is not ready: it tells how bad it is."""
    for spools in ([LATER, WAITING, EMPTY], [LATER, WAITING]):
        _, data = found("down", spools=spools)
        assert (5, "2023-11-14T22:13:20.123+00:00") == (data["waiting"], data["since"])

    assert "waiting" not in found(spools=[EMPTY])[1]


def test_what_redis_keeps_is_said_where_it_is_written_to():
    """An allowed weakness must not be forgotten."""
    assert "kept" == found()[1]["durability"]
    assert ("weak", ["everysec"]) == tuple(
        found(weak=["everysec"])[1][name] for name in ("durability", "reasons")
    )
    assert "durability" not in found("down", spools=[EMPTY])[1]
