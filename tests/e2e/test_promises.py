"""
The promises, shown on processes: nothing lost, nothing twice, in order.

Each test compares what was acknowledged to a sender with what the other side saw.
"""

import random
import threading
from collections import Counter, defaultdict
from concurrent.futures import ThreadPoolExecutor

import pytest

from receiver.inbox import Filter, Inbox
from receiver.lifecycle import Status
from tests.support.system import System
from tests.support.waiting import until
from workers.audit import audit

pytestmark = pytest.mark.e2e

TAG_AND_DISPATCH = {
    "name": "Tag and dispatch",
    "trigger": "order_created",
    "conditions": {"countryCode": "NO"},
    "actions": [{"type": "assign_tag", "tag": "imported"}, {"type": "dispatch_order"}],
}
NOTE = {"name": "Note", "trigger": "order.created", "actions": [{"type": "note"}]}


def subjects(system: System, effect: str) -> Counter:
    return Counter(found["orderId"] for found in system.effects(effect))


def assert_accounted(system: System) -> None:
    """Both sides of the loss equation agree, and nothing had to be repaired."""
    with system.client() as client:
        for one in audit(Inbox(client)):
            assert one.holds, one
            assert one.repaired == 0


def test_the_main_job_over_three_workers(system):
    """Orders come in, are fetched, tagged and dispatched, each once; later events come in too."""
    system.configure([TAG_AND_DISPATCH])
    system.start_receiver()
    system.start_sandbox(auto_advance_s=0.1)
    system.start_worker(3)

    system.call_sandbox("POST", "/_sandbox/seed", {"orders": 20})

    until(lambda: len(_events(system, "order.completed")) == 20, within_s=20)
    orders = {effect["orderId"] for effect in system.effects("order.create")}
    assert dict.fromkeys(orders, 1) == subjects(system, "order.dispatch") == subjects(system, "tag.assign")
    until(lambda: not _in_flight(system))
    assert_accounted(system)


def test_a_worker_killed_in_the_middle_of_a_step_loses_and_repeats_nothing(system):
    """The deed was done, its result not written: the next worker repeats it under the same key, and goes on."""
    system.configure(
        [{"name": "Slow", "trigger": "order.created", "actions": [{"type": "slow_note"}, {"type": "note"}]}]
    )
    system.start_receiver()
    worker = system.start_worker()
    for number in range(5):
        system.deliver("open", f"evt-{number}", {"id": f"order-{number}"})
    until(lambda: len(system.deeds()) == 5)

    worker.kill()
    system.start_worker()

    until(lambda: sum(deed[0] == "note" for deed in system.deeds()) == 5, within_s=20)
    keys = defaultdict(set)
    for name, event, _, key, _ in system.deeds():
        keys[name, event].add(key)
    assert all(len(found) == 1 for found in keys.values())
    assert Counter({f"evt-{n}": 1 for n in range(5)}) == Counter(
        d[1] for d in system.deeds() if d[0] == "note"
    )
    until(lambda: not _in_flight(system))
    assert_accounted(system)


def test_a_step_of_the_order_api_is_not_repeated_after_a_kill(system):
    """State actions read before they act: a kill right after the effect leaves one effect."""
    system.configure([TAG_AND_DISPATCH])
    system.start_receiver()
    system.start_sandbox(honour_idempotency_key=False)
    worker = system.start_worker(2)
    system.call_sandbox("PUT", "/_sandbox/faults", {"faults": [{"fault": "latency_ms", "ms": 30}]})
    system.call_sandbox("POST", "/_sandbox/seed", {"orders": 20})
    until(lambda: system.effects("order.dispatch"))

    worker.kill()
    system.start_worker(2)

    until(lambda: len(subjects(system, "order.dispatch")) == 20 and not _in_flight(system), within_s=30)
    assert {1} == set(subjects(system, "order.dispatch").values())
    assert {1} == set(subjects(system, "tag.assign").values())
    assert_accounted(system)


def test_a_receiver_killed_under_load_loses_nothing_it_acknowledged(system):
    """A 2xx means recorded, also if the process dies in the next moment; what got no answer may be sent again."""
    system.configure([NOTE])
    receiver = system.start_receiver()
    acknowledged, stop = set(), threading.Event()

    def send(sender: int) -> None:
        for number in range(10_000):
            event_id = f"evt-{sender}-{number}"
            if system.post("open", event_id, {"id": event_id}) in (200, 202):
                acknowledged.add(event_id)
            if stop.is_set():
                return

    with ThreadPoolExecutor(8) as pool:
        sending = [pool.submit(send, sender) for sender in range(8)]
        for _ in range(3):
            count = len(acknowledged)
            until(lambda: len(acknowledged) > count + 40)  # noqa: B023
            receiver.kill()
            receiver = system.start_receiver()
        stop.set()
        for future in sending:
            future.result()
    system.start_worker()

    until(lambda: acknowledged <= {deed[1] for deed in system.deeds()}, within_s=30)
    assert {1} == set(Counter(deed[1] for deed in system.deeds()).values())
    until(lambda: not _in_flight(system))
    assert_accounted(system)


