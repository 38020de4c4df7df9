"""`/api/v1/audit` over real HTTP: the loss equation, and the trail of changes."""

import pytest

from receiver import keys
from tests.support.events import accepted, an_event


@pytest.mark.parametrize("walk", ["false", "true"])
def test_the_equation_holds_for_what_was_worked_on(operator, orderhook, client, walk):
    """Did we lose any event? is the first question of all."""
    accepted(client, an_event(), an_event("evt-2", source="open"))
    orderhook.work()

    found = operator.get(f"/api/v1/audit?walk={walk}").data

    assert (True, walk == "true") == (found["holds"], found["walked"])
    assert [("open", 1, 1), ("shop", 1, 1)] == [
        (one["source"], one["accepted"], one["accounted"]) for one in found["sources"]
    ]


def test_a_walk_over_all_records_is_no_look(reader):
    """It reads every event: a dashboard that did so each second would be an outage."""
    assert 403 == reader.get("/api/v1/audit?walk=true").status


@pytest.mark.parametrize("index", ["open", "timeline", "count"])
def test_what_is_missing_in_an_index_is_found_without_a_walk(reader, client, index):
    """A check that cannot fail proves nothing."""
    accepted(client, an_event())
    {
        "open": lambda: client.delete(keys.open_events()),
        "timeline": lambda: client.delete(keys.timeline("shop")),
        "count": lambda: client.hincrby(keys.counts(), "shop:accepted", 1),
    }[index]()

    found = reader.get("/api/v1/audit").data

    assert found["holds"] is False


def test_the_trail_of_changes_is_for_admins(reader, admin):
    """It tells who does what, which is not everybody's business."""
    admin.post("/api/v1/tokens", {"name": "grafana", "scope": "read", "why": "a dashboard"})

    assert 403 == reader.get("/api/v1/audit/changes").status
    (entry,) = admin.get("/api/v1/audit/changes").data
    assert ("createToken", "admin", "a dashboard", "done", 201) == tuple(
        entry[name] for name in ("what", "by", "why", "outcome", "status")
    )
    assert {"name": "grafana", "scope": "read"} == entry["facts"]
