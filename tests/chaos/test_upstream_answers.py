"""An order API that answers with trouble, or not at all: U4, U6, U8, U9 and U10 of the catalogue."""

import contextlib
import gzip
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from receiver.inbox import Filter, Inbox
from tests.chaos.scene import drained, horses, in_flight
from tests.chaos.upstream import (
    CALLS_KEPT,
    DISPATCH,
    NO_RETRY,
    PATIENT,
    begin,
    calls,
    dispatched,
    faults,
    seeded,
)
from tests.support.front import Asked, Front, Said, Silence
from tests.support.proxy import Proxy
from tests.support.system import Process, System
from tests.support.tls import self_signed
from tests.support.waiting import until

#: What a worker may hold more than before it met the worst answer, in MB.
MOST_MB = 20
#: What a machine that is busy adds to a deadline, in seconds.
LATE_S = 1.0
#: What the API answers to a dispatch.
REFUSALS = (400, 409, 412, 422)
#: Where a worker finds the API.
WAY = "ORDERHOOK_SOURCES__INSTALLER__API__BASE_URL"


def dead(system: System) -> Counter[str]:
    """Return how many dead letters there are of each reason, as an operator sees them."""
    lines = system.printed("dead-letters", "list", "--json", "--limit", "10000").splitlines()
    return Counter(json.loads(line)["reason"] for line in lines)


def buried(system: System) -> int:
    with system.client() as client:
        return sum(1 for _ in Inbox(client).dead_letters(Filter()))


def has_failed(worker: Process) -> bool:
    """Tell whether a worker has logged an attempt that is to be repeated; only to know when to go on."""
    return '"outcome": "retrying"' in worker.log.read_text()


@contextlib.contextmanager
def hole() -> Iterator[str]:
    """Yield the host and port of a black hole: packets go there, and nothing is ever answered."""
    family, host = (
        (socket.AF_INET6, "::1") if socket.has_ipv6 and _has_ipv6() else (socket.AF_INET, "127.0.0.1")
    )
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket(family))
        listener.bind((host, 0))
        listener.listen(0)
        for _ in range(4):  # who stands in the queue of a listener that never accepts keeps all others out
            waiting = stack.enter_context(socket.socket(family))
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname()[:2])
        port = listener.getsockname()[1]
        yield f"[{host}]:{port}" if family is socket.AF_INET6 else f"{host}:{port}"


def _has_ipv6() -> bool:
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET6) as one:
        one.bind(("::1", 0))
        return True
    return False


def prepare(system: System, workflows=(DISPATCH,), *, worker=None, api=None, **sandbox) -> None:
    """Start everything but the workers, which are to find the API elsewhere."""
    system.configure(list(workflows), worker={**PATIENT, **(worker or {})}, api=api)
    system.start_receiver()
    system.start_sandbox(calls_kept=CALLS_KEPT, **sandbox)


class TestU4:
    """A deadline holds for the whole of a call, and is shorter than the lease."""

    def test_u4_an_api_that_does_not_answer(self, system, scaled, shown):
        """The request is taken, and nothing ever comes back."""
        orders, deadline_s = scaled(100, least=6), scaled(20, least=2)
        prepare(
            system,
            worker={
                "lease_s": 1.5 * deadline_s,
                "call_deadline_s": float(deadline_s),
                "retry": {"base_s": 0.2},
            },
            api={"circuit_probe_s": 0.5},
        )
        with Silence() as silence, Proxy(silence.port) as proxy:
            system.start_worker(2, env={WAY: f"http://127.0.0.1:{proxy.port}"})
            found = seeded(system, orders)
            until(lambda: len(silence.seconds) >= orders, within_s=deadline_s + 60, what="calls have ended")
            proxy.target = system.sandbox_port
            proxy.reset()
            dispatched(system, found, within_s=2 * deadline_s + 60)
            drained(system, within_s=10)

        longest = max(silence.seconds)
        assert longest <= deadline_s + LATE_S
        shown(
            "U4 no answer",
            criterion=f"a call ends ≤ {deadline_s} s, before its lease",
            reached=f"the longest of {len(silence.seconds)} calls ended after {longest:.1f} s; when somebody answered, "
            f"{orders} effects, each once",
        )

    def test_u4_an_answer_that_drips(self, system, scaled, shown):
        """A byte a second keeps any timeout between two reads from ever striking."""
        orders, deadline_s = scaled(100, least=6), scaled(20, least=2)
        begin(
            system,
            worker={
                "lease_s": 1.5 * deadline_s,
                "call_deadline_s": float(deadline_s),
                "retry": {"base_s": 0.2},
            },
            api={"circuit_probe_s": 0.5},
        )
        faults(system, {"fault": "slow_drip", "operation": "dispatch_order", "ms": 1000.0, "times": orders})
        found = seeded(system, orders)
        dispatched(system, found, within_s=60)
        drained(system, within_s=3 * deadline_s + 30)

        longest = max(one.seconds for one in calls(system, "dispatch_order"))
        assert deadline_s / 2 <= longest <= deadline_s + LATE_S
        assert dict.fromkeys(found, 1) == Counter(one.order for one in calls(system, "dispatch_order"))
        shown(
            "U4 drip",
            criterion=f"a call ends ≤ {deadline_s} s, before its lease",
            reached=f"1 byte a second: the longest of {orders} calls ended after {longest:.1f} s; each order was read again "
            "and not dispatched twice",
        )


