"""
The fleet under attack: two receivers, three workers and the sandbox, with a breakable link between each two sides.

Starts, ends and measures processes. Knows no fault: `faults.py` breaks things, with what this offers.
"""

import json
import os
import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import tomlkit

from console.embedded import free_port
from receiver.config import read_config
from receiver.settings import receiver_settings
from receiver.verification import sign
from tests.support.proxy import Proxy
from tests.support.system import SECRET, TOKEN, Process, System, children, descendants
from tests.support.waiting import until

from .checker import Effect
from .life import ACTIONS, Stage, number_of, workflows
from .sender import Sender, Signing

ROOT = Path(__file__).parents[3]
SOURCE = "installer"
LEASE_S = 2.0
#: How wrong a clock is, in seconds.
SKEW_S = 600

WORKER: Mapping[str, Any] = {
    "lease_s": LEASE_S,
    "call_deadline_s": 1.5,
    # Kills and outages come far more often here than in a year of work; what they use up must not end an event.
    "max_crashes": 100,
    "retry": {"base_s": 0.1, "cap_s": 2.0, "max_attempts": 500},
}


@dataclass(slots=True)
class Receiver:
    """One of the places a receiver stands in."""

    port: int
    process: Process | None = None


@dataclass(slots=True)
class Worker:
    """One of the places a supervisor with one worker stands in, or a worker alone where its clock is wrong."""

    number: int
    process: Process | None = None
    skew_s: int = 0

    @property
    def parent(self) -> int | None:
        """The rq worker."""
        if self.process is None or self.process.popen.poll() is not None:
            return None
        return self.process.popen.pid if self.skew_s else next(iter(children(self.process.popen.pid)), None)

    @property
    def child(self) -> int | None:
        """The process that works on a shift; None between two shifts."""
        return next(iter(children(self.parent)), None) if self.parent else None

    @property
    def everything(self) -> list[int]:
        """Pids from the top down."""
        return [self.process.popen.pid, *descendants(self.process.popen.pid)] if self.process else []


