"""
One attempt of one event: find its workflows, walk their steps, and say how it ended.

Decides and acts by turns: what stands in the ledger decides whether a step runs, the action acts, and the result is
written before the next step begins. Knows nothing of rq, claims or lanes; `Books` is all it sees of Redis.
"""

import asyncio
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

from receiver.lifecycle import Status
from receiver.record import LedgerEntry, StepState

from . import ending, lease, pauses, provenance
from .actions import Action, EffectClass, Pause, Resumed, Step
from .budget import Visit, visiting
from .ending import Site
from .facts import Facts
from .failures import Failure, Permanent, Reason, Transient, classify, late
from .lease import LeaseLost
from .ledger import Claim, End, entry
from .planning import nothing_to_do, passed_over, plan
from .verifying import verify
from .views import event_view
from .workflows import Workflow
from .workshop import SourceRules, Workshop

#: A workflow and its place in the event's plan.
Run: TypeAlias = tuple[int, Workflow]


class _Release(Exception):
    """The attempt ends between two steps, because the worker must stop."""


async def attempt(shop: Workshop, claim: Claim) -> End | None:
    """Attempt a claimed event and settle it; return how it ended, None where another worker has it now."""
    visit = _Visit(shop, claim)
    try:
        with visiting(Visit.of(claim.record)):
            end = await visit.walk_in_time()
        await shop.books.end(claim, end)
    except LeaseLost:
        return None
    return end


