"""The atomic steps, each run on a real Redis: accept, claim, settle, replay, discard, relay, sweep, retire."""

import itertools
from collections import Counter

import pytest

from receiver import keys, lifecycle, scripts
from receiver.accept import Outcome
from receiver.lifecycle import Status
from tests.support.events import SHIFT, accepted, an_event, expire_leases, record, written

LEASE_MS = 30_000


def claimed(client, *, limit=10, max_crashes=3, lease_ms=LEASE_MS, hold=" ") -> list[dict]:
    args = (limit, lease_ms, max_crashes, "shift-1", *keys.prefixes(), hold, keys.recent(""))
    _, _, _, *claims = scripts.run_sync(
        client, "claim", (keys.fence(), keys.shifts(), keys.unreadable(), keys.paused()), args
    )
    return [{"lane": lane, "key": key, "token": token, "body": body} for lane, key, token, body, *_ in claims]


def settled(client, claim, kind, *fields, wait_ms=0, detail="", uses_attempt=1, hold=0) -> int:
    event, body, lane, applied = keys.prefixes()
    write = (
        kind,
        claim["key"],
        claim["lane"],
        claim["token"],
        wait_ms,
        detail,
        uses_attempt,
        hold,
        len(fields),
        *fields,
    )
    (answer,) = scripts.run_sync(
        client,
        "settle",
        (keys.paused(),),
        (LEASE_MS, body, event, lane, applied, 1000, keys.recent(""), *write),
    )
    return answer


def operated(client, script, *events) -> list[int]:
    wake_keys, wake_arguments = SHIFT.arguments()
    own = (keys.paused(),) if script == "discard" else ()
    return scripts.run_sync(client, script, (*wake_keys, *own), (*wake_arguments, *events))


def replayed(client, key) -> int:
    return operated(client, "replay", key, keys.body(key))[0]


def discarded(client, key) -> int:
    return operated(client, "discard", key, keys.body(key), 60_000, "test")[0]


def relayed(client, ending="") -> int:
    wake_keys, wake_arguments = SHIFT.arguments()
    return scripts.run_sync(client, "relay", (*wake_keys, keys.shifts()), (*wake_arguments, ending))


def counted(client, what) -> int:
    return int(client.hget(keys.counts(), f"shop:{what}") or 0)