class TestU6:
    """Whatever it is that comes, it is read up to a limit, tried three times, and then it is for a person."""

    @pytest.mark.parametrize("kind", ["html", "truncated", "huge", "bomb"])
    def test_u6_an_answer_that_nobody_can_read(self, system, scaled, shown, kind):
        """It costs three attempts and no memory."""
        orders, spoiling, answer = scaled(20, least=3), threading.Event(), spoilt_answer(kind)

        def spoilt(asked: Asked) -> Said | None:
            if asked.method != "GET" or not spoiling.is_set():
                return None
            return replace(answer, body=_endless()) if kind == "huge" else answer

        prepare(
            system,
            worker={"retry": {"base_s": 0.1}},
        )
        with Front(system.sandbox_port, spoilt) as front:
            worker = system.start_worker(env={WAY: front.url})
            dispatched(system, seeded(system, 3), within_s=20)  # so that all that is loaded at first use is
            calm = len(front.asked)
            before = peak_mb(horses(worker))
            spoiling.set()
            seeded(system, orders)
            peaks = []
            until(
                lambda: peaks.append(peak_mb(horses(worker))) or not in_flight(system),
                within_s=60,
                what="nobody waits",
            )

        tries = Counter(asked.path for asked in front.asked[calm:])
        grown = max(peaks) - before
        assert (orders, {3}) == (len(tries), set(tries.values()))
        assert {"upstream_bad_response": orders} == dead(system)
        assert grown <= MOST_MB
        shown(
            f"U6 {kind}",
            criterion=f"exactly 3 attempts, then dead as upstream_bad_response; memory + ≤ {MOST_MB} MB",
            reached=f"{orders} orders: 3 attempts each, all dead for this reason; + {max(0, grown):.1f} MB",
        )


def spoilt_answer(kind: str) -> Said:
    match kind:
        case "html":
            return Said(body=b"<html><body>Bad gateway</body></html>", headers={"content-type": "text/html"})
        case "truncated":
            return Said(body=b'{"id": "4711", "status": ')
        case "bomb":
            return Said(body=gzip.compress(bytes(100_000_000)), headers={"content-encoding": "gzip"})
        case _:
            return Said()


def _endless() -> Iterator[bytes]:
    """Yield a hundred megabytes of a JSON string without an end."""
    yield b'"'
    for _ in range(100):
        yield b"x" * 1_000_000


def peak_mb(pids: list[int]) -> float:
    """Return the most memory that any of these processes has ever held."""
    return max((_peak_mb(pid) for pid in pids), default=0.0)


def _peak_mb(pid: int) -> float:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:  # it has ended
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)


class TestU8:
    def test_u8_an_order_that_is_gone(self, system, scaled, shown):
        """It is what may happen to an order: nothing is retried, nobody is called, and the lane goes on."""
        steps = {
            "u8-tag": {"type": "assign_tag", "tag": "imported"},
            "u8-dispatch": {"type": "dispatch_order"},
            "u8-note": {"type": "note"},
        }
        workflows = [{"name": name, "trigger": name, "actions": [step]} for name, step in steps.items()]
        prepare(system, workflows, webhook_url=None)

        def delete_first(asked: Asked) -> None:
            """Let the order go between the call that reads it and the one that dispatches it."""
            if asked.path.endswith("/dispatch"):
                self.delete(system, asked.path.split("/")[4])

        with Front(system.sandbox_port, delete_first) as front:
            system.start_worker(2, env={WAY: front.url})
            orders = seeded(system, scaled(200, least=10))
            before, amid = orders[::2], orders[1::2]
            self.deliver(system, "u8-tag", orders)
            until(lambda: len(system.effects("tag.assign")) == len(orders), within_s=60)

            for order in before:
                self.delete(system, order)
            self.deliver(system, "u8-dispatch", orders)
            self.deliver(system, "u8-note", orders)
            drained(system, within_s=60)

        missing = Counter(one.order for one in calls(system) if one.status == 404)
        assert dict.fromkeys(before, 1) | dict.fromkeys(amid, 2) == missing
        assert not system.effects("order.dispatch")
        assert sorted(orders) == sorted(deed[2] for deed in system.deeds())
        assert not dead(system)
        shown(
            "U8",
            criterion="0 retries, later events of the lane continue",
            reached=f"{len(before)} orders gone before an event: 1 call each; {len(amid)} gone between its two calls: read "
            f"once more, no retry; {len(orders)} later events done, 0 dead",
        )

    def deliver(self, system: System, kind: str, orders: list[str]) -> None:
        for order in orders:
            system.deliver("installer", f"{kind}-{order}", {"id": order}, event_type=kind)

    def delete(self, system: System, order: str) -> None:
        system.call_sandbox("POST", "/_sandbox/advance", {"orderId": order, "to": "deleted"})


