"""Outbound webhooks, beside targets that are out to do harm."""

import contextlib
import http.client
import itertools
import json
import socket
import statistics
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest

from console.embedded import free_port
from tests.chaos import hooks
from tests.chaos.hooks import CANARY, GONE, GOOD, HOSTILE, POLITE, Message
from tests.support.hooks import target, verified
from tests.support.system import Process, System
from tests.support.waiting import until

#: Events a second to all good targets together, and to each of the other two.
RATE, HOSTILE_RATE = 50.0, 10.0
PLACES = 2
#: Events that a worker can hold at the same time: each of the two is sent more than that.
WORKER_CONCURRENCY = 8


class Sender:
    """Posts events over one connection, each to one target, and keeps when each was acknowledged."""

    def __init__(self, system: System) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", system.receiver_port, timeout=10)
        self.acknowledged: dict[str, float] = {}
        self.numbers = itertools.count()

    def post(self, name: str) -> str:
        event_id = f"{name}.{next(self.numbers)}"
        data = {"id": f"order-{event_id}", "target": name}
        body = json.dumps({"id": event_id, "event": "order.created", "data": data})
        self.connection.request("POST", "/webhooks/open", body, {"content-type": "application/json"})
        answer = self.connection.getresponse()
        answer.read()
        assert 202 == answer.status
        self.acknowledged[event_id] = time.monotonic()
        return event_id

    def post_all(self, count: int, *, beside: tuple[str, ...]) -> list[str]:
        """Post so many events to the good targets, at their rate, and to others beside; return the good ones' ids."""
        posted, others, begun = [], 0, time.monotonic()
        for n, name in zip(range(count), itertools.cycle(GOOD), strict=False):
            until(lambda n=n: time.monotonic() >= begun + n / RATE, within_s=60)
            posted.append(self.post(name))
            while others < n * HOSTILE_RATE / RATE:
                others += 1
                for other in beside:
                    self.post(other)
        return posted

    def sent(self, name: str) -> list[str]:
        return sorted(each for each in self.acknowledged if each.startswith(f"{name}."))


@pytest.fixture(name="sending")
def _sending() -> Iterator[Callable[[System], Sender]]:
    """Makes the sender, once there is a receiver; its connection is closed at the end."""
    with contextlib.ExitStack() as stack:

        def make(system: System) -> Sender:
            sender = Sender(system)
            stack.callback(sender.connection.close)
            return sender

        yield make


def _start_hooks(system: System, file: Path) -> Mapping[str, int]:
    """Start the good targets in one process, the others in another, and return their ports."""
    ports = {name: free_port() for name in (*GOOD, *POLITE, HOSTILE, GONE, CANARY)}
    for names in ((*GOOD, *POLITE, CANARY), (HOSTILE, GONE)):
        system.start(
            "hooks", sys.executable, "-m", "tests.chaos.hooks", str(file), json.dumps(ports), ",".join(names)
        )
    for port in ports.values():
        until(lambda port=port: _is_open(port), what=f"port {port} is open")
    return ports