class TestAccept:
    def test_a_new_event_stands_in_every_place(self, client):
        """One step writes record, body, lane, indexes, counters and the shift: there is no half of it to lose."""
        assert [Outcome.ACCEPTED] == accepted(client, an_event())

        key, lane = keys.event("shop", "evt-1"), keys.lane("shop", "order-1")
        assert Status.PENDING is record(client).status
        assert an_event().body.decode() == client.get(keys.body(key))
        assert [key] == client.lrange(lane, 0, -1)
        assert [lane] == client.zrange(keys.ready("shop"), 0, -1)
        assert (
            [key] == client.zrange(keys.open_events(), 0, -1) == client.zrange(keys.timeline("shop"), 0, -1)
        )
        assert {"shop"} == client.smembers(keys.sources())
        assert (1, 1) == (counted(client, "accepted"), counted(client, "pending"))
        assert 1 == client.llen(keys.rq_queue())

    def test_the_same_id_again_is_a_duplicate(self, client):
        """The dedupe key is the record: known means known, whatever became of it."""
        outcomes = [accepted(client, an_event()), accepted(client, an_event())]

        assert [[Outcome.ACCEPTED], [Outcome.DUPLICATE]] == outcomes
        assert 2 == record(client).deliveries
        assert 1 == client.llen(keys.lane("shop", "order-1"))

    def test_twice_in_one_batch_is_accepted_once(self, client):
        """A sender's impatient retry may arrive in the same millisecond."""
        assert [Outcome.ACCEPTED, Outcome.DUPLICATE] == accepted(client, an_event(), an_event())

    def test_the_same_id_with_another_body_is_altered(self, client):
        """A duplicate to the sender, an alarm to us."""
        accepted(client, an_event())

        assert [Outcome.ALTERED] == accepted(client, an_event(body=b"{}"))
        assert 1 == record(client).altered

    def test_a_guarded_body_under_another_id_is_a_copy(self, client):
        """Where the scheme signs the body alone, a captured delivery must not come back under a new id."""
        accepted(client, an_event("evt-1", guard_ms=1000))

        assert [Outcome.COPIED] == accepted(client, an_event("evt-2", guard_ms=1000))
        assert 0 == client.exists(keys.event("shop", "evt-2"))

    def test_a_quarantined_event_is_a_dead_letter_in_no_lane(self, client):
        """It is kept and can be looked at, and holds nothing up."""
        assert [Outcome.QUARANTINED] == accepted(
            client, an_event(quarantine="payload_invalid", error="not JSON")
        )

        assert Status.DEAD is record(client).status
        assert "payload_invalid" == record(client).reason
        assert [keys.event("shop", "evt-1")] == client.zrange(keys.dead(), 0, -1)
        assert 0 == client.exists(keys.lane("shop", "order-1"))

    def test_a_foreign_key_refuses_its_event_and_no_other(self, client):
        """Lua does not roll back, so every type is checked before the first write."""
        client.set(keys.lane("shop", "order-1"), "not a list")

        assert [Outcome.REFUSED, Outcome.ACCEPTED] == accepted(
            client, an_event(), an_event("evt-2", subject="order-2")
        )
        assert 0 == client.exists(keys.event("shop", "evt-1"))

    def test_a_burst_queues_one_shift(self, client):
        """An idle system has no jobs and a busy one does not drown in them."""
        for number in range(20):
            accepted(client, an_event(f"evt-{number}", subject=f"order-{number}"))

        assert 1 == client.llen(keys.rq_queue())

    def test_a_full_redis_refuses_before_it_writes(self, client):
        """Out of memory must be an error for the whole batch, never half an event."""
        client.config_set("maxmemory", "1mb")
        try:
            with pytest.raises(Exception, match="maxmemory"):
                accepted(client, an_event())
        finally:
            client.config_set("maxmemory", "0")

        assert [] == written(client)


class TestClaim:
    def test_a_claim_gives_event_body_and_token(self, client):
        """All that an attempt needs comes in one round trip."""
        accepted(client, an_event())

        (claim,) = claimed(client)

        assert an_event().body.decode() == claim["body"]
        assert Status.RUNNING is record(client).status
        assert 1 == record(client).attempt

    def test_a_claimed_lane_is_not_claimed_again(self, client):
        """The lease is the score: until it runs out nobody else gets the lane."""
        accepted(client, an_event())
        claimed(client)

        assert [] == claimed(client)

    def test_only_the_head_of_a_lane_is_claimed(self, client):
        """Events of one order are worked on one at a time, in the order of their acceptance."""
        accepted(client, an_event("evt-1"), an_event("evt-2"))

        assert [keys.event("shop", "evt-1")] == [claim["key"] for claim in claimed(client)]

    def test_sources_take_turns(self, client):
        """A flood of one source, however much longer it has waited, leaves every second place to the other."""
        accepted(client, *(an_event(f"evt-{n}", subject=f"order-{n}") for n in range(50)))
        late = [an_event(f"late-{n}", subject=f"order-{n}", source="other") for n in range(2)]
        accepted(client, *late)

        found = [claim["key"].split(":")[2] for claim in claimed(client, limit=6)]

        assert {"other": 2, "shop": 4} == Counter(found)
        assert "other" in found[:2]

    def test_a_small_limit_does_not_always_fall_to_the_same_source(self, client):
        """A worker that has room for one event at a time must come to every source."""
        for source in ("shop", "other"):
            accepted(client, *(an_event(f"evt-{n}", subject=f"order-{n}", source=source) for n in range(40)))

        found = {claim["key"].split(":")[2] for _ in range(40) for claim in claimed(client, limit=1)}

        assert {"shop", "other"} == found

    def test_tokens_only_grow(self, client):
        """A later holder must always beat an earlier one, also over a lane that was empty in between."""
        tokens = []
        for number in range(5):
            accepted(client, an_event(f"evt-{number}"))
            (claim,) = claimed(client)
            settled(client, claim, "succeeded", wait_ms=1000)
            tokens.append(int(claim["token"]))

        assert all(earlier < later for earlier, later in itertools.pairwise(tokens))

    def test_an_event_that_kills_its_worker_is_dead_after_three_claims(self, client):
        """A poison event must not take one worker after the other for ever."""
        accepted(client, an_event(), an_event("evt-2"))

        claims = []
        for _ in range(3):
            claims += claimed(client)
            expire_leases(client)
        after = claimed(client)

        assert [keys.event("shop", "evt-1")] * 3 == [claim["key"] for claim in claims]
        assert (Status.DEAD, "poison_crash", 3) == (
            record(client).status,
            record(client).reason,
            record(client).attempt,
        )
        assert [keys.event("shop", "evt-2")] == [c["key"] for c in after + claimed(client)]

    def test_an_event_that_reports_back_starts_its_crashes_anew(self, client):
        """A retry is not a crash."""
        accepted(client, an_event())
        for _ in range(5):
            (claim,) = claimed(client)
            settled(client, claim, "retrying")
            expire_leases(client)

        assert (Status.RETRYING, 0) == (record(client).status, record(client).crashes)

    def test_an_older_event_than_the_last_applied_is_stale(self, client):
        """A late delivery is worked on with the mark that the order has moved on."""
        accepted(client, an_event("evt-1", occurred="2000"))
        (claim,) = claimed(client)
        settled(client, claim, "succeeded", wait_ms=1000)
        accepted(client, an_event("evt-2", occurred="1000"))

        claimed(client)

        assert record(client, "evt-2").stale


