"""
An order with a dead letter: it waits or goes on, no other one notices (E1), and a replay sets nothing back (E7).
"""

import itertools
from collections import Counter, defaultdict
from collections.abc import Sequence

import pytest

from receiver.inbox import Filter, Inbox
from receiver.lifecycle import Status
from tests.chaos.load import Event, Load, worst
from tests.chaos.scene import Deed, ages_s, configure, deeds, drained, in_flight, records
from tests.support.system import System
from tests.support.waiting import until

LANE = 20
MIDDLE = LANE // 2
POISON = f"e1-0-{MIDDLE}"
#: Connections of a sender of many orders.
STREAMS = 8
#: By how much the others may be later than without poison: what a busy machine does by itself.
NOTICED_S = 1.0


def numbers(done: Sequence[Deed], subject: str) -> list[int]:
    """Return the numbers of a lane's effects, in their order."""
    return [deed.data["number"] for deed in done if (deed.name, deed.subject) == ("poisoned", subject)]


def send(system: System, name: str, lanes: int) -> Load:
    """Send *lanes* streams of one lane each."""
    streams = [
        [
            Event(
                id=f"{name}-{lane}-{number}",
                subject=f"{name}-{lane}",
                data={"number": number, "poison": f"{name}-{lane}-{number}" == POISON},
            )
            for number in range(LANE)
        ]
        for lane in range(lanes)
    ]
    file = system.folder / f"{name}.acked"
    with Load(ports=[system.receiver_port], streams=streams, acked_file=file, rate=200) as load:
        load.wait(within_s=60)
    return load


def is_dead(system: System) -> bool:
    (found,) = records(system, [POISON])
    return found.status is Status.DEAD


@pytest.mark.parametrize("on_dead", ["hold", "continue"])
@pytest.mark.short
def test_e1_a_poison_event_in_the_middle_of_its_lane(system, scaled, shown, on_dead):
    """One order has a problem: it waits or goes on, as its source says, and no other order notices."""
    lanes = scaled(40, least=4)
    configure(
        system,
        {"type": "poisoned"},
        source={"on_dead": on_dead},
        worker={"retry": {"base_s": 0.2, "cap_s": 0.2, "max_attempts": 8}},
    )
    system.start_receiver()
    system.start_worker(2)
    control = send(system, "control", lanes)
    until(lambda: not in_flight(system), within_s=20)

    load = send(system, "e1", lanes)
    until(lambda: is_dead(system), within_s=20, what="the poison is dead")
    others = [f"e1-{lane}" for lane in range(1, lanes)]
    until(lambda: all(len(numbers(deeds(system), one)) == LANE for one in others), within_s=20)
    late = send(system, "later", 1)
    until(lambda: len(ages_s(late, deeds(system))) == LANE, within_s=20)

    done = deeds(system)
    assert [list(range(LANE))] * (lanes - 1) == [numbers(done, one) for one in others]
    usual = worst(ages_s(control, done).values(), 0.95)
    aside = [age for one, age in ages_s(load, done).items() if not one.startswith("e1-0-")]
    beside = worst(aside, 0.95)
    assert beside <= usual + NOTICED_S
    reached = held(system, done) if on_dead == "hold" else passed_over(system)
    drained(system, within_s=5)
    shown(
        f"E1 {on_dead}",
        criterion="hold: 0 later effects before the operator acts; continue: 19 in order; other lanes: no delay",
        reached=f"{reached}; p95 of other lanes {beside * 1000:.0f} ms, without poison {usual * 1000:.0f} ms",
    )


def held(system: System, done: Sequence[Deed]) -> str:
    """Assert that the lane waits behind the poison, and goes on in order when it is replayed after its cure."""
    assert list(range(MIDDLE)) == numbers(done, "e1-0")
    (system.folder / "cured").touch()
    system.printed("replay", POISON)
    until(lambda: not in_flight(system), within_s=20)
    assert list(range(LANE)) == numbers(deeds(system), "e1-0")
    return f"0 of {LANE - MIDDLE - 1} later effects before the replay, then all {LANE} in order"


def passed_over(system: System) -> str:
    """Assert that the lane went on without the poison."""
    until(lambda: not in_flight(system), within_s=20)
    assert [n for n in range(LANE) if n != MIDDLE] == numbers(deeds(system), "e1-0")
    return f"{LANE - 1} effects in order"


@pytest.mark.parametrize("on_dead", ["hold", "continue"])
def test_e7_a_replay_behind_which_the_order_went_on_sets_nothing_back(system, scaled, shown, on_dead):
    """What an order has become since is not undone by an event from before; where it waited, it catches up."""
    orders, each, dies = scaled(1_000, least=30), 5, 2
    configure(
        system,
        {"type": "poisoned"},
        source={"on_dead": on_dead, "mapping": {"occurred_at": "data.at"}},
        worker={"retry": {"max_attempts": 1}},
    )
    system.start_receiver()
    system.start_worker(2)
    streams = [
        [
            Event(
                id=f"e7-{order}-{number}",
                subject=f"e7-{order}",
                data={"number": number, "at": 1_700_000_000_000 + number, "poison": number == dies},
            )
            for number in range(each)
        ]
        for order in range(orders)
    ]
    interleaved = [list(itertools.chain(*streams[n::STREAMS])) for n in range(STREAMS)]
    file = system.folder / "e7.acked"
    with Load(ports=[system.receiver_port], streams=interleaved, acked_file=file) as load:
        load.wait(within_s=60)
    waiting = orders * (each - dies - 1) if on_dead == "hold" else 0
    with system.client() as client:
        until(lambda: Inbox(client).count_dead(Filter()) == orders, within_s=60)
    until(lambda: len(in_flight(system)) == waiting, within_s=60)
    assert Counter({"raised": orders, "poisoned": orders * (each - 1) - waiting}) == Counter(
        deed.name for deed in deeds(system)
    )

    (system.folder / "cured").touch()
    system.printed("replay", "--all", "--yes", "--ahead", "0")
    drained(system, within_s=60)

    applied = defaultdict(list)
    for deed in deeds(system):
        if deed.name == "poisoned":
            applied[deed.subject].append(deed.data["number"])
    wanted = [number for number in range(each) if on_dead == "hold" or number != dies]
    assert dict.fromkeys((f"e7-{order}" for order in range(orders)), wanted) == applied
    became = "ran first, then the rest" if on_dead == "hold" else "came late and were left alone"
    shown(
        f"E7 {on_dead}",
        criterion="a replayed event goes to the front of a lane that waits for it, else it is late: 0 set back",
        reached=f"{orders} replayed, {became}; {orders * each} events, 0 set back",
    )
