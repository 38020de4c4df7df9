"""Clocks that are wrong: leases, waits and order go by Redis' time, and a sender's clock may be some minutes off."""

import http.client
import json
import random
import time

import pytest

from tests.support.waiting import until

from .harness.checker import check
from .harness.faults import kill_whole
from .harness.fleet import LEASE_S, SKEW_S, SOURCE, WORKER, Fleet
from .harness.life import LIFE
from .harness.storm import drain

#: No lease is to end by itself on a busy machine; one that a wrong clock takes for over would.
LONG_LEASE = {**WORKER, "lease_s": 20.0, "call_deadline_s": 15.0}
#: How long after its lease a lane may wait for the next worker, in seconds.
TAKEN_UP_S = 5.0


def test_e4_a_worker_whose_clock_is_wrong_breaks_no_lease(system, scaled, chance, shown):
    """By its own clock, one ten minutes ahead would take every lease for over, and one behind would never see it end."""
    orders = scaled(100, least=10)
    skewed = {1: (SKEW_S,), 2: (-SKEW_S,)}
    with Fleet(system=system, life=LIFE, chance=chance, skewed=skewed, terms=LONG_LEASE) as fleet:
        ids = fleet.start(orders=orders)
        sender = fleet.sender(ids, random.Random(chance.random()), rate=60)
        sender.start()
        until(lambda: sender.done, within_s=120)
        drain(fleet, sender.acked())
        verdict, effects, records = (
            check(sender.acked(), fleet.effects(), life=LIFE),
            fleet.effects(),
            fleet.records(),
        )
        at_work = [worker.number for worker in fleet.workers if worker.parent]

    assert [0, 1, 2] == at_work
    assert 10 * orders == verdict.acked == len(records)
    assert ([], [], [], []) == (verdict.lost, verdict.duplicate, verdict.inverted, verdict.repeated)
    assert {1} == {len(record["attempts"]) for record in records}
    shown(
        "E4",
        criterion="one worker 10 min ahead, one 10 min behind: leases unaffected, 0 duplicate",
        reached=f"{verdict.acked} events at their first attempt, {len(effects)} effects, each once",
    )


@pytest.mark.parametrize("skew_s", [SKEW_S, -SKEW_S], ids=["ahead", "behind"])
def test_e4_what_a_worker_with_a_wrong_clock_leaves_behind_is_taken_up_in_time(system, chance, shown, skew_s):
    """It dies with its leases, and the one that is left takes them when they are over by Redis' clock."""
    with Fleet(system=system, life=LIFE, chance=chance, skewed={0: (skew_s,), 1: (-skew_s,)}) as fleet:
        del fleet.workers[2:]
        ids = fleet.start(orders=40)
        sender = fleet.sender(ids, random.Random(chance.random()), rate=30)
        sender.start()
        until(lambda: len(fleet.effects()) > 20, within_s=60)
        # So that it surely holds something when it dies.
        slow = {"fault": "latency_ms", "ms": 700, "operation": "get_order"}
        system.call_sandbox("PUT", "/_sandbox/faults", {"faults": [slow]})
        until(lambda: len(_running(fleet)) > 10, within_s=30)
        next(kill_whole(fleet, chance, fleet.workers[0]))
        begun, before = time.monotonic(), sender.acked()
        until(
            lambda: not check(before, fleet.effects(), life=LIFE).lost,
            within_s=LEASE_S
            + TAKEN_UP_S,  # the last of them may have been claimed just now, and each call is slow
            what="what was acknowledged before the kill is done",
        )
        took_s = time.monotonic() - begun
        until(lambda: sender.done, within_s=60)
        drain(fleet, sender.acked())
        verdict = check(sender.acked(), fleet.effects(), life=LIFE)

    assert ([], [], []) == (verdict.lost, verdict.duplicate, verdict.inverted)
    shown(
        f"E4 {skew_s:+d} s, killed",
        criterion=f"its lanes go on within its lease + {TAKEN_UP_S:g} s, 0 duplicate",
        reached=f"what was acknowledged before the kill is done {took_s:.1f} s behind it; {verdict.acked} events in all",
    )


def test_e4_a_sender_may_be_four_minutes_off_and_not_six(system, chance, shown):
    """The tolerance is five minutes in both directions; beyond it an old delivery could be sent again."""
    with Fleet(system=system, life=LIFE, chance=chance) as fleet:
        fleet.configure()
        receiver = fleet.receivers[0]
        fleet.start_receiver(receiver)
        until(lambda: _answer(fleet, 0, "evt-now") == (202, "accepted"), within_s=20)

        found = {ahead_s: _answer(fleet, ahead_s, f"evt{ahead_s}") for ahead_s in (240, -240, 360, -360)}

    stale = (401, "TIMESTAMP_STALE")
    assert {240: (202, "accepted"), -240: (202, "accepted"), 360: stale, -360: stale} == found
    shown("E4 sender", criterion="±4 min accepted, ±6 min refused as stale", reached=str(found))


def _running(fleet: Fleet) -> list[str]:
    return [record["eventId"] for record in fleet.records() if record["status"] == "running"]


def _answer(fleet: Fleet, ahead_s: int, event_id: str) -> tuple[int, str]:
    """Deliver one event by a clock that is off; return status and word of the answer."""
    body = json.dumps({"event": "order.updated", "data": {"id": "order-1", "number": 5}}).encode()
    signature = fleet.signing(ahead_s=ahead_s)(event_id, "order.updated", body)
    connection = http.client.HTTPConnection("127.0.0.1", fleet.receivers[0].port, timeout=5)
    try:
        headers = {"content-type": "application/json", **signature}
        connection.request("POST", f"/webhooks/{SOURCE}", body, headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
    except OSError:
        return 0, ""
    finally:
        connection.close()
    return answer.status, said["data"]["status"] if said["success"] else said["error"]["code"]
