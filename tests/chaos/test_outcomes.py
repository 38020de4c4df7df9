"""
Steps whose outcome nobody reported: killed between effect and result (W3), reset behind the effect (U5), bugs (W10).

The order API ignores idempotency keys where nothing else is said: what is not repeated is not repeated by us.
"""

import json
import os
import re
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest

from console.embedded import free_port
from receiver.inbox import Filter, Inbox
from receiver.lifecycle import Status
from receiver.record import Ruling
from tests.support.system import TOKEN, Process, System, children, descendants
from tests.support.waiting import until
from workers import dead_letters
from workers.audit import audit

#: A user's actions: each has its effect, and does not return while the file `hang` is there.
ACTIONS = """
import asyncio, json, os, urllib.request
from pathlib import Path
from workers.actions import action
from deeds_on_disk import deed

HANG = Path(os.environ["DEEDS"]).with_name("hang")
ORDER = {"address": "Storgata 1", "city": "Oslo", "postalCode": "0155", "countryCode": "NO",
         "email": "kari@example.com", "phoneNumber": "+4799900111", "contactPersonName": "Kari"}


async def hang():
    while HANG.exists():
        await asyncio.sleep(0.02)


def order(url, token, key):
    headers = {"authorization": f"Bearer {token}", "idempotency-key": key, "content-type": "application/json"}
    call = urllib.request.Request(f"{url}/api/v1/order", json.dumps(ORDER).encode(), headers)
    urllib.request.urlopen(call, timeout=3).read()


@action("copy_order", effect="keyed")
async def copy_order(step, *, url: str, token: str):
    await asyncio.to_thread(order, url, token, step.idempotency_key)
    await hang()


@action("call_deaf", effect="keyed")
async def call_deaf(step):
    deed(step, "call_deaf")
    await hang()


@action("mail", effect="unkeyed")
async def mail(step):
    deed(step, "mail")
    await hang()


class Odd(Exception):
    pass


@action("raises", effect="keyed")
async def raises(step):
    deed(step, "raises")
    kind = step.event.payload["data"]["kind"]
    found = Odd if kind == "Odd" else getattr(__import__("builtins"), kind)
    raise found("refused: token=abcdefghijklmnopqrstuvwxyz")
"""

#: The steps that act on an order, each with what the sandbox's log calls its effect.
STATE = {
    "w3-tag": ({"type": "assign_tag", "tag": "imported"}, "tag.assign"),
    "w3-untag": ({"type": "remove_tag", "tag": "old"}, "tag.remove"),
    "w3-dispatch": ({"type": "dispatch_order"}, "order.dispatch"),
    "w3-cancel": ({"type": "cancel_order"}, "order.cancel"),
}
#: How each case of W3 is spread over kills.
CASES_A_KILL = 20


def in_flight(system: System) -> list[str]:
    with system.client() as client:
        return list(Inbox(client).in_flight())


def assert_accounted(system: System) -> None:
    with system.client() as client:
        for one in audit(Inbox(client)):
            assert one.holds, one
            assert one.repaired == 0


def kill_children(worker: Process) -> None:
    """Kill -9 the processes that hold events, and leave those that started them."""
    for pid in descendants(worker.popen.pid):
        if not children(pid):
            os.kill(pid, signal.SIGKILL)


