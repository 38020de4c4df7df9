"""`orderhook doctor` on a real Redis; that all is well with everything running is shown in `dev/test_dev.py`."""

import pytest

from console.embedded import free_port
from receiver import keys
from receiver.spool_store import SpoolStore, file_of
from tests.support.events import accepted, an_event
from tests.support.mail import mail_server
from workers.configured import written
from workers.workflows.library import Stored


def verdicts(orderhook, *words: str) -> dict[str, str]:
    """Return the worst verdict of each check."""
    found: dict[str, str] = {}
    for row in orderhook.run("doctor", "--json", *words).rows:
        found[row["check"]] = max(
            found.get(row["check"], "ok"), row["verdict"], key=["ok", "warn", "fail"].index
        )
    return found


def test_a_redis_that_is_well_passes_and_what_does_not_run_is_warned_of(orderhook):
    """On a fresh installation nothing has failed; it just is not started yet."""
    orderhook.configure(receiver={"port": free_port()})

    said = orderhook.run("doctor")

    assert 0 == said.code, said.out
    assert "durability    appendfsync always" in said.out
    assert verdicts(orderhook) == {
        "configuration": "ok",
        "Redis server": "ok",
        "durability": "ok",
        "clocks": "ok",
        "lanes": "ok",
        "workers": "warn",
        "dead letters": "ok",
        "receiver": "warn",
    }


def test_events_that_wait_for_no_worker_fail(client, orderhook):
    """The receiver answers 202 all night, and nobody works: health must not lie."""
    accepted(client, an_event())

    assert "fail" == verdicts(orderhook)["workers"]
    assert 1 == orderhook.run("doctor").code


def test_dead_letters_are_pointed_to(client, orderhook):
    """What to type next stands beside what is wrong."""
    accepted(client, an_event(quarantine="payload_invalid", error="not JSON"))

    said = orderhook.run("doctor")

    assert "1 wait for an operator" in said.out
    assert "→ orderhook dead-letters list" in said.out


def test_a_workflow_that_cannot_be_used_is_pointed_to(client, orderhook):
    """Its events are ignored, which looks like peace."""
    gone = {"name": "old", "trigger": "order.created", "actions": [{"type": "gone"}]}
    client.hset(keys.configured(), "g", written(Stored(guid="g", definition=gone)))

    said = orderhook.run("doctor")

    assert "'old' of the api starts nothing: actions[0].type: unknown action 'gone'" in said.out


@pytest.fixture(name="weak_fsync")
def _weak_fsync(client):
    client.config_set("appendfsync", "everysec")
    yield
    client.config_set("appendfsync", "always")


def test_a_weakness_that_is_allowed_is_a_warning(orderhook, weak_fsync):
    """The command passes where the receiver serves, and still says what a power loss would take."""
    disk = {"shop": {"scheme": {"type": "unsigned"}, "durability": "disk"}}
    orderhook.configure(receiver={"port": free_port()}, sources=disk)
    refused = verdicts(orderhook)
    orderhook.configure(receiver={"port": free_port(), "allow_weak_durability": True}, sources=disk)
    allowed = verdicts(orderhook)

    said = orderhook.run("doctor")

    assert ("fail", "warn", "warn") == (
        refused["Redis server"],
        allowed["Redis server"],
        allowed["durability"],
    )
    assert 0 == said.code
    assert "since allow_weak_durability is set" in said.out


def test_a_redis_that_is_down_does_not_hide_the_rest(orderhook):
    """The configuration is checked all the same, and what to do is said."""
    orderhook.configure(redis_url="redis://127.0.0.1:1/0")

    found = verdicts(orderhook)

    assert ("fail", "ok") == (found["Redis"], found["configuration"])
    assert "workers" not in found