@dataclass(slots=True)
class _Visit:
    """The state of one attempt while it runs."""

    shop: Workshop
    claim: Claim
    #: What is to be written with the next write: results wait for the intent that follows them.
    unwritten: dict[str, str] = field(default_factory=dict)
    #: Runs that begin with the next write.
    begins: int = 0
    at: Site = field(default_factory=lambda: Site(code=provenance.release()))

    @property
    def rules(self) -> SourceRules:
        return self.shop.rules_of(self.claim.record.source)

    async def walk_in_time(self) -> End:
        """Return how the attempt ends, at the latest when the event's time is up."""
        deadline_s = self.shop.event_deadline_s
        try:
            async with asyncio.timeout(deadline_s):
                return await self.walk()
        except TimeoutError:
            return self._failed(late(deadline_s))

    async def walk(self) -> End:
        """Return how the attempt ends; raises nothing but LeaseLost and cancellation."""
        try:
            facts = self._facts()
            if self.rules.verifies_by_fetch and self.claim.record.plan is None:
                await verify(self.shop, facts)
            stale, chosen = facts.event.stale, await plan(self.shop, self.claim, facts)
            self.unwritten |= chosen.fields
            echo = passed_over(self.shop, self.claim)
            timely = [
                (run, one) for run, one in enumerate(chosen.workflows) if one.runs(stale=stale, echo=echo)
            ]
            if not timely:
                reason = nothing_to_do(self.shop, self.claim, facts)
                return self._end(ending.closed(Status.IGNORED, reason, rules=self.rules))
            wanted = await self._newest_only(timely)
            if not wanted:
                return self._end(ending.closed(Status.SUPERSEDED, Reason.SUPERSEDED, rules=self.rules))
            self._begin(len(wanted))
            if paused := await self._paused(wanted, facts):
                return self._end(pauses.end(paused, self.claim, step=self.at.step))
        except _Release:
            return self._end(ending.released())
        except LeaseLost:
            raise
        except Exception as error:  # noqa: BLE001 - the edge of an attempt: whatever it is, the event is settled
            return self._failed(classify(error))
        return self._end(ending.closed(Status.SUCCEEDED, "", rules=self.rules))

    async def _paused(self, wanted: Sequence[Run], facts: Facts) -> Sequence[Pause]:
        """Walk the runs; return the pauses of those that wait, which keep no other from going on."""
        paused: list[Pause] = []
        for run, workflow in wanted:
            try:
                await self._run(run, workflow, facts)
            except Pause as pause:
                paused.append(pause)
        return paused

    def _facts(self) -> Facts:
        return Facts(
            event=event_view(self.claim.record, self.claim.body, trusts_payload=self.rules.trusts_payload),
            api=self.rules.api,
            trusts_payload=self.rules.trusts_payload,
            call_deadline_s=self.shop.call_deadline_s,
        )

    async def _newest_only(self, runs: Sequence[Run]) -> Sequence[Run]:
        """Return the runs but for those that leave the event to a newer one; what has begun is finished."""
        left = [(run, workflow) for run, workflow in runs if not workflow.latest_only]
        if len(left) == len(runs) or self.claim.record.ledger:
            return runs
        return left if await self.shop.books.superseded(self.claim) else runs

    def _begin(self, runs: int) -> None:
        """Let the event begin, unless its order, or the chain that it stands in, has had enough."""
        record = self.claim.record
        failure = self.rules.loops.too_much(record, self.claim.tally, runs=runs)
        if failure is not None:
            raise failure
        self.begins = 0 if record.ledger or record.replays else runs

    async def _run(self, run: int, workflow: Workflow, facts: Facts) -> None:
        for index, spec in enumerate(workflow.actions):
            name = f"{run}.{index}"
            action = self.shop.registry[spec.type]
            found = self.claim.record.ledger.get(name)
            if found is not None and found.state is StepState.DONE:
                continue
            self.at = _site(name, workflow, action)
            pause = pauses.standing(self.claim.record, name, now=self.claim.now)
            if isinstance(pause, Pause):
                raise pause
            self._refuse_unknown(action, found, name)
            if action.needs_order:
                await facts.read(workflow.entity_type)
            if self.shop.stopping.is_set():
                raise _Release
            step = self._step(workflow, index, facts, pause)
            await self._intend(name)
            await self._act(name, action, step, spec.params)

    def _refuse_unknown(self, action: Action, found: LedgerEntry | None, name: str) -> None:
        """Park a step that may have had its effect and cannot be asked; every other class of action may go on."""
        began = found is not None and found.state in (StepState.INTENT, StepState.UNKNOWN)
        if began and action.effect is EffectClass.UNKEYED:
            self.unwritten[f"step:{name}"] = entry(StepState.UNKNOWN, self.claim.token)
            raise _unknown_outcome(action)

    async def _intend(self, name: str) -> None:
        fields = {**self.unwritten, f"step:{name}": entry(StepState.INTENT, self.claim.token)}
        begins, self.begins, self.unwritten = self.begins, 0, {}
        await self.shop.books.note(self.claim, fields, begins=begins, window_ms=self.rules.loops.window_ms)

    async def _act(self, name: str, action: Action, step: Step, params: Any) -> None:
        deadline_s = self.shop.call_deadline_s
        try:
            async with asyncio.timeout(deadline_s) as clock:
                lease.check()
                result = await action.run(step, params)
        except LeaseLost:
            raise
        except Pause as pause:
            self.unwritten |= {
                f"step:{name}": entry(StepState.FAILED, self.claim.token, pauses.REASON),
                **pauses.note(name, pause),
            }
            raise
        except Exception as error:  # noqa: BLE001 - an action is foreign code; classify reads whatever it raised
            self._note_failure(name, action, late(deadline_s) if clock.expired() else classify(error))
        self.unwritten[f"step:{name}"] = entry(StepState.DONE, self.claim.token, result)

    def _note_failure(self, name: str, action: Action, failure: Failure) -> None:
        if failure.effect == "none":
            self.unwritten[f"step:{name}"] = entry(StepState.FAILED, self.claim.token, failure.reason)
        elif action.effect is EffectClass.UNKEYED:
            self.unwritten[f"step:{name}"] = entry(StepState.UNKNOWN, self.claim.token, failure.message)
            if isinstance(failure, Transient):
                raise _unknown_outcome(action) from failure
        raise failure

    def _step(self, workflow: Workflow, index: int, facts: Facts, resumed: Resumed | None) -> Step:
        event = facts.event
        return Step(
            event=event,
            about=workflow.entity_type,
            order=facts.known(workflow.entity_type),
            api=self.rules.api,
            targets=self.shop.targets,
            kit=self.shop.kit,
            resumed=resumed,
            shops=self.shop.shops,
            trusts_payload=self.rules.trusts_payload,
            idempotency_key=idempotency_key(event.source, event.id, workflow.name, index),
            attempt=self.claim.record.attempts_now,
            workflow=workflow.name,
            index=index,
        )

    def _failed(self, failure: Failure) -> End:
        shop = self.shop
        return self._end(
            ending.failed(
                failure, self.claim, rules=self.rules, policy=shop.policy, chance=shop.chance(), at=self.at
            )
        )

    def _end(self, end: End) -> End:
        """Return the end with the results that no intent has taken along."""
        return replace(end, fields={**self.unwritten, **end.fields})


def idempotency_key(source: str, event_id: str, workflow: str, index: int) -> str:
    """Return what names a step's effect to the other side: the same in every attempt and replay, 32 hex digits."""
    parts = (source, event_id, workflow, str(index))
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()[:32]


def _site(place: str, workflow: Workflow, action: Action) -> Site:
    code = (provenance.release(), f"{workflow.name}@{workflow.version}", action.code)
    return Site(step=f"{place} {workflow.name}: {action.name}", code=", ".join(code))


def _unknown_outcome(action: Action) -> Permanent:
    return Permanent(
        f"{action.name} may have had its effect and cannot be asked; a person must look before it is repeated",
        reason=Reason.OUTCOME_UNKNOWN,
        effect="unknown",
    )