def test_redis_restarted_under_load_loses_and_repeats_nothing(system):
    """Deliveries get 503 while it is away and are sent again; workers wait and go on by themselves."""
    system.configure([NOTE])
    system.start_receiver()
    system.start_worker(2)

    def send(sender: int) -> None:
        for number in range(40):
            system.deliver("open", f"evt-{sender}-{number}", {"id": f"order-{sender}"})

    with ThreadPoolExecutor(6) as pool:
        sending = [pool.submit(send, sender) for sender in range(6)]
        for count in (40, 120):
            until(lambda: len(system.deeds()) > count, within_s=30)  # noqa: B023
            system.redis.kill()
            system.redis.start()
        for future in sending:
            future.result()

    until(lambda: len({deed[1] for deed in system.deeds()}) == 240, within_s=40)
    assert_in_order(system)
    until(lambda: not _in_flight(system), within_s=20)
    assert_accounted(system)


def test_two_hundred_events_of_twenty_orders_run_in_order_over_three_workers(system):
    """Per order the order of acceptance, whatever the workers do."""
    system.configure([NOTE])
    system.start_receiver()
    system.start_worker(3)
    chance = random.Random(7)
    waiting = {f"order-{order}": list(range(10)) for order in range(20)}

    while waiting:
        order = chance.choice(sorted(waiting))
        number = waiting[order].pop(0)
        system.deliver("open", f"{order}-{number}", {"id": order, "number": number})
        if not waiting[order]:
            del waiting[order]

    until(lambda: len(system.deeds()) >= 200, within_s=20)
    seen = defaultdict(list)
    for _, _, subject, _, data in system.deeds():
        seen[subject].append(data["number"])
    assert {f"order-{order}": list(range(10)) for order in range(20)} == seen


def test_a_duplicate_storm_has_one_effect(system):
    """The same event three hundred times at once: one is accepted, the rest are duplicates, one deed."""
    system.configure([NOTE])
    system.start_receiver()
    system.start_worker()

    with ThreadPoolExecutor(30) as pool:
        answers = Counter(pool.map(lambda _: system.post("open", "evt-1", {"id": "order-1"}), range(300)))

    assert Counter({200: 299, 202: 1}) == answers
    until(lambda: not _in_flight(system))
    assert ["evt-1"] == [deed[1] for deed in system.deeds()]


def test_a_poison_event_is_dead_after_three_claims_and_harms_no_other(system):
    """It takes its worker down each time; the others are done all the same."""
    poison = {"name": "Poison", "trigger": "order.created", "actions": [{"type": "poison"}]}
    system.configure([poison], worker={"lease_s": 1.0, "call_deadline_s": 0.9})
    system.start_receiver()
    system.start_worker(2)

    system.deliver("open", "evt-bad", {"id": "order-bad", "poison": True})
    for number in range(10):
        system.deliver("open", f"evt-{number}", {"id": f"order-{number}"})

    until(lambda: _status(system, "evt-bad") is Status.DEAD and not _in_flight(system), within_s=40)
    deeds = Counter(deed[1] for deed in system.deeds())
    assert 3 == deeds["evt-bad"]
    assert {f"evt-{n}" for n in range(10)} == set(deeds) - {"evt-bad"}
    assert "poison_crash" == _record(system, "evt-bad").reason


def test_a_rate_limit_is_waited_out(system):
    """429 with Retry-After: nobody calls before it is over, and the event is done without using up attempts."""
    system.configure([TAG_AND_DISPATCH])
    system.start_receiver()
    system.start_sandbox()
    system.start_worker()
    limit = {"fault": "status_429", "operation": "dispatch_order", "times": 2, "retry_after": 1}
    system.call_sandbox("PUT", "/_sandbox/faults", {"faults": [limit]})

    system.call_sandbox("POST", "/_sandbox/seed", {"orders": 1})

    until(lambda: system.effects("order.dispatch"), within_s=20)
    until(lambda: not _in_flight(system))
    (event,) = _events(system, "order.created")
    assert (Status.SUCCEEDED, 1) == (event.status, event.attempt)
    assert (
        {1}
        == set(subjects(system, "order.dispatch").values())
        == set(subjects(system, "tag.assign").values())
    )
    assert event.closed - event.accepted >= 2000


def assert_in_order(system: System) -> None:
    """Within each order the first deeds of its events stand in the order of acceptance."""
    with system.client() as client:
        accepted = [record.id for record in Inbox(client).events(Filter(), newest_first=False)]
    place = {event_id: index for index, event_id in enumerate(accepted)}
    last = {}
    for _, event_id, subject, _, _ in {
        deed[1]: deed for deed in reversed(system.deeds())
    }.values().__reversed__():
        assert last.get(subject, -1) < place[event_id], f"{event_id} overtook another of {subject}"
        last[subject] = place[event_id]


def _events(system: System, event_type: str) -> list:
    with system.client() as client:
        return list(Inbox(client).events(Filter(type=event_type)))


def _in_flight(system: System) -> list[str]:
    with system.client() as client:
        return list(Inbox(client).in_flight())


def _record(system: System, event_id: str):
    with system.client() as client:
        return Inbox(client).get(event_id)


def _status(system: System, event_id: str) -> Status | None:
    found = _record(system, event_id)
    return found.status if found else None
