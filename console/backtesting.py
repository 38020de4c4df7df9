"""
What workflows would have done about recorded events: the core behind `orderhook workflows backtest` and the API.

Asks triggers and conditions, as a worker would, of what the record and the body say now; does nothing, keeps nothing.
What a condition needs of an order API is counted, and read only where a reader is given.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from receiver.inbox import PAGE, Inbox
from receiver.record import Record
from workers.failures import Permanent
from workers.workflows import EntityType, Workflow, triggered

from .cases import passes_over, read_case
from .explaining import Case, Fetched
from .settings import ConsoleSettings

#: Event ids shown of each difference.
EXAMPLES = 5

#: Reads what an event is about; None where it cannot be had.
Reader: TypeAlias = Callable[[Record, EntityType], Mapping[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """
    A workflow to be tried, and the one of its name today; None where it is new.
    """

    workflow: Workflow
    today: Workflow | None = None

    @property
    def asked(self) -> tuple[Workflow, ...]:
        """
        Return the workflows whose answers count.
        """
        return (self.workflow, self.today) if self.today else (self.workflow,)

    @property
    def changed(self) -> bool:
        """
        Return whether today's is there, and another one.
        """
        return self.today is not None and (self.today.version, self.today.enabled) != (
            self.workflow.version,
            self.workflow.enabled,
        )


@dataclass(slots=True, kw_only=True)
class Tally:
    """
    What one trial would have done.

    Args:
        started: Events that its trigger is for.
        matched: Of these, those that its conditions hold for.
        open: Those for which that depends on what was not read.
        gained: Events that it would match and today's does not.
        lost: Events that today's matches and it would not.
        unsure: Events for which the difference depends on what was not read.

    """

    trial: Trial
    started: int = 0
    matched: int = 0
    open: int = 0
    gained: int = 0
    lost: int = 0
    unsure: int = 0
    gained_ids: list[str] = field(default_factory=list)
    lost_ids: list[str] = field(default_factory=list)

    @property
    def actions(self) -> Mapping[str, int]:
        """
        Return how often each kind of action would have run.
        """
        kinds = Counter(spec.type for spec in self.trial.workflow.actions)
        return {kind: times * self.matched for kind, times in kinds.items()}

    def count(self, event_id: str, now: bool | None, today: bool | None) -> None:  # noqa: FBT001 - two answers
        """
        Count what the two workflows say of one event; None is an answer that depends on what was not read.
        """
        self.matched += now is True
        self.open += now is None
        if self.trial.changed:
            self._compare(event_id, now, today)

    def _compare(self, event_id: str, now: bool | None, today: bool | None) -> None:  # noqa: FBT001 - as above
        if None in (now, today):
            self.unsure += 1
        elif now and not today:
            self.gained += 1
            _add(self.gained_ids, event_id)
        elif today and not now:
            self.lost += 1
            _add(self.lost_ids, event_id)


@dataclass(slots=True, kw_only=True)
class Backtest:
    """
    A backtest under way.

    Args:
        events: Recorded events looked at; *first* and *last* are when they were accepted, in milliseconds.
        unusable: Events that started one of the trials and whose body is gone or unusable.
        reads: Events for which something would have to be read, by what; *failed* of them could not be.

    """

    tallies: Sequence[Tally]
    settings: ConsoleSettings
    reader: Reader | None = None
    events: int = 0
    first: int = 0
    last: int = 0
    unusable: int = 0
    reads: Counter[EntityType] = field(default_factory=Counter)
    failed: int = 0

    def run(self, inbox: Inbox, records: Iterable[Record]) -> Iterator[int]:
        """
        Look at the records, yielding now and then at how many.
        """
        page: list[Record] = []
        for record in records:
            self.events += 1
            self.first = min(self.first or record.accepted, record.accepted)
            self.last = max(self.last, record.accepted)
            if record.readable and self._concerns(record):
                page.append(record)
            if len(page) == PAGE:
                self._look(inbox, page)
                page.clear()
            if self.events % PAGE == 0:
                yield PAGE
        self._look(inbox, page)
        yield self.events % PAGE

    def _concerns(self, record: Record) -> bool:
        echo = passes_over(record, self.settings)
        return any(_starts(one, record, echo=echo) for tally in self.tallies for one in tally.trial.asked)

    def _look(self, inbox: Inbox, page: Sequence[Record]) -> None:
        for record, body in zip(page, inbox.bodies(page), strict=True):
            try:
                case = read_case(record, body, self.settings)
            except Permanent:
                self.unusable += 1
            else:
                self._count(case)

    def _count(self, case: Case) -> None:
        fetched = self._fetched(case)
        for tally in self.tallies:
            answers = [_answer(one, case, fetched) for one in tally.trial.asked]
            tally.started += _starts(tally.trial.workflow, case.record, echo=case.passed_over)
            tally.count(case.record.id, answers[0], answers[-1])

    def _fetched(self, case: Case) -> Fetched:
        """Return what the answers depend on, as far as it is to be read."""
        asked = [one for tally in self.tallies for one in tally.trial.asked]
        needed = dict.fromkeys(one.entity_type for one in asked if _answer(one, case, {}) is None)
        self.reads.update(needed.keys())
        if self.reader is None:
            return {}
        found = {about: self.reader(case.record, about) for about in needed}
        self.failed += sum(entity is None for entity in found.values())
        return {about: entity for about, entity in found.items() if entity is not None}


def trials(workflows: Iterable[Workflow], today: Iterable[Workflow]) -> tuple[Trial, ...]:
    """
    Return the workflows with those of their names today.
    """
    known = {workflow.name: workflow for workflow in today}
    return tuple(Trial(workflow=one, today=known.get(one.name)) for one in workflows)


def _answer(workflow: Workflow, case: Case, fetched: Fetched) -> bool | None:
    if not _starts(workflow, case.record, echo=case.passed_over):
        return False
    return case.holds(workflow, fetched)


def _starts(workflow: Workflow, record: Record, *, echo: bool) -> bool:
    return workflow.is_for(record.source) and bool(
        triggered(record.type, record.stale, (workflow,), echo=echo)
    )


def _add(examples: list[str], event_id: str) -> None:
    if len(examples) < EXAMPLES:
        examples.append(event_id)


def as_json(tally: Tally) -> dict[str, Any]:
    """
    Return what one trial would have done, as the API and `--json` show it.
    """
    trial = tally.trial
    return {
        "workflow": trial.workflow.name,
        "version": trial.workflow.version,
        "today": trial.today.version if trial.today else None,
        "started": tally.started,
        "matched": tally.matched,
        "open": tally.open,
        "actions": dict(tally.actions),
        "gained": tally.gained,
        "lost": tally.lost,
        "unsure": tally.unsure,
        "gainedIds": tally.gained_ids,
        "lostIds": tally.lost_ids,
    }
