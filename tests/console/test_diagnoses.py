"""What `orderhook doctor` thinks of what it found."""

from pathlib import Path

import pytest

from console import diagnoses
from console.diagnoses import LaneFacts, Verdict
from console.spools import Seen
from receiver.durability import ServerFacts
from receiver.spool_store import Standing


def facts(**changes) -> ServerFacts:
    """Return a server that keeps every promise; spoil one thing."""
    good = {
        "version": "8.2.2",
        "appendonly": True,
        "appendfsync": "always",
        "no_appendfsync_on_rewrite": "no",
        "maxmemory": 0,
        "maxmemory_policy": "noeviction",
        "replicas": 1,
    }
    return ServerFacts(**good | changes)


def verdicts(checks) -> list[tuple[str, Verdict]]:
    return [(check.name, check.verdict) for check in checks]


def test_a_server_that_keeps_every_promise_is_ok():
    """No noise where nothing is wrong."""
    found = diagnoses.server(facts(), wanted={"disk", "replica"}, allow_weak=False)

    assert [("Redis server", Verdict.OK), ("durability", Verdict.OK)] == verdicts(found)


@pytest.mark.parametrize(
    ("changes", "wanted", "expected"),
    [
        ({"version": "6.2.14"}, set(), ("Redis server", Verdict.FAIL)),
        ({"maxmemory_policy": "allkeys-lru"}, set(), ("Redis server", Verdict.FAIL)),
        ({"appendfsync": "everysec"}, {"disk"}, ("Redis server", Verdict.FAIL)),
        ({"replicas": 0}, {"replica"}, ("Redis server", Verdict.FAIL)),
        ({"appendfsync": "everysec"}, {"memory"}, ("durability", Verdict.WARN)),
        ({"appendonly": False}, {"memory"}, ("durability", Verdict.WARN)),
        ({"no_appendfsync_on_rewrite": "yes"}, {"memory"}, ("durability", Verdict.WARN)),
    ],
    ids=["version", "evicts", "disk", "replica", "everysec", "no-aof", "rewrite"],
)
def test_what_weakens_a_promise_is_said(changes, wanted, expected):
    """What the receiver would refuse to start with fails; what it merely risks warns."""
    assert expected in verdicts(diagnoses.server(facts(**changes), wanted=wanted, allow_weak=False))


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [({"appendfsync": "everysec"}, Verdict.WARN), ({"version": "6.2.14"}, Verdict.FAIL)],
    ids=["weak", "unfit"],
)
def test_what_the_operator_allows_is_a_warning(changes, verdict):
    """The receiver serves on a weak server then; on one that cannot run the scripts it never does."""
    found = verdicts(diagnoses.server(facts(**changes), wanted={"disk"}, allow_weak=True))

    assert ("Redis server", verdict) in found


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        ({"data": {"status": "ready", "durability": "kept"}}, Verdict.OK),
        ({"data": {"status": "ready", "durability": "weak", "reasons": ["appendfsync is no"]}}, Verdict.WARN),
        ({"data": []}, Verdict.OK),
        (None, Verdict.OK),
    ],
    ids=["kept", "weak", "strange", "no-json"],
)
def test_a_receiver_that_serves_on_a_weak_redis_is_warned_of(said, verdict):
    """What runs may have been started with another configuration than the one that is looked at."""
    assert verdict is diagnoses.ready("receiver", "http://127.0.0.1:8000", said).verdict


@pytest.mark.parametrize(
    ("skew_s", "verdict"),
    [
        (0.1, Verdict.OK),
        (-4.9, Verdict.OK),
        (6.0, Verdict.WARN),
        (-59.0, Verdict.WARN),
        (-61.0, Verdict.FAIL),
    ],
)
def test_clocks_that_differ_are_judged_by_how_far(skew_s, verdict):
    """A tolerance of five minutes forgives seconds, not minutes."""
    assert verdict is diagnoses.clock(skew_s).verdict


def test_the_direction_of_the_skew_is_said():
    """One of two machines must be put right; this says which way."""
    assert "behind Redis" in diagnoses.clock(-10).found
    assert "ahead of Redis" in diagnoses.clock(10).found


@pytest.mark.parametrize(
    ("names", "waiting", "verdict"),
    [(["a"], 9, Verdict.OK), ([], 0, Verdict.WARN), ([], 3, Verdict.FAIL)],
    ids=["alive", "idle", "waiting"],
)
def test_no_worker_is_a_failure_only_while_events_wait(names, waiting, verdict):
    """Scaling to zero at night is allowed; leaving orders lying is not."""
    assert verdict is diagnoses.hands(names, waiting=waiting).verdict


def test_a_lane_that_is_overdue_has_no_hands():
    """Workers can be alive and do nothing; the oldest waiting lane tells."""
    found = verdicts(diagnoses.lanes(LaneFacts(ready=3, held=0, overdue_ms=31_000)))

    assert [("lanes", Verdict.FAIL)] == found


def test_held_lanes_want_an_operator():
    """Nothing moves behind a dead letter until somebody decides."""
    found = verdicts(diagnoses.lanes(LaneFacts(ready=0, held=2, overdue_ms=0)))

    assert [("lanes", Verdict.OK), ("held lanes", Verdict.WARN)] == found


def test_counters_tell_of_dead_letters_and_repairs():
    """Repairs must be 0: one means that something else writes to this Redis."""
    found = verdicts(
        diagnoses.counters({"shop:dead": 2, "open:dead": 1, "shop:repaired": 1, "shop:accepted": 9})
    )

    assert [("dead letters", Verdict.WARN), ("sweeper", Verdict.WARN)] == found
    assert [("dead letters", Verdict.OK)] == verdicts(diagnoses.counters({"shop:accepted": 9}))


@pytest.mark.parametrize(
    ("standing", "file_system", "verdict", "found"),
    [
        pytest.param(Standing(max_bytes=100_000), "ext4", Verdict.OK, "nothing waits", id="empty"),
        pytest.param(Standing(max_bytes=100_000), "tmpfs", Verdict.WARN, "is on tmpfs", id="forgetful"),
        pytest.param(
            Standing(waiting=3, since=58_000, used_bytes=20_000, max_bytes=100_000),
            "ext4",
            Verdict.WARN,
            "3 events wait in /srv/spool/shop.sqlite3, the first for 42 s",
            id="waiting",
        ),
        pytest.param(
            Standing(waiting=30, since=58_000, used_bytes=99_900, max_bytes=100_000),
            "ext4",
            Verdict.FAIL,
            "is full",
            id="full",
        ),
        pytest.param(None, "ext4", Verdict.FAIL, "no such device", id="broken"),
    ],
)
def test_a_spool_is_judged_by_what_waits_and_where(standing, file_system, verdict, found):
    """What waits there is acknowledged, and in no Redis."""
    path = Path("/srv/spool/shop.sqlite3")
    trouble = "" if standing else "no such device"
    seen = Seen(source="shop", path=path, standing=standing, trouble=trouble)

    check = diagnoses.spool(seen, file_system=file_system, now_ms=100_000)

    assert (verdict, "spool shop") == (check.verdict, check.name)
    assert found in check.found
    assert bool(check.advice) == (verdict is not Verdict.OK)
