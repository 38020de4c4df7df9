"""
The deck of faults: every kind against every target, with the numbers of a full run, shuffled by a seed.

Owns the numbers and the draw; what a fault does is in `faults.py`, and when it strikes in `nemesis.py`.
"""

import random
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from . import faults
from .faults import Blow
from .fleet import Fleet


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One kind of fault against one target; a target has one fault at a time."""

    kind: str
    target: str
    #: How many of a full run.
    count: int
    strike: Callable[[Fleet, random.Random], Blow]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """One blow of a run, all of it drawn before the run begins: how the machine does meanwhile changes no draw."""

    fault: Fault
    #: What the fault draws from.
    seed: int
    #: How long until the next blow, as a share of the mean.
    gap: float


def shuffled(deck: Iterable[Fault], chance: random.Random) -> list[Card]:
    """Return a card for each fault as often as it is to strike, in the order of their turns."""
    faults = [fault for fault in deck for _ in range(fault.count)]
    chance.shuffle(faults)
    return [Card(fault=fault, seed=chance.getrandbits(32), gap=chance.uniform(0.3, 1.7)) for fault in faults]


def catalogue(fleet: Fleet) -> list[Fault]:
    """Return every fault that this fleet can meet, with the numbers of a full run."""
    return [*_of_receivers(fleet), *_of_workers(fleet), *_OF_REDIS, *_of_links(), *_of_the_api()]


def _of_receivers(fleet: Fleet) -> Iterator[Fault]:
    for number, receiver in enumerate(fleet.receivers):
        for kind, count, strike in (
            ("receiver kill -9", 18, faults.kill_receiver),
            ("receiver SIGTERM", 8, faults.roll_receiver),
            ("receiver freeze", 5, faults.freeze_receiver),
        ):
            yield _fault(kind, f"receiver {number}", count, strike, receiver)


def _of_workers(fleet: Fleet) -> Iterator[Fault]:
    for worker in fleet.workers:
        for kind, count, strike in (
            ("worker child kill -9", 112, faults.kill_child),
            ("worker parent kill -9", 12, faults.kill_parent),
            ("worker host kill -9", 14, faults.kill_whole),
            ("worker SIGTERM", 7, faults.roll_worker),
            ("worker child freeze", 12, faults.freeze_child),
            ("worker host freeze", 4, faults.freeze_whole),
        ):
            yield _fault(kind, f"worker {worker.number}", count, strike, worker)


_OF_REDIS = (
    Fault(kind="Redis kill -9", target="redis", count=32, strike=faults.kill_redis),
    Fault(kind="Redis freeze", target="redis", count=5, strike=faults.freeze_redis),
    Fault(kind="DEBUG SLEEP", target="redis", count=8, strike=faults.sleep_redis),
    Fault(kind="CLIENT PAUSE", target="redis", count=8, strike=faults.pause_clients),
    Fault(kind="maxmemory", target="redis", count=6, strike=faults.fill_redis),
)


def _of_links() -> Iterator[Fault]:
    for link, far in (("receivers", "Redis"), ("workers", "Redis"), ("api", "API")):
        for kind, count, strike in (
            ("replies lost", 8, faults.lose_replies),
            ("reset", 8, faults.reset),
            ("black hole", 4, faults.black_hole),
            ("delay", 5, faults.delay),
            ("throttle", 4, faults.throttle),
        ):
            yield _fault(f"{far} link {kind}", f"link {link}", count, strike, link)


def _of_the_api() -> Iterator[Fault]:
    for fault, form, settings in (
        ("status_429", "", {"retry_after": 1}),
        # Measured against a wrong clock, one second would be ten minutes.
        ("status_429", " by date", {"retry_after": 1, "retry_after_form": "date"}),
        ("status_500", "", {}),
        ("reset_after_effect", "", {}),
        ("slow_drip", "", {"ms": 200}),
        ("invalid_json", "", {}),
    ):
        strike = partial(faults.misbehave, fault=fault, settings=settings)
        yield Fault(kind=f"API {fault}{form}", target="api", count=8, strike=strike)


def _fault(kind: str, target: str, count: int, strike: Callable[..., Blow], victim: object) -> Fault:
    def strike_it(fleet: Fleet, chance: random.Random) -> Blow:
        return strike(fleet, chance, victim)

    return Fault(kind=kind, target=target, count=count, strike=strike_it)


def at_scale(deck: Iterable[Fault], scaled: Callable[[float], int]) -> list[Fault]:
    """Return the faults with the numbers of a run at a smaller scale; each kind strikes at least once."""
    return [replace(fault, count=scaled(fault.count)) for fault in deck]