class TestSettle:
    def test_success_advances_the_lane(self, client):
        """Close and advance are one step: there is no moment at which the lane waits for a closed event."""
        accepted(client, an_event("evt-1"), an_event("evt-2"))
        (claim,) = claimed(client)

        assert 1 == settled(client, claim, "succeeded", wait_ms=1000)

        assert Status.SUCCEEDED is record(client).status
        assert [keys.event("shop", "evt-2")] == [claim["key"] for claim in claimed(client)]

    def test_the_bytes_in_flight_are_those_of_events_in_flight(self, client):
        """The soft cap reads them: a count that drifts would close the door, or never close it."""
        first, second = an_event("evt-1", data={"note": "x" * 500}), an_event("evt-2")
        accepted(client, first, second, an_event("evt-3", quarantine="payload_invalid"))
        assert len(first.body) + len(second.body) == counted(client, "bytes")
        (claim,) = claimed(client)
        settled(client, claim, "succeeded", wait_ms=1000)
        assert len(second.body) == counted(client, "bytes")
        (claim,) = claimed(client)
        settled(client, claim, "dead")
        assert 0 == counted(client, "bytes")

        replayed(client, keys.event("shop", "evt-2"))

        assert len(second.body) == counted(client, "bytes")

    def test_the_last_event_of_a_lane_leaves_nothing_behind(self, client):
        """Lanes must not pile up."""
        accepted(client, an_event())
        (claim,) = claimed(client)
        settled(client, claim, "succeeded", wait_ms=1000)

        assert 0 == client.exists(keys.lane("shop", "order-1"), keys.ready("shop"), keys.open_events())

    @pytest.mark.parametrize("kind", ["step", "succeeded", "retrying", "dead", "pending"])
    def test_a_stale_token_changes_nothing(self, client, kind):
        """A worker that was frozen and wakes up later finds the door shut."""
        accepted(client, an_event())
        (zombie,) = claimed(client)
        expire_leases(client)
        (holder,) = claimed(client)
        before = client.hgetall(holder["key"])

        assert 0 == settled(client, zombie, kind, "step:0.0", "@now done 1 ")
        assert before == client.hgetall(holder["key"])

    @pytest.mark.parametrize("kind", ["step", "succeeded", "retrying", "pending"])
    def test_the_holder_of_a_buried_event_changes_nothing(self, client, kind):
        """
        Its token is still the event's last, and dead to pending is a legal move: an operator's.

        A worker that woke up and gave such an event back left it pending and in no lane.
        """
        accepted(client, an_event())
        (zombie,) = claimed(client, max_crashes=1)
        expire_leases(client)
        claimed(client, max_crashes=1)
        before = client.hgetall(zombie["key"])

        assert 0 == settled(client, zombie, kind, "step:0.0", "@now done 1 ")
        assert ("dead", before) == (before["status"], client.hgetall(zombie["key"]))
        assert 0 == client.exists(keys.ready("shop"), keys.lane("shop", "order-1"))

    def test_a_repeated_write_is_known(self, client):
        """A write whose answer was lost is sent again, and must not fail then."""
        accepted(client, an_event())
        (claim,) = claimed(client)

        assert [1, 2] == [settled(client, claim, "succeeded", wait_ms=1000) for _ in range(2)]
        assert 1 == counted(client, "succeeded")

    def test_a_note_renews_the_lease(self, client):
        """An event of many steps keeps its lane as long as it makes progress."""
        accepted(client, an_event())
        (claim,) = claimed(client)
        client.zadd(keys.ready("shop"), {claim["lane"]: 1})

        settled(client, claim, "step", "step:0.0", "@now intent 1 ")

        assert [] == claimed(client)
        assert "intent" == record(client).ledger["0.0"].state

    def test_a_retry_waits_at_the_head_of_its_lane(self, client):
        """Later events of the order do not overtake one that waits."""
        accepted(client, an_event("evt-1"), an_event("evt-2"))
        (claim,) = claimed(client)
        settled(client, claim, "retrying", wait_ms=60_000)

        assert [] == claimed(client)
        expire_leases(client)
        assert [keys.event("shop", "evt-1")] == [claim["key"] for claim in claimed(client)]

    def test_a_wait_can_use_no_attempt(self, client):
        """A rate limit is not the event's fault."""
        accepted(client, an_event())
        (claim,) = claimed(client)
        settled(client, claim, "retrying", uses_attempt=0)

        assert 0 == record(client).attempt

    def test_a_dead_letter_lets_its_lane_go_on(self, client):
        """The default policy: one bad event does not hold up its order."""
        accepted(client, an_event("evt-1"), an_event("evt-2"))
        (claim,) = claimed(client)
        settled(client, claim, "dead", "reason", "upstream_rejected")

        assert ("upstream_rejected", Status.DEAD) == (record(client).reason, record(client).status)
        assert [keys.event("shop", "evt-2")] == [claim["key"] for claim in claimed(client)]

    def test_a_dead_letter_holds_its_lane_where_the_source_says_so(self, client):
        """Later events of the order wait for the operator, and a replay lets them go on behind it."""
        accepted(client, an_event("evt-1"), an_event("evt-2"))
        (claim,) = claimed(client)
        settled(client, claim, "dead", hold=1)
        assert [] == claimed(client)

        assert 1 == replayed(client, keys.event("shop", "evt-1"))
        assert [keys.event("shop", "evt-1")] == [claim["key"] for claim in claimed(client)]

    def test_a_closed_record_expires_as_a_safety_net(self, client):
        """Nothing grows without bound, even if no sweep ever runs."""
        accepted(client, an_event())
        (claim,) = claimed(client)
        settled(client, claim, "succeeded", wait_ms=60_000)

        key = keys.event("shop", "evt-1")
        assert 0 < client.pttl(key) <= 60_000
        assert 0 < client.pttl(keys.body(key)) <= 60_000


