"""What may happen to the receiver and to its senders: I7, I8, I9 and I12 of the catalogue."""

import random
import signal
import socket
import struct
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby

import pytest

from console.embedded import free_port
from receiver import keys
from tests.chaos.load import NO_ANSWER, Event, Load, Try, endless, worst
from tests.chaos.scene import assert_whole, configure, drained, open_files, records, timed
from tests.support.system import Process, System
from tests.support.waiting import until

STREAMS = 30


@pytest.fixture(name="taking")
def _taking(system: System) -> System:
    """Configures one quick step for each event."""
    configure(system, timed())
    return system


class _Pair:
    """Two receivers, and the ports they stand at."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.ports = [free_port(), free_port()]
        self.processes: list[Process] = [system.start_receiver(port) for port in self.ports]

    def spawn(self, place: int) -> None:
        """Start one anew and wait for nothing."""
        command = self.system.command("receiver", "--port", str(self.ports[place]))
        self.processes[place] = self.system.start("receiver", *command)

    def answers(self, place: int) -> bool:
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.ports[place])) == 0


@pytest.mark.within(600)
def test_i7_rolling_restarts_of_two_receivers(taking, scaled, shown):
    """A deploy: who is told to stop answers what it has, and its neighbour answers everything else."""
    system, restarts = taking, scaled(50, least=4)
    pair = _Pair(system)
    system.start_worker()
    codes: Counter[int] = Counter()
    slowest = 0.0

    with Load(
        ports=pair.ports, streams=endless(STREAMS), rate=300, acked_file=system.folder / "acked"
    ) as load:
        for number in range(restarts):
            sent = len(load.acked)
            until(lambda: len(load.acked) > sent + 50)  # noqa: B023
            place = number % 2
            codes[pair.processes[place].stop()] += 1
            pair.spawn(place)
            until(lambda: pair.answers(place), within_s=30)  # noqa: B023
    slowest = max(one.seconds for one in load.tries if one.acked)

    statuses = load.statuses()
    assert {0, -signal.SIGTERM} >= set(codes)
    assert {200, 202, NO_ANSWER} >= set(statuses)
    drained(system, within_s=60)
    assert_whole(system, load.acked)
    shown(
        "I7",
        criterion="0 acked lost, 0 × 5xx, in 50 rolling restarts of 2 at 300 a second",
        reached=f"{restarts} restarts, {len(load.acked)} acked, 0 lost, 0 × 5xx, {statuses[NO_ANSWER]} connections"
        f" closed unanswered, slowest {slowest:.2f} s",
    )


@pytest.mark.within(600)
@pytest.mark.short
def test_i8_receivers_killed_in_the_middle_of_requests(taking, scaled, chance, shown):
    """What was not acknowledged may or may not be there; sent again, it is there once."""
    system, kills = taking, scaled(100, least=5)
    pair = _Pair(system)
    system.start_worker()

    with Load(
        ports=pair.ports, streams=endless(STREAMS), rate=300, acked_file=system.folder / "acked"
    ) as load:
        for number in range(kills):
            place = number % 2
            until(lambda: pair.answers(place), within_s=30)  # noqa: B023
            sent, more = len(load.tries), chance.randrange(1, 100)
            until(lambda: len(load.tries) > sent + more, within_s=30)  # noqa: B023
            pair.processes[place].kill()
            pair.spawn(place)
        for place in (0, 1):
            until(lambda: pair.answers(place), within_s=30)  # noqa: B023

    assert {200, 202, NO_ANSWER} >= set(load.statuses())
    drained(system, within_s=60)
    found = assert_whole(system, load.acked)
    assert 0 == found.repeated
    shown(
        "I8",
        criterion="LOST 0, DUP 0, in 100 × kill -9",
        reached=f"{kills} kills, {len(load.acked)} acked, 0 lost, 0 twice, {load.statuses()[NO_ANSWER]} without an"
        f" answer, {load.statuses()[200]} duplicates",
    )


def test_i9_senders_that_go_away_in_the_middle_of_a_body(taking, scaled, chance, shown):
    """Nothing is stored and nothing is left behind; it is a line in the log, and no traceback."""
    system, bodies = taking, scaled(1000, least=100)
    receiver = system.start_receiver()
    until(lambda: system.post("open", "evt-whole", {"id": "order-1"}) == 202)
    before = open_files(receiver.popen.pid)

    for number in range(bodies):
        _half_a_body(system.receiver_port, number, chance)

    def gone() -> int:
        return sum('"outcome":"disconnected"' in line for line in receiver.log.read_text().splitlines())

    until(lambda: gone() == bodies, within_s=20, what="every one is noted")
    until(
        lambda: open_files(receiver.popen.pid) <= before,
        within_s=10,
        what="descriptors are at their baseline",
    )
    with system.client() as client:
        assert [keys.event("open", "evt-whole")] == list(client.scan_iter("orderhook:event:*"))
    assert "Traceback" not in receiver.log.read_text()
    shown(
        "I9",
        criterion="1 000 half bodies: 0 events, 0 tracebacks, descriptors at baseline in 10 s",
        reached=f"{bodies} half bodies: 0 events, 0 tracebacks, {open_files(receiver.popen.pid)} descriptors as before",
    )


def _half_a_body(port: int, number: int, chance: random.Random) -> None:
    """Send a part of a delivery and go away, by FIN or by RST."""
    request = Event(id=f"evt-{number}", subject="order-1", data={"text": "x" * 400}).request
    head = request.index(b"\r\n\r\n") + 4
    with socket.create_connection(("127.0.0.1", port), timeout=5) as sender:
        sender.sendall(request[: chance.randrange(head, len(request))])
        if chance.random() < 0.5:
            sender.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


def shared(events: Sequence[Event], streams: int) -> list[Iterable[Event]]:
    """Deal events out to streams."""
    return [events[n::streams] for n in range(streams)]


def first_answers(tries: Iterable[Try]) -> Counter[tuple[int, ...]]:
    """Return how often an event was answered with each combination of statuses, counted."""
    by_event = groupby(sorted(tries, key=lambda one: one.event_id), key=lambda one: one.event_id)
    return Counter(tuple(sorted(one.status for one in group)) for _, group in by_event)


@pytest.mark.parametrize("storm", [(1, 10_000), (1000, 10)], ids=["one event", "a thousand, shuffled"])
@pytest.mark.short
def test_i12_duplicate_storm(taking, scaled, chance, shown, storm):
    """
    The first is taken, the rest are told that it is known, and nothing is stored or done twice.

    The sender needs as much of a processor as the receiver here, and both have two with everything else.
    """
    system, (ids, times) = taking, storm
    ids, times = (ids, scaled(times, least=1000)) if ids == 1 else (scaled(ids, least=100), times)
    receiver = system.start_receiver()
    system.start_worker()
    events = [Event(id=f"evt-{n}", subject=f"order-{n}") for n in range(ids)] * times
    chance.shuffle(events)

    with Load(
        ports=[system.receiver_port],
        streams=shared(events, 200),
        acked_file=system.folder / "acked",
        patient=False,
    ) as load:
        load.wait(within_s=120)

    p99 = worst(one.seconds for one in load.tries)
    assert {(200,) * (times - 1) + (202,): ids} == first_answers(load.tries)
    assert receiver.popen.poll() is None
    drained(system, within_s=60)
    found = assert_whole(system, load.acked)
    assert 0 == found.repeated
    assert {times} == {record.deliveries for record in records(system, load.acked)}
    assert p99 <= 0.25
    shown(
        f"I12 {ids} × {times}",
        criterion="1 record, 1 effect, all others 200, p99 ≤ 250 ms at 200 concurrent",
        reached=f"{ids} records, {ids} effects, {load.statuses()[200]} × 200, p99 {p99 * 1000:.0f} ms",
    )
