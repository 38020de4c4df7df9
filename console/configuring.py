"""
Workflows configured through the API: made, changed, switched and taken away.

Owns who may be changed and which names are free; the one core behind every door to it. A change takes effect with the
next shift, at the latest after `worker.shift_s`.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from workers.configured import Configured, changed
from workers.workflows import Workflow, WorkflowErrors, WorkflowProblem, load_workflow, workflow_warnings
from workers.workflows.library import Change, Entry, Stored

from .catalog import Catalog

#: Most workflows that are configured through the API: each event asks them all.
MOST = 500


class Refused(Exception):
    """The change cannot be made; the message is for a person."""


class Unknown(Refused):
    """There is no such workflow."""


class Conflicting(Refused):
    """It is managed, or its name is another's."""


class Unsound(Refused):
    """The definition cannot be used; *problems* name each place."""

    def __init__(self, problems: Sequence[WorkflowProblem]) -> None:
        self.problems = tuple(problems)
        super().__init__("; ".join(f"{one.key}: {one.message}" for one in problems))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hand:
    """Whose change it is and when, in milliseconds by Redis' clock."""

    by: str
    at: int


def configure(
    catalog: Catalog, definition: Mapping[str, Any], hand: Hand, *, guid: str | None = None
) -> Stored:
    """
    Make a workflow, or change the one of this guid; each change is a new version.

    Raises:
        Refused: The definition is unsound, the name taken, or the guid unknown or managed.

    """
    workflow = _sound(catalog, definition)
    store = Configured(catalog.client)
    store.keep_version(workflow)
    change = Change(at=hand.at, by=hand.by, what="changed" if guid else "created", version=workflow.version)
    if guid is None:
        return _put(store, lambda found: _made(catalog, found, definition, change))
    return _put(store, lambda found: _remade(catalog, found, definition, change, guid))


def toggle(catalog: Catalog, guid: str, hand: Hand) -> Stored:
    """
    Switch a workflow on or off, whichever it is not.

    Raises:
        Refused: The guid is unknown or managed.

    """

    def switched(found: Sequence[Stored]) -> Stored:
        old = _one(catalog, found, guid)
        what = "disabled" if old.is_active else "enabled"
        version = old.changes[-1].version if old.changes else ""
        change = Change(at=hand.at, by=hand.by, what=what, version=version)
        return changed(replace(old, is_active=not old.is_active), change)

    return _put(Configured(catalog.client), switched)


def remove(catalog: Catalog, guid: str) -> Stored:
    """
    Take a workflow away; events that are pinned to it are finished by it all the same.

    Raises:
        Refused: The guid is unknown or managed.

    """
    gone: list[Stored] = []

    def decide(found: Sequence[Stored]) -> Mapping[str, Stored | None]:
        gone[:] = [_one(catalog, found, guid)]
        return {guid: None}

    Configured(catalog.client).change(decide)
    return gone[0]


def _put(store: Configured, decide: Callable[[Sequence[Stored]], Stored]) -> Stored:
    """Store what *decide* returns, which may be asked again where somebody else was faster."""
    last: list[Stored] = []

    def change(found: Sequence[Stored]) -> Mapping[str, Stored | None]:
        last[:] = [decide(found)]
        return {last[0].guid: last[0]}

    store.change(change)
    return last[0]


def _made(catalog: Catalog, found: Sequence[Stored], definition: Mapping[str, Any], change: Change) -> Stored:
    _check_name(catalog, found, definition["name"], guid="")
    if len(found) >= MOST:
        raise Conflicting(f"{len(found)} workflows are configured; expected at most {MOST}")
    return changed(Stored(guid=str(uuid.uuid4()), definition=definition, created=change.at), change)


def _remade(
    catalog: Catalog, found: Sequence[Stored], definition: Mapping[str, Any], change: Change, guid: str
) -> Stored:
    old = _one(catalog, found, guid)
    _check_name(catalog, found, definition["name"], guid=guid)
    return changed(replace(old, definition=definition), change)


def _sound(catalog: Catalog, definition: Mapping[str, Any]) -> Workflow:
    try:
        workflow = load_workflow(definition, known=catalog.registry)
    except WorkflowErrors as error:
        raise Unsound(error.problems) from error
    # What is a warning of a file is an error here, where nobody would see a warning.
    never = [one for one in workflow_warnings([workflow]) if one.key == "entity_type"]
    if never:
        raise Unsound(never)
    return workflow


def _check_name(catalog: Catalog, found: Sequence[Stored], name: str, *, guid: str) -> None:
    if any(entry.is_managed and entry.name == name for entry in catalog.entries):
        raise Conflicting(f"the name {name!r} is that of a managed workflow")
    if any(one.definition.get("name") == name and one.guid != guid for one in found):
        raise Conflicting(f"the name {name!r} is that of another workflow; give its guid to change it")


def _one(catalog: Catalog, found: Sequence[Stored], guid: str) -> Stored:
    managed: Entry | None = next(
        (one for one in catalog.entries if one.guid == guid and one.is_managed), None
    )
    if managed is not None:
        raise Conflicting(f"the workflow {managed.name!r} is managed: it comes from the {managed.origin}")
    stored = next((one for one in found if one.guid == guid), None)
    if stored is None:
        raise Unknown(f"no workflow {guid}")
    return stored