def test_a_configuration_with_problems_is_shown_with_all_of_them(orderhook):
    """The commonest illness of all."""
    api = {"base_url": "http://127.0.0.1:1", "token": "env:NO_TOKEN"}
    scheme = {"type": "github", "secrets": ["env:NO_SECRET"]}
    orderhook.configure(sources={"shop": {"scheme": scheme, "system": "installer", "api": api}})

    said = orderhook.run("doctor")

    assert 1 == said.code
    assert "env:NO_SECRET is not set" in said.out
    assert "env:NO_TOKEN is not set" in said.out


def test_an_api_that_does_not_answer_fails(orderhook):
    """Every event that needs it would end in retries."""
    api = {"base_url": "http://127.0.0.1:1", "token": "t"}
    orderhook.configure(
        sources={"shop": {"scheme": {"type": "unsigned"}, "system": "installer", "api": api}},
    )

    assert "fail" == verdicts(orderhook)["API shop"]


def test_the_receiver_is_looked_at_from_outside_too(orderhook):
    """A proxy that loses the path is found before the sender finds it."""
    assert "warn" == verdicts(orderhook, "--url", "http://127.0.0.1:1")["public URL"]


def test_a_spool_is_looked_at_also_while_redis_is_down(orderhook):
    """What waits there is acknowledged: an operator must know of it when he throws a machine away."""
    folder = orderhook.path.parent / "spool"
    shop = orderhook.values["sources"]["shop"] | {"spool": "spool"}
    orderhook.configure(receiver={"port": free_port()}, sources={"shop": shop})
    unused = verdicts(orderhook)["spool shop"]
    store = SpoolStore(folder, "shop", max_bytes=1_000_000)
    store.add([(an_event(spooled=1_700_000_000_000), True)])
    store.close()
    orderhook.configure(redis_url="redis://127.0.0.1:1/0")

    said = orderhook.run("doctor")

    assert unused in ("ok", "warn")  # the tests may run on tmpfs
    assert f"1 events wait in {file_of(folder, 'shop')}" in said.out
    assert "warn" == verdicts(orderhook)["spool shop"]


def test_why_the_events_of_an_api_wait_is_said(client, orderhook):
    """A queue that stands still at three in the morning is either our fault or the API's."""
    api = {"base_url": "http://127.0.0.1:9", "token": "hush-hush-1"}
    orderhook.configure(sources={"shop": {"scheme": {"type": "unsigned"}, "system": "installer", "api": api}})
    client.hset(
        keys.budget("127.0.0.1:9 shop"),
        mapping={"open": "circuit_open", "what": "20 of 20 calls failed", "opened": "1", "probe": "1"},
    )

    said = orderhook.run("doctor")

    assert "127.0.0.1:9 shop: circuit open" in said.out
    assert "20 of 20 calls failed" in said.out
    assert "hush-hush-1" not in said.out


def test_paused_runs_are_told_of_and_are_not_taken_for_held_lanes(client, orderhook):
    """Both wait without an end; one for a decision about an order, the other for one about a failure."""
    steps = [{"type": "pause"}]
    orderhook.configure(workflows=[{"name": "ask", "trigger": "order.created", "actions": steps}])
    accepted(client, an_event("evt-1"), an_event("evt-2", subject="order-2"))
    orderhook.work()

    said = orderhook.run("doctor")

    assert "2 events are paused" in said.out
    assert "held lanes" not in verdicts(orderhook)
    client.zadd(keys.paused(), {keys.event("shop", "evt-1"): 0})
    assert "warn" == verdicts(orderhook)["paused"]


def test_the_mail_server_is_looked_at_without_a_letter(orderhook, tmp_path):
    """A login that expired is found before a customer waits for a letter."""
    with mail_server(tmp_path) as box:
        orderhook.configure(email=box.settings)
        assert "ok" == verdicts(orderhook)["e-mail"]
        assert [] == box.letters

        orderhook.configure(email=box.settings | {"password": "wrong"})
        said = orderhook.run("doctor")

    assert "email_login" in said.out
    assert "wrong" not in said.out
    assert "fail" == verdicts(orderhook)["e-mail"]
