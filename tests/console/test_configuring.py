"""Workflows that are configured through the API, on a real Redis: who may change what."""

import pytest

from console.catalog import Catalog
from console.configuring import Conflicting, Hand, Unknown, Unsound, configure, remove, toggle
from receiver import keys
from receiver.config import read_config
from workers.configured import MOST_CHANGES, Configured
from workers.workflows.library import managed_guid

TAG = {"name": "Tag", "trigger": "order_created", "actions": [{"type": "assign_tag", "tag": "new"}]}
OLA, KARI = Hand(by="ola", at=1_000), Hand(by="kari", at=2_000)


@pytest.fixture(name="catalog")
def _catalog(client, orderhook):
    """Loads the library anew, as each request does; the file has one workflow, `both`."""
    return lambda: Catalog.load(read_config(environ={}, path=orderhook.path), client)


def test_a_new_workflow_is_active_and_has_a_version(catalog):
    """From now on events start it, so what it was when it began must be known for ever."""
    made = configure(catalog(), TAG, OLA)

    (entry,) = [one for one in catalog().entries if not one.is_managed]
    assert (made.guid, "Tag", True) == (entry.guid, entry.name, entry.is_active)
    assert [("ola", "created", entry.workflow.version)] == [
        (change.by, change.what, change.version) for change in entry.changes
    ]


def test_every_save_is_a_version_that_is_kept(client, catalog):
    """An event that is pinned to yesterday's is finished by yesterday's."""
    made = configure(catalog(), TAG, OLA)
    configure(catalog(), TAG | {"conditions": {"total": 1}}, KARI, guid=made.guid)

    (entry,) = [one for one in catalog().entries if not one.is_managed]
    versions = [change.version for change in entry.changes]
    assert [("ola", "created"), ("kari", "changed")] == [(one.by, one.what) for one in entry.changes]
    assert 2 == len(set(versions)) == client.exists(*(keys.workflow("Tag", version) for version in versions))
    assert "Tag" == catalog().pinned(f"Tag@{versions[0]}").name


def test_a_toggle_switches_and_is_no_new_version(catalog):
    """What it does has not changed, only whether it does."""
    made = configure(catalog(), TAG, OLA)

    toggle(catalog(), made.guid, KARI)

    (entry,) = [one for one in catalog().entries if not one.is_managed]
    assert (False, "disabled", "kari") == (entry.is_active, entry.changes[-1].what, entry.changes[-1].by)
    assert 1 == len({change.version for change in entry.changes})
    assert toggle(catalog(), made.guid, OLA).is_active


def test_what_is_taken_away_is_gone(catalog):
    """Its versions stay, for the events that began with it."""
    made = configure(catalog(), TAG, OLA)

    remove(catalog(), made.guid)

    assert ["both"] == [one.name for one in catalog().entries]
    assert catalog().pinned(f"Tag@{made.changes[-1].version}") is not None
    with pytest.raises(Unknown, match=made.guid):
        remove(catalog(), made.guid)


@pytest.mark.parametrize("change", [remove, lambda c, g: toggle(c, g, OLA)], ids=["remove", "toggle"])
def test_a_workflow_of_the_file_cannot_be_changed(catalog, change):
    """The file would bring it back at the next start, and nobody would know why."""
    with pytest.raises(Conflicting, match="comes from the file"):
        change(catalog(), managed_guid("both"))


def test_a_name_stands_for_one_workflow(catalog):
    """An event's runs are told apart by it, and so are their effects."""
    configure(catalog(), TAG, OLA)

    with pytest.raises(Conflicting, match="another workflow"):
        configure(catalog(), TAG, KARI)
    with pytest.raises(Conflicting, match="managed"):
        configure(catalog(), TAG | {"name": "both"}, KARI)


def test_all_problems_are_told_with_their_places(catalog):
    """Who repairs one and sends it again would meet the next."""
    unsound = {"name": "x", "trigger": "no trigger", "actions": [{"type": "assign_tag"}, {"type": "frist"}]}

    with pytest.raises(Unsound) as caught:
        configure(catalog(), unsound, OLA)

    assert ["trigger", "actions[0].tag", "actions[1].type"] == [one.key for one in caught.value.problems]


def test_what_its_entity_type_keeps_from_starting_is_refused(catalog):
    """Nobody reads a warning that an API cannot give."""
    with pytest.raises(Unsound, match="about Order"):
        configure(catalog(), TAG | {"entity_type": "Shipment"}, OLA)


def test_of_changes_at_the_same_time_none_is_lost(client, catalog):
    """Two people in two browsers: the second must not undo the first without a word."""
    made = configure(catalog(), TAG, OLA)
    faster = iter([lambda: toggle(catalog(), made.guid, KARI)])

    def decide(found):
        next(faster, lambda: None)()
        (one,) = found
        assert client.hlen(keys.configured()) == 1
        return {one.guid: one}

    Configured(client).change(decide)

    assert ["created", "disabled"] == [one.what for one in Configured(client).all()[0].changes]


def test_the_history_of_one_workflow_is_bounded(catalog):
    """A script that toggles each minute must not fill Redis."""
    made = configure(catalog(), TAG, OLA)
    for _ in range(MOST_CHANGES + 5):
        toggle(catalog(), made.guid, KARI)

    assert MOST_CHANGES == len(catalog().entries[-1].changes)


def test_one_that_cannot_be_read_is_broken_and_stops_nobody(client, catalog):
    """A hand that wrote into Redis, or a newer orderhook, must not take the others down."""
    client.hset(keys.configured(), "g-1", "{")

    broken = catalog().entries[-1]

    assert (None, True) == (broken.workflow, bool(broken.problems))
    assert ["both"] == [workflow.name for workflow in catalog().workflows]
