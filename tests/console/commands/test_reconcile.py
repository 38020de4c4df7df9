"""`orderhook reconcile`: did we lose any event?"""

import asyncio
import json
import threading
import urllib.request

import pytest

from sandbox.config import DispatchRules, SandboxConfig
from sandbox.server import serving
from tests.support.events import identity

UNSIGNED = {"type": "unsigned"}


@pytest.fixture(name="sandbox")
def _sandbox():
    """A sandbox on a loop of its own, since a command runs on one, too."""
    config = SandboxConfig(port=0, dispatch=DispatchRules(seeded=False))
    ready, over, urls = threading.Event(), asyncio.Event(), []

    async def serve():
        async with serving(config) as url:
            urls.append((url, asyncio.get_running_loop()))
            ready.set()
            await over.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()))
    thread.start()
    assert ready.wait(10)
    ((url, loop),) = urls
    yield url
    loop.call_soon_threadsafe(over.set)
    thread.join(10)


@pytest.fixture(name="compared")
def _compared(client, orderhook, sandbox):
    """Two sources with an order API, of which one can be compared; one order whose event never came."""
    identity(client)
    api = {"base_url": sandbox, "token": "sandbox-token"}
    own = {"system": "dispatch", "reconcile": {"grace_s": 0}, "scheme": UNSIGNED, "api": api}
    orderhook.configure(
        sources={"dispatch": own, "installer": {"system": "installer", "scheme": UNSIGNED, "api": api}}
    )
    order = json.dumps({"system": "dispatch"}).encode()
    with urllib.request.urlopen(f"{sandbox}/_sandbox/orders", order, 10) as answer:
        orderhook.order = json.load(answer)["guid"]
    return orderhook


def test_a_dry_run_shows_what_is_missing_and_fails(compared):
    """For a scheduler: 0 says that nothing was lost."""
    said = compared.run("reconcile", "--since", "1h", "--dry-run")

    assert 1 == said.code
    row = said.out.splitlines()[1]
    assert [compared.order, "pending", "missing", "order.created"] == [row.split()[n] for n in (0, 1, 5, 6)]
    assert "1 event missing, nothing written, since it is a dry run" in said.out
    assert "cannot compare: source installer: the Installer API documents no list" in said.err


def test_a_run_feeds_in_what_is_missing(compared):
    """And the next one finds it there."""
    first = compared.run("reconcile", "--source", "dispatch", "--json")
    again = compared.run("reconcile", "--source", "dispatch", "--json")

    assert (0, 0) == (first.code, again.code)
    assert (1, 1, 1) == tuple(first.rows[0][name] for name in ("listed", "missing", "fed"))
    assert (1, 1, 0) == tuple(again.rows[0][name] for name in ("listed", "known", "missing"))
    assert compared.order in compared.run("events", "list").out


def test_a_synthetic_event_says_what_it_is(compared):
    """Who reads it must not look for a delivery."""
    compared.run("reconcile", "--source", "dispatch")
    (event,) = compared.run("events", "list", "--json").rows

    said = compared.run("events", "show", event["eventId"])

    assert "synthetic: made by reconcile, since the sender's never came" in said.out


@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("--source", "installer"), 2, "documents no list of orders by the time of their change"),
        (("--source", "nobody"), 4, "no source 'nobody'"),
        (("--source", "dispatch", "--since", "soon"), 2, "--since 'soon' is no time"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, tuple) else None,
)
def test_what_cannot_be_compared_is_told(compared, words, code, expected):
    """A command that compares nothing and exits 0 would be believed."""
    said = compared.run("reconcile", *words)

    assert code == said.code
    assert expected in said.err


def test_an_api_that_does_not_answer_is_told(compared, sandbox):
    """Nothing was compared; the next run goes over the same time again."""
    faults = json.dumps({"faults": [{"fault": "status_500"}]}).encode()
    request = urllib.request.Request(f"{sandbox}/_sandbox/faults", faults, method="PUT")
    with urllib.request.urlopen(request, timeout=10):
        pass

    said = compared.run("reconcile", "--source", "dispatch")

    assert 1 == said.code
    assert "source dispatch: " in said.err
