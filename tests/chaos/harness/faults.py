"""
What can be done to a fleet: each fault is a generator that strikes, yields how long it lasts, and mends.

A fault that finds nothing to strike ends without a yield, and does not count. One that waits for something looks again
after each yield. Knows no schedule: `deck.py` says how many there are of each, `nemesis.py` draws and counts.
"""

import contextlib
import os
import random
import signal
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping

from .fleet import LEASE_S, Fleet, Receiver, Worker

#: Yields seconds until it is resumed.
Blow = Iterator[float]

#: Longer than a lease, so that another worker has the work when this one wakes up.
FREEZE_S = 1.3 * LEASE_S
#: How often something that is to end is looked at, and how long it may take.
LOOK_S = 0.1
END_S = 25.0


def killed(pids: Iterable[int | None], sign: int = signal.SIGKILL) -> list[int]:
    """Send a signal; return who was there to get it."""
    found = []
    for pid in pids:
        if pid is not None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, sign)
                found.append(pid)
    return found


def _stopped(pids: Iterable[int | None], for_s: float) -> Blow:
    found = killed(pids, signal.SIGSTOP)
    if found:
        yield for_s
        killed(found, signal.SIGCONT)


# Receivers.


def kill_receiver(fleet: Fleet, chance: random.Random, receiver: Receiver) -> Blow:
    assert receiver.process is not None
    receiver.process.kill()
    yield chance.uniform(0, 0.5)
    fleet.start_receiver(receiver)


def roll_receiver(fleet: Fleet, chance: random.Random, receiver: Receiver) -> Blow:
    assert receiver.process is not None
    receiver.process.popen.terminate()
    yield from _ended(receiver.process.popen.poll)
    fleet.start_receiver(receiver)


def freeze_receiver(fleet: Fleet, chance: random.Random, receiver: Receiver) -> Blow:
    assert receiver.process is not None
    yield from _stopped([receiver.process.popen.pid], chance.uniform(0.5, 3))


# Workers. One that has only been started is left alone: a kill that meets nobody at work shows nothing.


def kill_child(fleet: Fleet, chance: random.Random, worker: Worker) -> Blow:
    if killed([worker.child]):
        yield 0.0


def kill_parent(fleet: Fleet, chance: random.Random, worker: Worker) -> Blow:
    """Its supervisor starts another; one without a supervisor is started by us."""
    if worker.child and killed([worker.parent]):
        yield chance.uniform(0, 0.5)
        if worker.skew_s:
            fleet.start_worker(worker)


def kill_whole(fleet: Fleet, chance: random.Random, worker: Worker) -> Blow:
    """As if the host were gone: nobody is left to say anything."""
    if worker.child and killed(reversed(worker.everything)):
        yield chance.uniform(0, 0.5)
        fleet.start_worker(worker)


def roll_worker(fleet: Fleet, chance: random.Random, worker: Worker) -> Blow:
    if worker.process is None or not worker.child:
        return
    worker.process.popen.terminate()
    yield from _ended(worker.process.popen.poll)
    fleet.start_worker(worker)


def freeze_child(fleet: Fleet, chance: random.Random, worker: Worker) -> Blow:
    yield from _stopped([worker.child], FREEZE_S)


def freeze_whole(fleet: Fleet, chance: random.Random, worker: Worker) -> Blow:
    if worker.child:
        yield from _stopped(worker.everything, FREEZE_S)


def _ended(poll: Callable[[], int | None]) -> Blow:
    """Wait until a process that was told to end has ended."""
    waited = 0.0
    while poll() is None:
        assert waited < END_S, f"it was told to end and has not ended after {END_S} s"
        yield LOOK_S
        waited += LOOK_S


# Redis.


def kill_redis(fleet: Fleet, chance: random.Random) -> Blow:
    fleet.system.redis.kill()
    yield chance.uniform(0, 1)
    fleet.system.redis.start()


def freeze_redis(fleet: Fleet, chance: random.Random) -> Blow:
    process = fleet.system.redis.process
    if process is not None:
        yield from _stopped([process.pid], chance.uniform(0.5, 2.5))


def sleep_redis(fleet: Fleet, chance: random.Random) -> Blow:
    for_s = chance.uniform(0.3, 1.5)
    if _told(fleet, "DEBUG", "SLEEP", str(for_s)):
        yield for_s


def pause_clients(fleet: Fleet, chance: random.Random) -> Blow:
    for_s = chance.uniform(0.3, 2)
    if _told(fleet, "CLIENT", "PAUSE", str(int(1000 * for_s)), chance.choice(("WRITE", "ALL"))):
        yield for_s


def fill_redis(fleet: Fleet, chance: random.Random) -> Blow:
    """Writes are refused, what frees memory is not."""
    with fleet.system.client() as client:
        client.config_set("maxmemory", "1mb")
        yield chance.uniform(0.3, 2)
        client.config_set("maxmemory", "0")


def _told(fleet: Fleet, *words: str) -> bool:
    """Send a command without waiting for its reply, which may take as long as the fault."""
    packed = f"{' '.join(words)}\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", fleet.system.redis.port), timeout=1) as connection:
            connection.sendall(packed)
    except OSError:
        return False
    return True


# Links: the name is whose link it is.


def lose_replies(fleet: Fleet, chance: random.Random, link: str) -> Blow:
    """The request arrives, its reply does not; the connection is reset, or goes silent."""
    fleet.links[link].lose_replies(chance.randint(1, 5), silently=chance.random() < 0.5)
    yield 0.3
    fleet.links[link].lose_replies(0)


def reset(fleet: Fleet, chance: random.Random, link: str) -> Blow:
    fleet.links[link].reset()
    yield 0.0


def black_hole(fleet: Fleet, chance: random.Random, link: str) -> Blow:
    """Nothing passes; at its end the connections are reset, as when a route has changed."""
    fleet.links[link].set(black_hole=True)
    yield chance.uniform(0.3, 2.5)
    fleet.links[link].reset()
    fleet.links[link].set(black_hole=False)


def delay(fleet: Fleet, chance: random.Random, link: str) -> Blow:
    fleet.links[link].set(delay_s=chance.uniform(0.02, 0.3))
    yield chance.uniform(0.5, 2)
    fleet.links[link].set(delay_s=0.0)


def throttle(fleet: Fleet, chance: random.Random, link: str) -> Blow:
    fleet.links[link].set(bytes_per_s=chance.choice((5_000.0, 20_000.0)))
    yield chance.uniform(0.5, 2)
    fleet.links[link].set(bytes_per_s=float("inf"))


# The order API.


def misbehave(fleet: Fleet, chance: random.Random, *, fault: str, settings: Mapping[str, object]) -> Blow:
    # Three answers that are no JSON make a dead letter, as they should; so few are to meet one event.
    times = 1 if fault == "invalid_json" else chance.randint(1, 8)
    wanted = {"fault": fault, "times": times, **settings}
    fleet.system.call_sandbox("PUT", "/_sandbox/faults", {"faults": [wanted]})
    yield chance.uniform(0.5, 2)
    fleet.system.call_sandbox("PUT", "/_sandbox/faults", {"faults": []})