class TestW3:
    @pytest.fixture(name="system")
    def _system(self, system: System) -> System:
        """Two sandboxes: one that ignores keys, and behind it another that honours them."""
        (system.folder / "outcome_actions.py").write_text(ACTIONS)
        honest = {"port": free_port(), "effects": str(system.folder / "honest.jsonl")}
        url = f"http://127.0.0.1:{honest['port']}"
        steps = {name: [step] for name, (step, _) in STATE.items()} | {
            "w3-prepare": [{"type": "assign_tag", "tag": "old"}],
            "w3-copy": [{"type": "copy_order", "url": url, "token": TOKEN}],
            "w3-deaf": [{"type": "call_deaf"}],
            "w3-mail": [{"type": "mail"}, {"type": "note"}],
        }
        system.configure(
            [{"name": name, "trigger": name, "actions": actions} for name, actions in steps.items()],
            worker={"lease_s": 4.0, "call_deadline_s": 3.9, "concurrency": 200},
            actions=["outcome_actions"],
        )
        system.start_receiver()
        system.start_sandbox(webhook_url=None, honour_idempotency_key=False)
        system.start_sandbox(webhook_url=None, **honest)
        return system

    @pytest.mark.within(900)
    def test_w3_a_kill_between_an_effect_and_its_result(self, system, scaled, shown):
        """The worst moment: the other side has done it, and nobody here knows."""
        cases = scaled(200, least=10)
        orders = self.orders(system, cases)
        kills = 0

        for first in range(0, cases, CASES_A_KILL):
            chunk = range(first, min(first + CASES_A_KILL, cases))
            self.kill_between(system, orders, chunk, spare_parents=kills % 2 == 1)
            kills += 1

        for kind, (_, effect) in STATE.items():
            preparing = {"tag": "old"}.items() if effect == "tag.assign" else {"no": "tag"}.items()
            done = Counter(
                found["orderId"]
                for found in system.effects(effect)
                if not preparing <= found["detail"].items()
            )
            assert dict.fromkeys(orders[kind], 1) == done, effect
        copies = Counter(found["idempotencyKey"] for found in self.honest(system))
        assert (cases, {1}) == (len(copies), set(copies.values()))
        deaf = self.deeds(system, "call_deaf")
        assert (cases, 2) == (len(deaf), max(deaf.values()))
        assert dict.fromkeys((f"w3-mail-{n}" for n in range(cases)), 1) == self.deeds(system, "mail")
        assert not self.deeds(system, "note")
        self.settle(system, cases)
        shown(
            "W3",
            criterion="killed between effect and result: 0 duplicates of state actions and keyed ones, "
            "1 at most per kill where repeating is declared, 0 where parking is",
            reached=f"{kills} kills in {6 * cases} + {cases} steps: duplicates 0 of {4 * cases} state actions at an API "
            f"that ignores keys, 0 of {cases} at one that honours them, {sum(deaf.values()) - cases} of {cases} "
            f"repeated as declared, 0 of {cases} unkeyed: parked, settled by a person, and gone on",
        )

    def orders(self, system: System, cases: int) -> dict[str, list[str]]:
        """Make the orders of every state action; those that are to lose a tag get it first."""
        found = {}
        for kind in STATE:
            made = system.call_sandbox("POST", "/_sandbox/seed", {"orders": cases})["orders"]
            found[kind] = [order["value"] for order in made]
        worker = system.start_worker()
        tagged = [("installer", f"p-{order}", order, "w3-prepare") for order in found["w3-untag"]]
        self.deliver(system, tagged)
        until(lambda: len(system.effects("tag.assign")) == cases and not in_flight(system), within_s=60)
        worker.kill()
        return found

    def deliver(self, system: System, events: list[tuple[str, str, str, str]]) -> None:
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda e: system.deliver(e[0], e[1], {"id": e[2]}, event_type=e[3]), events))

    def kill_between(self, system, orders, chunk, *, spare_parents: bool) -> None:
        """Let every step of the chunk have its effect and get no further, kill the workers, and let others go on."""
        state = [("installer", f"{kind}-{n}", orders[kind][n], kind) for kind in STATE for n in chunk]
        own = [
            ("open", f"{kind}-{n}", f"{kind}-{n}", kind)
            for kind in ("w3-copy", "w3-deaf", "w3-mail")
            for n in chunk
        ]
        hang, before = system.folder / "hang", self.effects(system)
        hang.touch()
        operations = [step["type"] for step, _ in STATE.values()]
        drips = [{"fault": "slow_drip", "operation": name, "ms": 10_000} for name in operations]
        system.call_sandbox("PUT", "/_sandbox/faults", {"faults": drips})
        self.deliver(system, state + own)
        worker = system.start_worker()
        until(
            lambda: self.effects(system) == before + 7 * len(chunk), within_s=20, what="every effect is there"
        )

        kill_children(worker) if spare_parents else worker.kill()

        assert 7 * len(chunk) == len(in_flight(system))
        hang.unlink()
        system.call_sandbox("PUT", "/_sandbox/faults", {"faults": []})
        if not spare_parents:
            worker = system.start_worker()
        until(lambda: not in_flight(system), within_s=40, what="all are done or parked")
        worker.kill()

    def effects(self, system: System) -> int:
        """Return how many effects there are, of all that a case can have; a tag that is made is none of them."""
        state = [
            found for found in system.effects() if found["effect"] in {kind for _, kind in STATE.values()}
        ]
        return len(state) + len(self.honest(system)) + len(system.deeds())

    def honest(self, system: System) -> list[dict]:
        """Return the effects at the API that honours keys."""
        lines = (system.folder / "honest.jsonl").read_text().splitlines()
        return [json.loads(line) for line in lines]

    def deeds(self, system: System, name: str) -> Counter:
        return Counter(deed[1] for deed in system.deeds() if deed[0] == name)

    def settle(self, system: System, cases: int) -> None:
        """Rule every parked mail, by turns done and to be repeated, and see the events go on accordingly."""
        listed = [json.loads(line) for line in system.printed("dead-letters", "list", "--json").splitlines()]
        assert {"outcome_unknown"} == {dead["reason"] for dead in listed}
        with system.client() as client:
            parked = {record.id: record for record in Inbox(client).dead_letters(Filter())}
            assert {f"w3-mail-{n}" for n in range(cases)} == set(parked)
            system.printed(
                "dead-letters", "resolve", "w3-mail-0", "mail", "--done", "--note", "it is in the outbox"
            )
            system.printed("dead-letters", "resolve", "w3-mail-1", "0.0", "--repeat")
            for n in range(2, cases):
                ruling = Ruling.REPEAT if n % 2 else Ruling.DONE
                dead_letters.resolve(
                    client, parked[f"w3-mail-{n}"], "0.0", ruling, by="test", note="", start=True
                )
        system.start_worker()

        until(lambda: not in_flight(system), within_s=30)
        assert {f"w3-mail-{n}": 1 + n % 2 for n in range(cases)} == self.deeds(system, "mail")
        assert dict.fromkeys((f"w3-mail-{n}" for n in range(cases)), 1) == self.deeds(system, "note")
        assert_accounted(system)


