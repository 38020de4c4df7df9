"""
What can be done to a fleet: each fault is a generator that strikes, yields how long it lasts, and mends.

A fault that finds nothing to strike ends without a yield, and does not count. One that waits for something looks again
after each yield. Knows no schedule: `nemesis.py` draws and counts.
"""

import contextlib
import os
import random
import signal
import socket
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

from .fleet import LEASE_S, Fleet, Receiver, Worker

#: Yields seconds until it is resumed.
Blow = Iterator[float]

#: Longer than a lease, so that another worker has the work when this one wakes up.
FREEZE_S = 1.3 * LEASE_S
#: How often something that is to end is looked at, and how long it may take.
LOOK_S = 0.1
END_S = 25.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of fault against one target; a target has one fault at a time."""

    kind: str
    target: str
    #: How many of a full run.
    count: int
    strike: Callable[[Fleet, random.Random], Blow]


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


def misbehave(fleet: Fleet, chance: random.Random, fault: str, **settings: object) -> Blow:
    # Three answers that are no JSON make a dead letter, as they should; so few are to meet one event.
    times = 1 if fault == "invalid_json" else chance.randint(1, 8)
    wanted = {"fault": fault, "times": times, **settings}
    fleet.system.call_sandbox("PUT", "/_sandbox/faults", {"faults": [wanted]})
    yield chance.uniform(0.5, 2)
    fleet.system.call_sandbox("PUT", "/_sandbox/faults", {"faults": []})


def catalogue(fleet: Fleet) -> list[Fault]:
    """Return every fault that this fleet can meet, with the numbers of a full run."""
    return [*_of_receivers(fleet), *_of_workers(fleet), *_OF_REDIS, *_of_links(), *_of_the_api()]


def _of_receivers(fleet: Fleet) -> Iterator[Fault]:
    for number, receiver in enumerate(fleet.receivers):
        for kind, count, strike in (
            ("receiver kill -9", 18, kill_receiver),
            ("receiver SIGTERM", 8, roll_receiver),
            ("receiver freeze", 5, freeze_receiver),
        ):
            yield _fault(kind, f"receiver {number}", count, strike, receiver)


def _of_workers(fleet: Fleet) -> Iterator[Fault]:
    for worker in fleet.workers:
        for kind, count, strike in (
            ("worker child kill -9", 112, kill_child),
            ("worker parent kill -9", 12, kill_parent),
            ("worker host kill -9", 14, kill_whole),
            ("worker SIGTERM", 7, roll_worker),
            ("worker child freeze", 12, freeze_child),
            ("worker host freeze", 4, freeze_whole),
        ):
            yield _fault(kind, f"worker {worker.number}", count, strike, worker)


_OF_REDIS = (
    Fault(kind="Redis kill -9", target="redis", count=32, strike=kill_redis),
    Fault(kind="Redis freeze", target="redis", count=5, strike=freeze_redis),
    Fault(kind="DEBUG SLEEP", target="redis", count=8, strike=sleep_redis),
    Fault(kind="CLIENT PAUSE", target="redis", count=8, strike=pause_clients),
    Fault(kind="maxmemory", target="redis", count=6, strike=fill_redis),
)


def _of_links() -> Iterator[Fault]:
    for link, far in (("receivers", "Redis"), ("workers", "Redis"), ("api", "API")):
        for kind, count, strike in (
            ("replies lost", 8, lose_replies),
            ("reset", 8, reset),
            ("black hole", 4, black_hole),
            ("delay", 5, delay),
            ("throttle", 4, throttle),
        ):
            yield _fault(f"{far} link {kind}", f"link {link}", count, strike, link)


def _of_the_api() -> Iterator[Fault]:
    for kind, settings in (
        ("status_429", {"retry_after": 1}),
        ("status_500", {}),
        ("reset_after_effect", {}),
        ("slow_drip", {"ms": 200}),
        ("invalid_json", {}),
    ):
        yield Fault(
            kind=f"API {kind}",
            target="api",
            count=8,
            strike=lambda fleet, chance, kind=kind, settings=settings: misbehave(
                fleet, chance, kind, **settings
            ),
        )


def _fault(kind: str, target: str, count: int, strike: Callable[..., Blow], victim: object) -> Fault:
    return Fault(
        kind=kind, target=target, count=count, strike=lambda fleet, chance: strike(fleet, chance, victim)
    )


def at_scale(faults: Iterable[Fault], scaled: Callable[[float], int]) -> list[Fault]:
    """Return the faults with the numbers of a run at a smaller scale; each kind strikes at least once."""
    return [replace(fault, count=scaled(fault.count)) for fault in faults]
