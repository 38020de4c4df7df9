"""
A Hypothesis state machine: does the same things to `model.py` and to orderhook on a real Redis, and compares.

It drives what the product drives: `receiver.accept`, `workers.ledger`, `workers.dead_letters`, `workers.sweeper`.
Time is Redis' own: a brief lease is waited out by Redis' clock, a long one outlasts the test. No answer of ours is
believed: after each step every record, lane, index and counter is compared with the model's.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable, Sequence
from dataclasses import dataclass, replace

import redis
from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)

from receiver import keys, store
from receiver.accept import NewEvent
from receiver.inbox import Inbox
from receiver.lifecycle import CLOSED, IN_FLIGHT, MOVES, Status
from receiver.record import PauseNote, Record, Ruling, StepState
from tests.support.events import SHIFT, accepted, an_event
from tests.support.model import HOLDING, MAX_CRASHES, Due, Event, Meant, Model
from workers import dead_letters, pausing, sweeper
from workers.audit import audit
from workers.ledger import Claim, End, LeaseLost, Ledger, entry
from workers.pausing import PausedRun
from workers.replays import Register, Terms

SOURCES = ("going", *HOLDING)
SUBJECTS = ("order-1", "order-2")
#: A lease or a wait in milliseconds: one that is over when its writer has looked at the clock, one that never is.
BRIEF_MS, LONG_MS = 1, 3_600_000
KEEP_MS = 60_000
leases = st.sampled_from([BRIEF_MS, LONG_MS])

EVENT_IDS = "abcdefghij"

deliveries = st.builds(
    dict,
    event_id=st.sampled_from(EVENT_IDS),
    subject=st.sampled_from(SUBJECTS),
    source=st.sampled_from(SOURCES),
    body=st.sampled_from([b"{}", b'{"n":1}', b'{"n":2}']),
    occurred=st.sampled_from(["", "1000", "2000", "3000", "4000"]),
    guard_ms=st.sampled_from([0, 0, 0, KEEP_MS]),
    quarantine=st.sampled_from(["", "", "", "payload_invalid"]),
)
places = st.sampled_from(["0.0", "0.1"])
steps = st.dictionaries(places, st.sampled_from(list(StepState)), min_size=1)
#: How an attempt may end: what the table of legal moves says, but for the claim after a crash.
ends = st.sampled_from([Status.SUCCEEDED, Status.DEAD, *sorted(MOVES[Status.RUNNING] - {Status.RUNNING})])


#: What may have become of a replay before it moves anything.
HINDRANCES = ("", "", "", "paused", "taken")
#: What of a record is compared as it is.
FACTS = (
    "status",
    "reason",
    "lane",
    "home",
    "attempt",
    "base",
    "crashes",
    "replays",
    "replay",
    "stale",
    "altered",
)


def check(
    client: "redis.Redis",
    url: str,
    *,
    examples: int,
    steps: int,
    seed: int | None = None,
    shrink: bool = True,
) -> None:
    """
    Run *examples* stories of up to *steps* steps each: always the same ones, or with a *seed* those of the seed.

    Args:
        shrink: Look for the shortest story that fails; without it the first one that fails will do.
    """

    def machine() -> Machine:
        return Machine(client, url)

    run_state_machine_as_test(
        machine if seed is None else seeded(seed)(machine),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=seed is None,
            database=None,
            deadline=None,
            phases=(Phase.generate, Phase.shrink) if shrink else (Phase.generate,),
            suppress_health_check=list(HealthCheck),
        ),
    )


@dataclass(frozen=True, slots=True)
class KeepsNothing:
    """A plant whose retention is over as soon as an event is closed: two seconds before, since it counts in seconds."""

    def keep_ms(self, _source: str) -> int:
        return -2_000


def _some_lane_is_due(machine: "Machine") -> bool:
    return bool(machine.model.due_lanes())


def _some_lane_exists(machine: "Machine") -> bool:
    return bool(machine.model.lanes)


def _some_event_exists(machine: "Machine") -> bool:
    return bool(machine.model.events)


def _some_step_is_parked(machine: "Machine") -> bool:
    return bool(machine.model.parked())


class Machine(RuleBasedStateMachine):
    """Senders, workers that die, freeze and lie, and operators, on one Redis."""

    #: Every claim that was ever given out: most of them are old, and are used all the same.
    claims = Bundle("claims")

    def __init__(self, client: "redis.Redis", url: str) -> None:
        super().__init__()
        self.client = client
        self.client.flushall()
        self.inbox = Inbox(client)
        self.model = Model()
        self.runner = asyncio.Runner()
        self.ledgers = self.runner.run(self._ledgers(url))

    def teardown(self) -> None:
        self.runner.run(self._close())
        self.runner.close()

    @rule(batch=st.lists(deliveries, min_size=1, max_size=5))
    def deliver(self, batch: list[dict]) -> None:
        events = [an_event(**delivery) for delivery in batch]
        expected = [self.model.accept(_key(new), keys.lane(new.source, new.lane), new) for new in events]

        assert expected == accepted(self.client, *events)

    @precondition(_some_lane_is_due)
    @rule(target=claims, limit=st.sampled_from([1, 2, 100]), lease_ms=leases)
    def claim(self, limit: int, lease_ms: int) -> Sequence[Claim]:
        return multiple(*self._claim(limit, lease_ms))

    @precondition(_some_lane_is_due)
    @rule(
        target=claims,
        limit=st.sampled_from([1, 100]),
        steps=steps,
        ways=st.lists(ends, min_size=1, max_size=4),
        wait_ms=leases,
    )
    def work(
        self, limit: int, steps: dict[str, StepState], ways: list[Status], wait_ms: int
    ) -> Sequence[Claim]:
        """What is normal: claim, step, end. The claims are there for later lies all the same."""
        claims = []
        for to in ways:
            before = len(claims)
            claims += self._claim(limit, LONG_MS)
            for claim in claims[before:]:
                self._step(claim, steps, LONG_MS, twice=False)
                self._end(claim, to, wait_ms, uses_attempt=True, twice=False)
        return multiple(*claims)

    @precondition(_some_lane_is_due)
    @rule(target=claims, place=places, state=st.sampled_from([StepState.INTENT, StepState.UNKNOWN]))
    def work_and_park(self, place: str, state: StepState) -> Sequence[Claim]:
        """The outcome of a step stays unknown."""
        claims = self._claim(100, LONG_MS)
        for claim in claims:
            self._step(claim, {place: state}, LONG_MS, twice=False)
            self._end(claim, Status.DEAD, LONG_MS, uses_attempt=True, twice=False)
        return multiple(*claims)

    @precondition(_some_lane_is_due)
    @rule(target=claims, limit=st.sampled_from([1, 100]), steps=steps)
    def work_and_stop_in_the_middle(self, limit: int, steps: dict[str, StepState]) -> Sequence[Claim]:
        """A step renews the lease."""
        claims = self._claim(limit, BRIEF_MS)
        for claim in claims:
            self._step(claim, steps, LONG_MS, twice=False)
        return multiple(*claims)

    @precondition(_some_lane_is_due)
    @rule(target=claims, times=st.integers(2, MAX_CRASHES + 1))
    def workers_die(self, times: int) -> Sequence[Claim]:
        """Each claims all there is and is never heard of again, or only when it is too late."""
        return multiple(*(claim for _ in range(times) for claim in self._claim(100, BRIEF_MS)))

    @rule(claim=claims, steps=steps, lease_ms=leases, twice=st.booleans())
    def step(self, claim: Claim, steps: dict[str, StepState], lease_ms: int, *, twice: bool) -> None:
        self._step(claim, steps, lease_ms, twice=twice)

    @rule(claim=claims, to=ends, wait_ms=leases, uses_attempt=st.booleans(), twice=st.booleans())
    def end(self, claim: Claim, to: Status, wait_ms: int, *, uses_attempt: bool, twice: bool) -> None:
        self._end(claim, to, wait_ms, uses_attempt=uses_attempt, twice=twice)

    @rule(claim=claims, other=claims, shift=st.integers(-1, 1), to=ends)
    def write_with_a_foreign_token(self, claim: Claim, other: Claim, shift: int, to: Status) -> None:
        """A write about one event under another's token, or under one that was given to nobody yet."""
        forged = replace(claim, token=other.token + shift)
        if event := self.model.events.get(claim.record.key):
            # The id may have come again with another subject. Where the token is right, so is the lane: they come together.
            forged = replace(forged, lane=event.lane)
        self._step(forged, {"0.0": StepState.DONE}, LONG_MS, twice=False)
        self._end(forged, to, LONG_MS, uses_attempt=True, twice=False)

    @precondition(_some_lane_is_due)
    @rule(target=claims, place=places, wait_ms=st.sampled_from([0, BRIEF_MS, LONG_MS]), aside=st.booleans())
    def work_and_pause(self, place: str, wait_ms: int, *, aside: bool) -> Sequence[Claim]:
        """A run waits for a person or for its time; the later events of its subject wait behind it, or do not."""
        claims = self._claim(100, LONG_MS)
        for claim in claims:
            self._pause(claim, place, wait_ms, aside=aside)
        return multiple(*claims)

    @precondition(_some_event_exists)
    @rule(data=st.data())
    def resume(self, data: st.DataObject) -> None:
        """Mostly nothing waits there, and nothing may be changed."""
        for record in self._some_records(data):
            expected = self.model.resume(record.key, ())
            assert expected == pausing.resume(self.client, record, by="me")

    @precondition(lambda self: self.model.keys_where({Status.PAUSED}))
    @rule(data=st.data(), place=places)
    def resume_what_is_paused(self, data: st.DataObject, place: str) -> None:
        key = data.draw(st.sampled_from(sorted(self.model.keys_where({Status.PAUSED}))), "event")
        (record,) = self._records([key])
        run = PausedRun(record=record, place=place, workflow="", pause=PauseNote.parse("1 0 waits "))
        expected = self.model.resume(key, (place,))

        assert [expected] == pausing.resume_runs(self.client, [run], by="me")

    @precondition(_some_event_exists)
    @rule(data=st.data())
    def replay(self, data: st.DataObject) -> None:
        records = self._some_records(data)
        expected = [(record.key, self.model.replay(record.key)) for record in records]

        assert expected == [(r.key, moved) for r, moved in dead_letters.replay(self.client, records)]

    @precondition(_some_event_exists)
    @rule(data=st.data(), meant=st.sampled_from(Meant), hindrance=st.sampled_from(HINDRANCES))
    def replay_on_record(self, data: st.DataObject, meant: Meant, hindrance: str) -> None:
        """As `orderhook replay` does, in one portion; the replay may have been paused or taken up by another command."""
        records, register, now = self._some_records(data), Register(self.client), self._now_ms()
        replay, holder = register.start(Terms(by="me", events=("any",), ahead=0), now=now)
        if hindrance == "paused":
            register.pause(replay.id)
        if hindrance == "taken":
            register.take_up(replay.id)
        moved = dead_letters.move(
            self.client,
            [record.key for record in records],
            under=(replay.id, holder),
            died_before={Meant.NAMED: None, Meant.DEAD: now + 1, Meant.DEAD_LONG_AGO: 1}[meant],
        )

        found = register.get(replay.id)
        assert found is not None
        if hindrance:
            assert (hindrance, 0, 0) == (moved, found.moved, found.handled)
            return
        expected = [
            self.model.is_meant(r.key, meant) and self.model.replay(r.key, under=replay.id) for r in records
        ]
        assert (expected, sum(expected), len(expected)) == (moved, found.moved, found.handled)

    @precondition(_some_event_exists)
    @rule(data=st.data())
    def discard(self, data: st.DataObject) -> None:
        records = self._some_records(data)
        expected = [(record.key, self.model.discard(record.key)) for record in records]

        found = dead_letters.discard(self.client, records, keep_ms=KEEP_MS, why="test")
        assert expected == [(r.key, moved) for r, moved in found]

    @precondition(_some_event_exists)
    @rule(data=st.data(), place=places, ruling=st.sampled_from(Ruling), start=st.booleans())
    def resolve(self, data: st.DataObject, place: str, ruling: Ruling, *, start: bool) -> None:
        """Mostly there is nothing to settle, and nothing may be changed."""
        for record in self._some_records(data):
            self._resolve(record, place, ruling, start=start)

    @precondition(_some_step_is_parked)
    @rule(data=st.data(), ruling=st.sampled_from(Ruling), start=st.booleans())
    def resolve_what_is_parked(self, data: st.DataObject, ruling: Ruling, *, start: bool) -> None:
        key, place = data.draw(st.sampled_from(self.model.parked()), "step")
        self._resolve(*self._records([key]), place, ruling, start=start)

    @precondition(lambda self: self.model.keys_where(CLOSED))
    @rule()
    def retire(self) -> None:
        assert self.model.retire() == sweeper.retire(self.client, KeepsNothing())

    @precondition(_some_lane_exists)
    @rule()
    def relay(self) -> None:
        """rq hands the waiting shift to a worker, which dies; upkeep must queue another where lanes are due."""
        self.client.delete(keys.rq_queue())
        sweeper.relay(self.client, SHIFT)

        if self.model.due_lanes():
            assert 1 == self.client.llen(keys.rq_queue())
        if not set(self.model.due.values()) - {Due.NEVER}:
            assert 0 == self.client.llen(keys.rq_queue())

    @invariant()
    def every_record_says_what_the_model_says(self) -> None:
        every = [keys.event(source, name) for source in SOURCES for name in EVENT_IDS]
        records = {record.key: record for record in self._records(every)}

        assert {key: _facts(event) for key, event in self.model.events.items()} == {
            key: _facts_of(record) for key, record in records.items()
        }
        for key, record in records.items():
            kept_for_ever = record.status not in CLOSED
            for name in (key, keys.body(key)):
                assert (-1 == self.client.pttl(name)) is kept_for_ever, (
                    f"{record.status}: the expiry of {name}"
                )
                assert self.client.exists(name), f"{record.status}: {name} is gone"

    @invariant()
    def lanes_are_in_order_and_ready(self) -> None:
        assert self.model.lanes == {lane: self.inbox.lane(lane) for lane in self.inbox.lanes()}
        assert self.model.due == self._due()
        assert self.model.applied == self._applied()

    @invariant()
    def indexes_and_counters_are_those_of_the_records(self) -> None:
        assert self.model.keys_where(IN_FLIGHT) == set(self.inbox.in_flight())
        assert self.model.keys_where({Status.PAUSED}) == set(self.client.zrange(keys.paused(), 0, -1))
        assert self.model.keys_where({Status.DEAD}) == set(self.client.zrange(keys.dead(), 0, -1))
        counted = {name: n for name, n in self.inbox.counts().items() if n}
        assert +(self.model.counts + self._bytes_in_flight()) == counted

    @invariant()
    def the_audit_holds_and_the_sweep_finds_nothing(self) -> None:
        assert [] == [finding for one in audit(self.inbox) for finding in one.findings]
        assert all(one.holds for one in audit(self.inbox))
        assert [] == sweeper.sweep(self.client)

    def _resolve(self, record: Record, place: str, ruling: Ruling, *, start: bool) -> None:
        expected = self.model.resolve(record.key, place, done=ruling is Ruling.DONE, start=start)

        assert expected == dead_letters.resolve(
            self.client, record, place, ruling, by="me", note="", start=start
        )

    def _claim(self, limit: int, lease_ms: int) -> list[Claim]:
        model, due = self.model, self.model.due_lanes()
        poisoned = {lane for lane in due if model.is_poison(lane)}
        found = self.runner.run(self.ledgers[lease_ms].claim(limit)).claims
        buried = {lane for lane in poisoned if self._status(model.lanes[lane][0]) is Status.DEAD}
        taken = {claim.lane for claim in found}

        # Which of the due lanes come first is not promised here. That they are due is, and that none is left over.
        assert set() == (taken | buried) - due
        assert len(taken) <= limit <= len(taken | buried) or due == taken | buried
        assert set() == taken & poisoned
        for lane in buried:
            model.bury(lane)
        for claim in found:
            self._check_claim(claim)
            model.claim(claim.lane, claim.token, _due(lease_ms))
        self._let_pass(lease_ms)
        return list(found)

    def _check_claim(self, claim: Claim) -> None:
        highest = max((event.token for event in self.model.events.values()), default=0)
        assert claim.token > highest, "a token is higher than every one before"
        assert self.model.lanes[claim.lane][0] == claim.record.key, "the head of the lane comes first"
        assert claim.body is not None

    def _step(self, claim: Claim, steps: dict[str, StepState], lease_ms: int, *, twice: bool) -> None:
        key, token, states = claim.record.key, claim.token, {n: s.value for n, s in steps.items()}
        fields = {f"step:{name}": entry(state, token) for name, state in steps.items()}
        for _ in range(1 + twice):
            expected = self.model.step(key, token, states, _due(lease_ms))
            assert expected == self._try(self.ledgers[lease_ms].note(claim, fields))
        self._let_pass(lease_ms)

    def _end(self, claim: Claim, to: Status, wait_ms: int, *, uses_attempt: bool, twice: bool) -> None:
        due = _due(wait_ms) if to in (Status.RETRYING, Status.PAUSED) else Due.NOW
        end = End(
            status=to,
            wait_s=wait_ms / 1000,
            uses_attempt=uses_attempt,
            holds_lane=claim.record.source in HOLDING,
            keep_ms=KEEP_MS if to in CLOSED else 0,
            fields={"reason": to.value},
        )
        for _ in range(1 + twice):
            expected = self.model.end(claim.record.key, claim.token, to, uses_attempt=uses_attempt, due=due)
            assert expected == self._try(self.ledgers[LONG_MS].end(claim, end))
        self._let_pass(wait_ms)

    def _pause(self, claim: Claim, place: str, wait_ms: int, *, aside: bool) -> None:
        key, own = claim.record.key, keys.aside(claim.lane, claim.record.key)
        goes = aside and not self.model.events[key].home
        fields = {"reason": "paused", f"pause:{place}": "@now 0 waits "}
        end = End(
            status=Status.PAUSED,
            wait_s=wait_ms / 1000,
            fields=fields | ({"lane": own, "home": claim.lane} if goes else {}),
        )
        due = _due(wait_ms) if wait_ms else Due.NEVER
        self.model.pause(key, place)
        expected = self.model.end(
            key, claim.token, Status.PAUSED, uses_attempt=True, due=due, aside=own if goes else ""
        )
        assert expected == self._try(self.ledgers[LONG_MS].end(claim, end))
        self._let_pass(wait_ms)

    def _try(self, write: Awaitable[None]) -> bool:
        try:
            self.runner.run(write)
        except LeaseLost:
            return False
        return True

    def _let_pass(self, wait_ms: int) -> None:
        """Wait until a brief lease or backoff is over by Redis' clock."""
        over = self._now_ms() + wait_ms
        while wait_ms == BRIEF_MS and self._now_ms() <= over:
            pass

    def _now_ms(self) -> int:
        seconds, microseconds = self.client.time()
        return int(seconds) * 1000 + int(microseconds) // 1000

    def _due(self) -> dict[str, Due]:
        now = self._now_ms()
        return {lane: _due_at(score, now) for lane, score in self._ready()}

    def _applied(self) -> dict[str, int]:
        lanes = [keys.lane(source, subject) for source in SOURCES for subject in SUBJECTS]
        found = self.client.mget([keys.applied(lane) for lane in lanes])
        return {lane: int(newest) for lane, newest in zip(lanes, found, strict=True) if newest}

    def _ready(self) -> list[tuple[str, float]]:
        return [
            entry
            for source in SOURCES
            for entry in self.client.zrange(keys.ready(source), 0, -1, withscores=True)
        ]

    def _bytes_in_flight(self) -> Counter[str]:
        """Return the length of the bodies of events in flight, by the name of their counter."""
        found: Counter[str] = Counter()
        for record in self.inbox.records(list(self.inbox.in_flight())):
            found[f"{record.source}:bytes"] += self.client.strlen(keys.body(record.key))
        return found

    def _status(self, key: str) -> Status:
        return Status(self.client.hget(key, "status"))

    def _records(self, event_keys: Iterable[str]) -> list[Record]:
        return list(self.inbox.records(list(event_keys)))

    def _some_records(self, data: st.DataObject) -> list[Record]:
        some = st.lists(st.sampled_from(sorted(self.model.events)), min_size=1, max_size=6)
        return self._records(data.draw(some, "events"))

    async def _ledgers(self, url: str) -> dict[int, Ledger]:
        self.connection = store.async_client(url, timeout_s=5)
        return {
            lease_ms: Ledger(
                self.connection,
                shift_id=f"shift-{lease_ms}",
                lease_s=lease_ms / 1000,
                max_crashes=MAX_CRASHES,
                hold=tuple(HOLDING),
                dedupe_ms=KEEP_MS,
            )
            for lease_ms in (BRIEF_MS, LONG_MS)
        }

    async def _close(self) -> None:
        for ledger in self.ledgers.values():
            await ledger.close()
        await self.connection.aclose()


def _key(new: NewEvent) -> str:
    return keys.event(new.source, new.id)


def _due(wait_ms: int) -> Due:
    return Due.NOW if wait_ms == BRIEF_MS else Due.LATER


def _due_at(score: float, now: int) -> Due:
    if score == float("inf"):
        return Due.NEVER
    return Due.NOW if score <= now else Due.LATER


def _facts(event: Event) -> dict[str, object]:
    facts = {name: getattr(event, name) for name in FACTS}
    return facts | {"duplicates": event.duplicates, "ledger": event.ledger, "pauses": event.pauses}


def _facts_of(record: Record) -> dict[str, object]:
    facts = {name: getattr(record, name) for name in FACTS}
    ledger = {name: found.state.value for name, found in record.ledger.items()}
    pauses = {place: bool(found.resumed) for place, found in record.pauses.items()}
    return facts | {"duplicates": record.deliveries - 1, "ledger": ledger, "pauses": pauses}
