"""
All workflows there are: those of the file, those that come with providers, and those configured through the API.

Owns which of two of one name counts, and what becomes of one that cannot be used: it stays in the library with its
problems, and nothing is started by it. Pure: where each is kept is `workers.configured`'s matter.
"""

import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from ..actions import Registry
from .loading import load_workflow
from .problems import WorkflowErrors, WorkflowProblem
from .triggers import NAMESPACE
from .workflow import Workflow


class Origin(StrEnum):
    """Where a workflow comes from; only those of the API can be changed there."""

    FILE = "file"
    PROVIDER = "provider"
    API = "api"


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Who changed a configured workflow, when and how; *at* in milliseconds."""

    at: int
    by: str
    what: str
    version: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """A workflow as it was configured through the API; times in milliseconds."""

    guid: str
    definition: Mapping[str, Any]
    is_active: bool = True
    created: int = 0
    changes: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """
    One workflow of the library; *workflow* is None where it cannot be used, and *problems* say why.
    """

    guid: str
    origin: Origin
    name: str
    workflow: Workflow | None
    problems: tuple[WorkflowProblem, ...] = ()
    definition: Mapping[str, Any] = field(default_factory=dict)
    changes: tuple[Change, ...] = ()
    #: Whether it was switched on; one that cannot be used starts nothing all the same.
    switched_on: bool = True

    @property
    def is_managed(self) -> bool:
        """Return whether it is none of the API's, and so not to be changed there."""
        return self.origin is not Origin.API

    @property
    def is_active(self) -> bool:
        """Return whether it starts anything."""
        return self.workflow is not None and self.workflow.enabled


def library(
    file: Sequence[Workflow],
    *,
    provided: Sequence[Mapping[str, Any]] = (),
    stored: Sequence[Stored] = (),
    known: Registry,
) -> tuple[Entry, ...]:
    """
    Return every workflow, in the order in which an event's runs go: file, providers, API by age.

    Of two with one name the first counts; the other is kept with that as its problem.
    """
    found = [
        Entry(
            guid=managed_guid(one.name),
            origin=Origin.FILE,
            name=one.name,
            workflow=one,
            definition=one.definition,
            switched_on=one.enabled,
        )
        for one in file
    ]
    found += [_provided(definition, known) for definition in provided]
    found += [_stored(one, known) for one in sorted(stored, key=lambda one: (one.created, one.guid))]
    return tuple(_named_once(found))


def usable(entries: Sequence[Entry]) -> tuple[Workflow, ...]:
    """Return the workflows that can be used, enabled or not."""
    return tuple(entry.workflow for entry in entries if entry.workflow)


def managed_guid(name: str) -> str:
    """Return the guid of a workflow that has none of its own, the same on every machine."""
    return str(uuid.uuid5(NAMESPACE, f"workflow:{name}"))


def _provided(definition: Mapping[str, Any], known: Registry) -> Entry:
    name = str(definition.get("name", ""))
    entry = _loaded(definition, known)
    switched_on = bool(definition.get("enabled", True))
    return replace(entry, guid=managed_guid(name), origin=Origin.PROVIDER, switched_on=switched_on)


def _stored(one: Stored, known: Registry) -> Entry:
    entry = _loaded(one.definition, known)
    workflow = replace(entry.workflow, enabled=one.is_active) if entry.workflow else None
    return replace(entry, guid=one.guid, workflow=workflow, changes=one.changes, switched_on=one.is_active)


def _loaded(definition: Mapping[str, Any], known: Registry) -> Entry:
    name = str(definition.get("name", ""))
    entry = Entry(guid="", origin=Origin.API, name=name, workflow=None, definition=definition)
    try:
        return replace(entry, workflow=load_workflow(definition, known=known))
    except WorkflowErrors as error:
        return replace(entry, problems=error.problems)


def _named_once(entries: Sequence[Entry]) -> Iterator[Entry]:
    first: dict[str, Origin] = {}
    for entry in entries:
        yield _twin(entry, first[entry.name]) if entry.name in first else entry
        first.setdefault(entry.name, entry.origin)


def _twin(entry: Entry, first: Origin) -> Entry:
    message = f"another workflow, from the {first}, has this name; a name stands for one workflow"
    problem = WorkflowProblem(workflow=entry.name, step=None, key="name", message=message)
    return replace(entry, workflow=None, problems=(*entry.problems, problem))