class TestU9:
    def test_u9_an_api_that_refuses(self, system, scaled, shown):
        """Where the state may have moved it is read once more, and where nothing can help nothing is tried."""
        each = scaled(50, least=2)
        workflow = {**DISPATCH, "actions": [{"type": "dispatch_order"}, {"type": "note"}]}
        prepare(system, [workflow], worker={"retry": {"max_attempts": 8}})
        cases = [*REFUSALS, "dispatched", "cancelled"]
        orders: dict[str, object] = {}

        def refuse(asked: Asked) -> Said | None:
            order = asked.path.split("/")[4]
            if not asked.path.endswith("/dispatch"):
                return None
            case = orders.setdefault(order, cases[len(orders) % len(cases)])
            if case == "dispatched":  # by somebody else, between our two calls
                front.pass_on(asked)
            elif case == "cancelled":
                system.call_sandbox("POST", "/_sandbox/advance", {"orderId": order, "to": "cancelled"})
            status = case if isinstance(case, int) else 409
            return Said(status=status, body=json.dumps({"message": "no", "statusCode": status}).encode())

        with Front(system.sandbox_port, refuse) as front:
            system.start_worker(env={WAY: front.url})
            found = seeded(system, each * len(cases))
            until(lambda: len(orders) == len(found), within_s=60, what="all have been refused")
            drained(system, within_s=30)

        writes = Counter(asked.path.split("/")[4] for asked in front.asked if asked.method == "POST")
        reads = Counter(asked.path.split("/")[4] for asked in front.asked if asked.method == "GET")
        again = {order for order, case in orders.items() if case not in (400, 422)}
        assert dict.fromkeys(found, 1) == writes
        assert {order: 2 if order in again else 1 for order in found} == reads
        assert {"upstream_rejected": 2 * each, "upstream_conflict": 2 * each} == dead(system)
        ours = {order for order, case in orders.items() if case == "dispatched"}
        assert ours == {deed[2] for deed in system.deeds()}
        assert dict.fromkeys(ours, 1) == Counter(one["orderId"] for one in system.effects("order.dispatch"))
        shown(
            "U9",
            criterion="409: read again once, decide; 422: dead; ≤ 2 calls",
            reached=f"{len(found)} refusals (400, 409, 412, 422): each order written once; {len(again)} of 409 and 412 read "
            f"once more: {len(ours)} found done and gone on, {each} cancelled and ended, the others dead with reason",
        )


class TestU10:
    def test_u10_a_name_that_is_not_known_and_a_host_that_swallows(self, system, scaled, shown):
        """Both may heal: the events wait, and are done when the API is where it should be."""
        each, deadline_s = scaled(200, least=40), scaled(5, least=1)
        prepare(
            system,
            worker={"lease_s": deadline_s + 0.5, "call_deadline_s": deadline_s, "retry": {"base_s": 0.3}},
            api={"circuit_probe_s": 1.0},
        )
        with hole() as host:
            workers = [
                system.start_worker(env={WAY: url}) for url in ("http://order-api.invalid", f"http://{host}")
            ]
            found = seeded(system, each)
            for worker in workers:
                until(partial(has_failed, worker), within_s=30, what="it meets no API")
                worker.kill()
        began = time.monotonic()
        assert not calls(system)
        system.start_worker()
        dispatched(system, found, within_s=60)
        took_s = time.monotonic() - began
        drained(system, within_s=10)

        assert not dead(system)
        shown(
            "U10 name, black hole",
            criterion="transient",
            reached=f"{len(found)} events: none dead, each done once {took_s:.1f} s after the API was where it should be "
            f"(black hole: {host})",
        )

    def test_u10_a_certificate_that_nobody_has_vouched_for(self, system, scaled, shown):
        """To look away would show the token to anybody; it is a fault of the configuration, and a person must act."""
        events = scaled(100, least=8)
        prepare(system, worker={"retry": NO_RETRY})
        with Front(system.sandbox_port, tls=self_signed(system.folder, name="api.example", days=10)) as front:
            system.start_worker(env={WAY: front.url})
            seeded(system, events)
            until(lambda: buried(system) == events, within_s=60, what="all are dead")

        assert {"api_certificate": events} == dead(system)
        assert ([], []) == (front.asked, calls(system))
        shown(
            "U10 certificate",
            criterion="a permanent error of the configuration, never sent unverified",
            reached=f"{events} events dead as api_certificate, 0 requests seen behind the handshake",
        )