class TestReplayAndDiscard:
    def dead(self, client, *, hold=0) -> str:
        accepted(client, an_event("evt-1"), an_event("evt-2"))
        (claim,) = claimed(client)
        settled(client, claim, "dead", "step:0.0", "@now done 1 ", "reason", "x", hold=hold)
        return claim["key"]

    def test_a_replay_keeps_the_ledger_and_counts_attempts_anew(self, client):
        """Finished steps stay finished; the retry policy starts from one."""
        key = self.dead(client)

        assert 1 == replayed(client, key)

        replayed_record = record(client)
        assert Status.PENDING is replayed_record.status
        assert "done" == replayed_record.ledger["0.0"].state
        assert (1, 1, 1) == (replayed_record.attempt, replayed_record.base, replayed_record.replays)
        assert 0 == client.zcard(keys.dead())

    def test_a_second_replay_of_the_same_event_does_nothing(self, client):
        """Two operators press the button at once; the event runs once."""
        key = self.dead(client)

        assert [1, 0] == [replayed(client, key), replayed(client, key)]

    def test_a_running_event_is_not_replayed(self, client):
        """It is at work already."""
        accepted(client, an_event())
        claimed(client)

        assert 0 == replayed(client, keys.event("shop", "evt-1"))

    def test_a_discarded_dead_letter_is_closed_and_frees_its_lane(self, client):
        """The operator's last word."""
        key = self.dead(client, hold=1)

        assert 1 == discarded(client, key)

        assert Status.DISCARDED is record(client).status
        assert [keys.event("shop", "evt-2")] == [claim["key"] for claim in claimed(client)]

    def test_only_a_dead_letter_can_be_discarded(self, client):
        """Discarding work in flight would lose it."""
        accepted(client, an_event())

        assert 0 == discarded(client, keys.event("shop", "evt-1"))


