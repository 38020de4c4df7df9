"""`/api/v1/replays` over real HTTP: looked at first, then carried out behind the answer, and stopped."""

from console.commands.console import build
from console.scopes import Scope
from console.settings import console_settings
from receiver.config import read_config
from receiver.lifecycle import Status
from tests.support.events import accepted, an_event, record
from tests.support.rest import served
from tests.support.waiting import until
from workers.failures import Permanent
from workers.replays import Register


def _dead(orderhook, client, dies, count):
    dies("second", *(Permanent("no such installer") for _ in range(count)))
    accepted(client, *(an_event(f"evt-{n}", subject=f"order-{n}") for n in range(count)))
    orderhook.work()


def _state(caller, replay_id):
    return caller.get(f"/api/v1/replays/{replay_id}").data["state"]


def test_a_preview_tells_what_would_happen_and_changes_nothing(reader, orderhook, client, dies):
    """May I press the button? At three in the morning one looks first."""
    _dead(orderhook, client, dies, 2)

    found = reader.post("/api/v1/replays/preview", {"allDead": True}).data

    assert (2, 2) == (found["total"], found["shown"])
    assert ["done", "run"] == [step["fate"] for step in found["events"][0]["steps"]]
    assert Status.DEAD is record(client, "evt-0").status
    assert [] == reader.get("/api/v1/replays").data


def test_a_replay_starts_all_dead_letters_again(operator, orderhook, client, dies):
    """The API was down for an hour: everything that died in it goes again."""
    _dead(orderhook, client, dies, 3)

    reply = operator.post("/api/v1/replays", {"allDead": True, "ahead": 0, "why": "the API is back"})
    replay_id = reply.data["replayId"]
    until(lambda: _state(operator, replay_id) == "done", what="the replay ends")
    orderhook.work()

    assert (201, "operate", "the API is back", 3) == (
        reply.status,
        *(reply.data[name] for name in ("by", "why", "total")),
    )
    assert 3 == operator.get(f"/api/v1/replays/{replay_id}").data["moved"]
    assert {Status.SUCCEEDED} == {record(client, f"evt-{n}").status for n in range(3)}


def test_single_events_are_named(operator, orderhook, client, dies):
    """One order, fixed by hand, goes again; the others wait."""
    _dead(orderhook, client, dies, 2)

    reply = operator.post("/api/v1/replays", {"events": ["evt-1"], "why": "fixed"})
    until(lambda: _state(operator, reply.data["replayId"]) == "done", what="the replay ends")

    assert (Status.DEAD, Status.PENDING) == (record(client, "evt-0").status, record(client, "evt-1").status)


def test_a_slow_replay_is_paused_taken_up_and_cancelled(operator, orderhook, client, dies):
    """It turns out to make things worse: it must stop at once, and what it did not move stays dead."""
    _dead(orderhook, client, dies, 5)
    replay_id = operator.post("/api/v1/replays", {"allDead": True, "rate": 1, "why": "x"}).data["replayId"]

    assert "paused" == operator.post(f"/api/v1/replays/{replay_id}/pause").data["state"]
    assert "running" == operator.post(f"/api/v1/replays/{replay_id}/resume").data["state"]
    cancelled = operator.post(f"/api/v1/replays/{replay_id}/cancel").data

    assert ("cancelled", 5) == (cancelled["state"], cancelled["moved"] + cancelled["left"])
    assert 409 == operator.post(f"/api/v1/replays/{replay_id}/resume").status
    assert 404 == operator.post("/api/v1/replays/rp-00000000/pause").status


def test_a_console_that_stops_pauses_what_it_carries_out(orderhook, token_of, client, dies):
    """A deploy must not leave a replay that runs by name only."""
    _dead(orderhook, client, dies, 3)
    raw = read_config(environ={}, path=orderhook.path)
    with served(build(raw, console_settings(raw))) as caller:
        asked = {"allDead": True, "rate": 1, "why": "x"}
        operator = caller.having(token_of(Scope.OPERATE))
        replay_id = operator.post("/api/v1/replays", asked).data["replayId"]

    assert "paused" == Register(client).get(replay_id).state


def test_what_is_meant_must_be_said(operator, client):
    """A replay of everything must not be what an empty body means."""
    for body in ({"why": "x"}, {"why": "x", "events": ["a"], "allDead": True}):
        reply = operator.post("/api/v1/replays", body)
        assert (400, "body: name events by their ids, or ask for allDead, with filters") == (
            reply.status,
            reply.message,
        )
    assert 404 == operator.post("/api/v1/replays", {"why": "x", "events": ["nope"]}).status
    soon = operator.post("/api/v1/replays", {"why": "x", "allDead": True, "since": "soon"})
    assert "'soon' is no time" in soon.message