@pytest.mark.parametrize("honour", [True, False], ids=["keys honoured", "keys ignored"])
def test_u5_a_connection_that_is_reset_behind_the_effect(system, scaled, shown, honour):
    """Two of a hundred calls have their effect and get no answer."""
    orders = scaled(1000, least=60)
    both = [{"type": "assign_tag", "tag": "imported"}, {"type": "dispatch_order"}]
    system.configure([{"name": "Tag and dispatch", "trigger": "order_created", "actions": both}])
    system.start_receiver()
    system.start_sandbox(honour_idempotency_key=honour)
    system.start_worker(2)
    reset = {"fault": "reset_after_effect", "probability": max(0.02, 8 / orders)}
    system.call_sandbox("PUT", "/_sandbox/faults", {"faults": [reset]})

    system.call_sandbox("POST", "/_sandbox/seed", {"orders": orders})

    created = {found["orderId"] for found in system.effects("order.create")}
    assert orders == len(created)
    until(
        lambda: (
            {found["orderId"] for found in system.effects("order.dispatch")} == created
            and not in_flight(system)
        ),
        within_s=120,
    )
    for effect in ("tag.assign", "order.dispatch"):
        assert dict.fromkeys(created, 1) == Counter(found["orderId"] for found in system.effects(effect))
    (fault,) = system.call_sandbox("GET", "/_sandbox/faults")["faults"]
    assert fault["struck"] > 0
    assert_accounted(system)
    shown(
        f"U5, keys {'honoured' if honour else 'ignored'}",
        criterion="reset behind the effect, 2 % of calls: 0 duplicates",
        reached=f"{2 * orders} effects, {fault['struck']} resets, 0 duplicates",
    )


def test_w10_a_bug_is_dead_at_once_and_what_cannot_be_read_is_tried_again(system, scaled, shown):
    """A bug raises again each time; anything else may be the weather."""
    (system.folder / "outcome_actions.py").write_text(ACTIONS)
    bugs = [
        "TypeError",
        "AttributeError",
        "NameError",
        "KeyError",
        "IndexError",
        "ImportError",
        "AssertionError",
    ]
    unknown = ["Odd", "ValueError", "OSError", "RuntimeError"]
    each = scaled(30, least=2)
    system.configure(
        [{"name": "Raise", "trigger": "order.created", "actions": [{"type": "raises"}]}],
        worker={"retry": {"base_s": 0.05, "cap_s": 0.05, "max_attempts": 3}},
        actions=["outcome_actions"],
    )
    system.start_receiver()
    system.start_worker()

    for kind in bugs + unknown:
        for n in range(each):
            system.deliver("open", f"{kind}-{n}", {"id": f"{kind}-{n}", "kind": kind})
    until(lambda: not in_flight(system), within_s=60)

    tried = Counter(deed[1] for deed in system.deeds())
    with system.client() as client:
        dead = list(Inbox(client).dead_letters(Filter()))
    assert each * len(bugs + unknown) == len(dead) == len(tried)
    for letter in dead:
        bug = letter.id.partition("-")[0] in bugs
        assert (1 if bug else 3) == tried[letter.id] == letter.attempts_now
        assert ("code_bug" if bug else "attempts_exhausted") == letter.reason
        assert (Status.DEAD, "0.0 Raise: raises") == (letter.status, letter.step)
        assert "refused" in letter.error
        assert "abcdefghijklmnop" not in letter.error
        assert re.fullmatch(r"orderhook \S+, Raise@\w{12}, outcome_actions \w{8}", letter.code)
    shown(
        "W10",
        criterion="a bug is dead at once, with step, attempt, redacted error and code version; unknown errors are retried",
        reached=f"{each * len(bugs)} bugs dead after 1 attempt, {each * len(unknown)} unknown errors after 3, all explained",
    )