class TestResolve:
    def parked(self, client, state="unknown", *, hold=0) -> str:
        """A dead letter whose step 0.1 stands there, with another event of its order behind it."""
        accepted(client, an_event("evt-1"), an_event("evt-2"))
        (claim,) = claimed(client)
        steps = ("step:0.0", "@now done 1 ", "step:0.1", f"@now {state} 1 ")
        settled(client, claim, "dead", *steps, "reason", "outcome_unknown", hold=hold)
        return claim["key"]

    def resolve(self, client, key, step="0.1", ruling="done", *, again=1) -> list:
        return operated(client, "resolve", key, keys.body(key), step, ruling, "ola: seen", "{}", again)

    @pytest.mark.parametrize("state", ["unknown", "intent"])
    def test_a_step_ruled_done_is_done_and_the_event_goes_on(self, client, state):
        """One step: no moment in which the step is settled and the event forgotten."""
        key = self.parked(client, state)

        assert ["resolved", state, 1] == self.resolve(client, key)

        found = record(client)
        assert (Status.PENDING, "done", 1) == (found.status, found.ledger["0.1"].state, found.replays)
        (said,) = found.resolutions
        assert ("0.1", "done", state, "ola: seen") == (said.step, said.ruling, said.was, said.why)
        assert [] == client.zrange(keys.dead(), 0, -1)
        assert key in client.lrange(keys.lane("shop", "order-1"), 0, -1)

    def test_a_step_to_be_repeated_is_as_if_it_was_never_begun(self, client):
        """The others keep their results."""
        key = self.parked(client)

        assert ["resolved", "unknown", 1] == self.resolve(client, key, ruling="repeat")

        assert ["0.0"] == list(record(client).ledger)

    def test_a_lane_that_was_held_behind_it_goes_on_with_it(self, client):
        """The later events of the order run after it, as they came."""
        key = self.parked(client, hold=1)
        assert [] == claimed(client)

        self.resolve(client, key)

        assert [key] == [claim["key"] for claim in claimed(client)]

    def test_it_may_stay_dead(self, client):
        """The operator settles ten of them, and starts them when the target is well again."""
        key = self.parked(client)

        assert ["resolved", "unknown", 0] == self.resolve(client, key, again=0)

        assert (Status.DEAD, "done") == (record(client).status, record(client).ledger["0.1"].state)

    def test_a_second_word_on_the_same_step_is_refused(self, client):
        """Two operators settle it in two ways; the first one's word counts, and the second is told."""
        key = self.parked(client)
        self.resolve(client, key, again=0)

        assert ["state", "done"] == self.resolve(client, key, ruling="repeat", again=0)
        assert 1 == len(record(client).resolutions)

    @pytest.mark.parametrize(
        ("step", "answer"), [("0.0", ["state", "done"]), ("0.2", ["state", ""])], ids=["done", "never begun"]
    )
    def test_only_an_unknown_outcome_can_be_settled(self, client, step, answer):
        """A step that is done would be repeated, one that was never begun would be skipped."""
        key = self.parked(client)

        assert answer == self.resolve(client, key, step, "repeat")
        assert Status.DEAD is record(client).status

    def test_an_event_in_flight_is_left_to_its_worker(self, client):
        """Its step may be under way right now."""
        key = self.parked(client)
        replayed(client, key)

        assert ["status", "pending"] == self.resolve(client, key)
        assert ["status", ""] == self.resolve(client, keys.event("shop", "gone"))


