"""
A poison event in the middle of its lane (E1): its order waits for an operator or goes on, and no other one notices.
"""

from collections.abc import Sequence

import pytest

from receiver.lifecycle import Status
from tests.chaos.load import Event, Load, worst
from tests.chaos.scene import Deed, ages_s, configure, deeds, drained, in_flight, records
from tests.support.system import System
from tests.support.waiting import until

LANE = 20
MIDDLE = LANE // 2
POISON = f"e1-0-{MIDDLE}"
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