@dataclass(slots=True, kw_only=True)
class Fleet:
    """Everything, in one folder; a context manager for the links, the processes end with the system."""

    system: System
    life: Sequence[Stage]
    chance: random.Random
    receivers: list[Receiver] = field(default_factory=lambda: [Receiver(free_port()), Receiver(free_port())])
    workers: list[Worker] = field(default_factory=lambda: [Worker(number) for number in range(3)])
    links: dict[str, Proxy] = field(default_factory=dict)
    #: By which of these many seconds the clock of a worker is wrong, drawn at each start.
    skewed: Mapping[int, Sequence[int]] = field(default_factory=lambda: {2: (-SKEW_S, SKEW_S)})
    #: The table `[worker]`.
    terms: Mapping[str, Any] = field(default_factory=lambda: WORKER)
    #: Starts of workers whose clock is wrong.
    skews: int = 0

    def __enter__(self) -> Self:
        for name, port in (
            ("receivers", self.system.redis.port),
            ("workers", self.system.redis.port),
            ("api", self.system.sandbox_port),
        ):
            self.links[name] = Proxy(port, seed=self.chance.getrandbits(32)).__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for link in self.links.values():
            link.__exit__()

    # Starting.

    def start(self, *, orders: int, **sandbox: Any) -> list[str]:
        """Start everything and return the ids of the orders that the sandbox made."""
        self.configure()
        self.system.start_sandbox(webhook_url=None, **sandbox)
        for receiver in self.receivers:
            self.start_receiver(receiver)
        for worker in self.workers:
            self.start_worker(worker)
        made = self.system.call_sandbox("POST", "/_sandbox/seed", {"orders": orders})
        until(lambda: len(self.system.workers()) >= len(self.workers), within_s=60, what="all workers there")
        return [order["value"] for order in made["orders"]]

    def configure(self) -> None:
        (self.system.folder / "chaos_actions.py").write_text(ACTIONS)
        values = {
            "redis_url": self.system.redis.url,
            "actions": ["chaos_actions"],
            "sources": {
                SOURCE: {
                    "system": "installer",
                    "scheme": {"type": "standard-webhooks", "secrets": [SECRET]},
                    "api": {"base_url": self.system.sandbox_url, "token": TOKEN},
                }
            },
            "worker": self.terms,
            "workflows": workflows(self.life),
        }
        (self.system.folder / "orderhook.toml").write_text(tomlkit.dumps(values))

    def start_receiver(self, receiver: Receiver) -> None:
        """Start a receiver; nobody waits for it, as nobody would."""
        env = {"ORDERHOOK_REDIS_URL": self.links["receivers"].redis_url}
        command = self.system.command("receiver", "--port", str(receiver.port))
        receiver.process = self.system.start("receiver", *command, env=env)

    def start_worker(self, worker: Worker) -> None:
        """Start a worker; one whose clock is wrong may be wrong in the other direction this time."""
        env = {
            "ORDERHOOK_REDIS_URL": self.links["workers"].redis_url,
            "ORDERHOOK_SOURCES__INSTALLER__API__BASE_URL": f"http://127.0.0.1:{self.links['api'].port}",
        }
        command: Sequence[str] = self.system.command("worker", "--processes", "1")
        if worker.number in self.skewed:
            worker.skew_s = self.chance.choice(self.skewed[worker.number])
            self.skews += 1
            command = skewed(worker.skew_s)
            env["PYTHONPATH"] = str(ROOT)
        worker.process = self.system.start("worker", *command, env=env)

    # What a sender needs.

    def sender(
        self, orders: Sequence[str], chance: random.Random, *, rate: float, ahead_s: int = 0
    ) -> Sender:
        """Return a sender of these orders' events, whose clock is *ahead_s* seconds ahead."""
        return Sender(
            ports=[receiver.port for receiver in self.receivers],
            source=SOURCE,
            sign=self.signing(ahead_s=ahead_s),
            life=self.life,
            orders=orders,
            file=self.system.folder / "acked.jsonl",
            chance=chance,
            rate=rate,
        )

    def signing(self, *, ahead_s: int = 0) -> Signing:
        """Return what signs deliveries as the source wants it, by a clock that is *ahead_s* seconds ahead."""
        path = self.system.folder / "orderhook.toml"
        scheme = receiver_settings(read_config(environ={}, path=path)).sources[SOURCE].scheme

        def signed(event_id: str, event_type: str, body: bytes) -> Mapping[str, str]:
            now = int(time.time()) + ahead_s
            return dict(sign(scheme, event_id=event_id, event_type=event_type, timestamp=now, body=body))

        return signed

    # What the other side saw.

    def effects(self) -> list[Effect]:
        """Return what the order API and the user's actions have done, in the order in which they logged it."""
        return [*self._of_the_api(), *self._deeds()]

    def _of_the_api(self) -> Iterator[Effect]:
        for found in self.system.effects():
            name = " ".join(filter(None, (found["effect"], found["detail"].get("tag"))))
            number = number_of(self.life, name)
            if number is not None:
                at = milliseconds(found["at"])
                yield Effect(log="api", order=found["orderId"], number=number, name=name, key=None, at=at)

    def _deeds(self) -> Iterator[Effect]:
        for name, order, number, key, at in self.system.deeds():
            yield Effect(log="deeds", order=order, number=number, name=name, key=key, at=at)

    def records(self) -> list[dict[str, Any]]:
        """Return the events, as the command line shows them to an operator."""
        found = self.system.run("events", "list", "--json", "--limit", "1000000")
        return [json.loads(line) for line in found.stdout.splitlines()]

    def dead(self) -> dict[str, str]:
        """Return id and reason of the dead letters, as the command line shows them to an operator."""
        found = self.system.run("dead-letters", "list", "--json", "--limit", "100000")
        return {letter["eventId"]: letter["reason"] for letter in map(json.loads, found.stdout.splitlines())}


def skewed(seconds: int) -> tuple[str, ...]:
    """Return a worker without a supervisor whose clock is wrong."""
    return (sys.executable, "-m", "tests.support.skewed", str(seconds), "workers.rq_worker")


def milliseconds(text: str) -> int:
    """Return a time of the sandbox' log, such as 2026-11-21T11:17:04.787Z, in milliseconds since 1970."""
    return round(datetime.fromisoformat(text).timestamp() * 1000)


def resident_mb(pid: int) -> float:
    """Return the memory of a process."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1_048_576


def open_files(pid: int) -> int:
    """Return how many file descriptors a process holds."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))