class TestRelay:
    def test_nothing_is_queued_where_nothing_waits(self, client):
        """An idle system has no jobs."""
        assert 0 == relayed(client)

    def test_a_broken_chain_heals(self, client):
        """A shift that was killed, and whose job is gone, is followed by another as long as a lane waits."""
        accepted(client, an_event())
        client.delete(keys.rq_queue())

        assert [1, 0] == [relayed(client), relayed(client)]

    def test_a_lane_that_is_due_later_needs_one_shift_only(self, client):
        """A retry in five minutes must not keep every worker busy waiting."""
        accepted(client, an_event())
        claimed(client)
        client.delete(keys.rq_queue())

        assert 0 == relayed(client)
        assert 1 == relayed(client, ending="shift-1")


class TestSweep:
    def sweep(self, client) -> list[str]:
        return scripts.run_sync(client, "sweep", (), (0, 100))[1:]

    def test_a_healthy_inbox_needs_no_repair(self, client):
        """The count of repairs is a metric that must stay 0."""
        accepted(client, an_event("evt-1"), an_event("evt-2"))
        claimed(client)

        assert [] == self.sweep(client)
        assert 0 == counted(client, "repaired")

    @pytest.mark.parametrize("lost", ["lane", "ready"])
    def test_a_lost_index_is_written_anew(self, client, lost):
        """The record is the truth: what it says in flight is put back where workers find it."""
        accepted(client, an_event())
        client.delete(keys.lane("shop", "order-1") if lost == "lane" else keys.ready("shop"))
        client.delete(keys.ready("shop"))

        assert [keys.event("shop", "evt-1")] == self.sweep(client)
        assert 1 == len(claimed(client))


def test_the_script_knows_the_same_moves_as_the_table(client):
    """The table is passed to the scripts; a move that it does not hold is refused by them."""
    for start, end in itertools.product(Status, Status):
        assert (f" {start}>{end} " in lifecycle.moves_text()) == (end in lifecycle.MOVES[start])


class TestRetire:
    def retired(self, client, key, *, before=1 << 52) -> int:
        closed = f" {' '.join(lifecycle.CLOSED)} "
        args = (before, closed, key, keys.body(key))
        return scripts.run_sync(client, "retire", (keys.timeline("shop"),), args)[0]

    def test_a_closed_event_leaves_every_place(self, client):
        """All that stays of it is a number."""
        accepted(client, an_event())
        (claim,) = claimed(client)
        settled(client, claim, "succeeded", wait_ms=60_000)

        assert 1 == self.retired(client, claim["key"])
        assert (1, 1) == (counted(client, "succeeded"), counted(client, "retired.succeeded"))
        assert 0 == client.exists(claim["key"], keys.body(claim["key"]), keys.timeline("shop"))

    def test_an_event_that_was_started_again_meanwhile_stays(self, client):
        """
        Retention looks at a page of events and removes them a moment later.

        What an operator replayed in between was removed while its lane waited for it.
        """
        accepted(client, an_event())
        (claim,) = claimed(client)
        settled(client, claim, "succeeded", wait_ms=60_000)
        replayed(client, claim["key"])

        assert 0 == self.retired(client, claim["key"])
        assert [claim["key"]] == [claim["key"] for claim in claimed(client)]

    def test_an_event_that_is_not_old_enough_stays(self, client):
        """Its id must be known for as long as the source says."""
        accepted(client, an_event())
        (claim,) = claimed(client)
        settled(client, claim, "succeeded", wait_ms=60_000)

        assert 0 == self.retired(client, claim["key"], before=record(client).closed - 1)

    def test_what_expired_leaves_the_time_line(self, client):
        """A name without a record would be looked at for ever."""
        client.zadd(keys.timeline("shop"), {keys.event("shop", "gone"): 1})

        assert 0 == self.retired(client, keys.event("shop", "gone"))
        assert 0 == client.exists(keys.timeline("shop"))