def _is_open(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def _configure(system: System, ports: Mapping[str, int]) -> None:
    names = (*GOOD, *POLITE, HOSTILE, GONE)
    system.configure(
        [
            {
                "name": f"Tell {name}",
                "trigger": "order.created",
                "conditions": {"target": name},
                "actions": [{"type": "webhook", "target": name}],
            }
            for name in names
        ],
        targets={
            name: target(hooks.url(ports[name]), concurrency=WORKER_CONCURRENCY if name in GOOD else PLACES)
            for name in names
        },
        worker={"concurrency": WORKER_CONCURRENCY},
    )


def p95_ms(sender: Sender, messages: list[Message], ids: list[str]) -> float:
    """Return the p95 of a second's messages, as the median of all seconds: a neighbour's burst is not ours."""
    at = {one.event_id: one.at for one in messages if one.name in GOOD}
    waits = [1000 * (at[each] - sender.acknowledged[each]) for each in ids]
    second = int(RATE)
    seconds = [waits[n : n + second] for n in range(0, len(waits) - second + 1, second)]
    return statistics.median(statistics.quantiles(each, n=20)[-1] for each in seconds)


def test_u11_a_hostile_target_costs_the_good_ones_nothing(
    system: System,
    sending: Callable[[System], Sender],
    scaled: Callable[..., int],
    shown: Callable[..., None],
) -> None:
    """One bad target must not use all workers: it is one customer's, and the others would pay as well."""
    file = system.folder / "messages.jsonl"
    _configure(system, _start_hooks(system, file))
    system.start_receiver()
    worker = system.start_worker()
    sender = sending(system)

    def all_came(ids: list[str]) -> bool:
        return set(ids) <= {one.event_id for one in hooks.came(file) if one.name in GOOD}

    warm = [sender.post(name) for name in GOOD * 2]
    until(lambda: all_came(warm), within_s=20, what="the workers are warm")
    count = scaled(2_000, least=60)
    # As many events in both halves: what differs is how the other side behaves.
    alone = sender.post_all(count, beside=POLITE)
    until(lambda: all_came(alone), within_s=30, what="all came, beside polite ones")
    beside = sender.post_all(count, beside=(HOSTILE, GONE))
    # Were the worker's hands full of the hostile ones' calls, some of these would still wait, and for long.
    until(lambda: all_came(beside), within_s=30, what="all came, beside the hostile ones")

    messages = hooks.came(file)
    _check_messages(messages, sender)
    most = max(one.under_way for one in messages if one.name == HOSTILE)
    assert len(sender.sent(HOSTILE)) > WORKER_CONCURRENCY, "else nothing was shown"
    # Two at a time; one that the other side has not noticed to be closed may overlap with the next.
    assert most <= 2 * PLACES < WORKER_CONCURRENCY
    # Those that were under way with the first 410 and no other.
    assert 1 <= len([one for one in messages if one.name == GONE]) <= PLACES
    _check_nothing_is_lost(system, sender, worker)
    before, after = p95_ms(sender, messages, alone), p95_ms(sender, messages, beside)
    shown(
        "U11",
        criterion="good targets' p95 at most 1.2 × of that beside polite ones",
        reached=f"{after:.0f} ms against {before:.0f} ms: {after / before:.2f} ×, {count} messages each; hostile: of "
        f"{len(sender.sent(HOSTILE))} at most {most} at a time; none after 410, 0 redirects followed, 0 lost",
    )


def _check_messages(messages: list[Message], sender: Sender) -> None:
    """Every message to a good one is one that both libraries verify, came once, and there only; none was redirected."""
    for name in GOOD:
        ids = [verified(one.seen)["id"] for one in messages if one.name == name]
        assert sender.sent(name) == sorted(ids)
    assert [] == [one for one in messages if one.name == CANARY]


def _check_nothing_is_lost(system: System, sender: Sender, worker: Process) -> None:
    """What was for a target that wants none is a dead letter; what was for the hostile one waits, or is one."""

    gone, hostile = sender.sent(GONE), sender.sent(HOSTILE)

    def listed() -> Mapping[str, Mapping[str, str]]:
        """Return all events by their id, once those of the target that is gone have ended."""
        lines = system.printed("events", "list", "--limit", "1000000", "--json").splitlines()
        found = {row["eventId"]: row for row in map(json.loads, lines)}
        return found if {found[one]["reason"] for one in gone} == {"target_disabled"} else {}

    found = until(listed, within_s=30, what="all events of the one that is gone are dead letters")
    assert found.keys() == sender.acknowledged.keys()
    assert {"dead", "pending", "running", "retrying"} >= {found[one]["status"] for one in hostile}
    worker.stop()  # both sides are counted one after the other: nothing may move meanwhile
    assert "holds" in system.printed("audit")
