"""The library: which workflows there are, in which order, and which of two of one name counts."""

from workers.actions import Registry
from workers.workflows import load_workflow
from workers.workflows.library import Origin, Stored, library, managed_guid, usable

KNOWN = Registry.load()


def a_definition(name: str, **changes) -> dict:
    return {"name": name, "trigger": "order_created", "actions": [{"type": "dispatch_order"}]} | changes


def of_file(*names: str):
    return [load_workflow(a_definition(name), known=KNOWN) for name in names]


def test_the_order_is_file_then_providers_then_the_api_by_age():
    """An event's runs go in this order, on every worker the same."""
    stored = [
        Stored(guid=name, definition=a_definition(name), created=age) for name, age in (("c", 2), ("d", 1))
    ]

    found = library(of_file("b", "a"), provided=[a_definition("p")], stored=stored, known=KNOWN)

    assert [("b", "file"), ("a", "file"), ("p", "provider"), ("d", "api"), ("c", "api")] == [
        (entry.name, entry.origin) for entry in found
    ]
    assert ["b", "a", "p", "d", "c"] == [workflow.name for workflow in usable(found)]


def test_of_two_of_one_name_the_first_counts_and_the_other_says_why_not():
    """A file that takes a name takes it, whoever had it; and the loser is not gone."""
    found = library(of_file("x"), stored=[Stored(guid="g", definition=a_definition("x"))], known=KNOWN)

    assert [True, False] == [entry.is_active for entry in found]
    assert "another workflow, from the file" in found[1].problems[0].message
    assert 1 == len(usable(found))


def test_a_workflow_of_the_file_has_a_guid_that_stays():
    """A client may keep it: it does not depend on the machine, nor on the definition."""
    (entry,) = library(of_file("x"), known=KNOWN)

    assert (managed_guid("x"), True) == (entry.guid, entry.is_managed)


def test_a_switch_is_not_part_of_the_version():
    """Switching off and on again must not leave events pinned to two versions of the same."""
    definition = a_definition("x")
    on, off = (
        library([], stored=[Stored(guid="g", definition=definition, is_active=active)], known=KNOWN)[0]
        for active in (True, False)
    )

    assert (True, False) == (on.is_active, off.is_active)
    assert on.workflow.version == off.workflow.version


def test_one_of_a_provider_that_cannot_be_used_is_kept_with_its_problems():
    """A shop that was connected by a newer release must not stop an older worker."""
    (entry,) = library([], provided=[a_definition("p", actions=[{"type": "new"}])], known=KNOWN)

    assert (None, Origin.PROVIDER, "actions[0].type") == (entry.workflow, entry.origin, entry.problems[0].key)
