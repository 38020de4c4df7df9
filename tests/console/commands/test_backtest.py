"""`orderhook workflows backtest`: what would it have done?"""

import asyncio
import json
import urllib.request

import pytest
import tomlkit

from receiver import keys
from sandbox.config import SandboxConfig
from sandbox.server import serving
from tests.support import deeds
from tests.support.events import accepted, an_event, record, written
from workers.configured import written as stored_text
from workers.workflows.library import Stored

TODAY = {
    "name": "big orders",
    "trigger": "order.created",
    "conditions": {"total": {"$gte": 100}},
    "actions": [{"type": "first"}],
}
NEW = TODAY | {"conditions": {"country": "NO"}, "actions": [{"type": "first"}, {"type": "mail"}]}


@pytest.fixture(name="file")
def _file(tmp_path):
    """Writes a file of workflows; return its path as it is typed."""

    def write(*workflows: dict, **tables) -> str:
        path = tmp_path / "new.toml"
        path.write_text(tomlkit.dumps({"workflows": list(workflows)} | tables))
        return str(path)

    return write


@pytest.fixture(name="recorded")
def _recorded(client):
    """Four events: two big, two from Norway, one of them both; one of another type."""
    accepted(
        client,
        an_event("big", subject="1", data={"total": 500, "country": "SE"}),
        an_event("norwegian", subject="2", data={"total": 5, "country": "NO"}),
        an_event("both", subject="3", data={"total": 500, "country": "NO"}),
        an_event("neither", subject="4", data={"total": 5, "country": "SE"}),
        an_event("updated", subject="5", type="order.updated", data={"total": 500, "country": "NO"}),
    )


def test_matches_actions_and_differences_are_counted(orderhook, recorded, file):
    """Before a change goes live: whom does it reach, and whom does it leave?"""
    orderhook.configure(workflows=[TODAY])

    said = orderhook.run("workflows", "backtest", file(NEW))

    titles, row, *differences = said.out.splitlines()
    assert "WORKFLOW VERSION TODAY STARTED MATCHES OPEN NEW GONE ACTIONS" == " ".join(titles.split())
    assert ["4", "2", "0", "1", "1", "first", "2,", "mail", "2"] == row.split()[4:]
    assert [
        "big orders: matches now and not today: norwegian",
        "big orders: matches today and not now: big",
    ] == differences
    assert "5 events" in said.err
    assert "nothing was done" in said.err


def test_nothing_is_done_and_nothing_is_written(client, orderhook, recorded, file):
    """It may be run on production at noon."""
    before = {key: client.dump(key) for key in written(client)}

    orderhook.run("workflows", "backtest", file(NEW))

    assert ([], before) == (deeds.DEEDS, {key: client.dump(key) for key in written(client)})


def test_as_json_each_workflow_is_a_line(orderhook, recorded, file):
    """A pipeline fails on `lost` above zero."""
    orderhook.configure(workflows=[TODAY])

    (row,) = orderhook.run("workflows", "backtest", file(NEW), "--json").rows

    assert {"first": 2, "mail": 2} == row["actions"]
    assert (1, ["norwegian"], 1, ["big"]) == tuple(
        row[key] for key in ("gained", "gainedIds", "lost", "lostIds")
    )


def test_a_new_workflow_differs_from_nothing_and_an_unchanged_one_from_itself(orderhook, recorded, file):
    """The table says which is which."""
    orderhook.configure(workflows=[TODAY])

    said = orderhook.run("workflows", "backtest", file(TODAY, NEW | {"name": "new"}))

    _, unchanged, new, *differences = said.out.splitlines()
    assert ("the same", "none", []) == (" ".join(unchanged.split()[3:5]), new.split()[2], differences)


def test_todays_version_may_be_one_of_the_api(client, orderhook, recorded, file):
    """Wherever it comes from, it is what runs now."""
    orderhook.configure(workflows=[])
    client.hset(keys.configured(), "g", stored_text(Stored(guid="g", definition=TODAY)))

    (row,) = orderhook.run("workflows", "backtest", file(NEW), "--json").rows

    assert (1, 1) == (row["gained"], row["lost"])


def test_a_whole_configuration_shows_what_its_lack_of_a_workflow_would_lose(orderhook, recorded, file):
    """A workflow that fell out in a merge is the difference that nobody looks for."""
    orderhook.configure(workflows=[TODAY, NEW | {"name": "forgotten"}])

    whole = orderhook.run("workflows", "backtest", file(TODAY, sources={})).out.splitlines()
    part = orderhook.run("workflows", "backtest", file(TODAY)).out.splitlines()

    assert whole[2].startswith("forgotten (off)")
    said, _, ids = whole[3].rpartition(": ")
    assert ("forgotten: matches today and not now", {"both", "norwegian"}) == (said, set(ids.split(", ")))
    assert 2 == len(part)


def test_what_needs_the_order_is_counted_and_not_read(orderhook, recorded, file):
    """A thousand reads of a production API are a decision of their own."""
    orderhook.configure(workflows=[TODAY])
    workflow = NEW | {"conditions": {"country": "NO", "order.tags": {"$exists": True}}}

    said = orderhook.run("workflows", "backtest", file(workflow))

    assert ["4", "0", "2"] == said.out.splitlines()[1].split()[4:7]
    assert "2 events need the order; --fetch reads it, as it is now" in said.err
    assert "2 differences may come with what was not read" in said.out


@pytest.mark.anyio
async def test_with_fetch_the_order_is_read_once(client, orderhook, file):
    """Two events of one order are one read; an order that is gone is no order with that value."""
    async with serving(SandboxConfig(port=0, tokens=("token",))) as url:
        order_id = await asyncio.to_thread(_seeded, url)
        for name, subject in (("evt-1", order_id), ("evt-2", order_id), ("evt-3", "gone")):
            accepted(client, an_event(name, subject=subject))
        source = {"system": "installer", "scheme": {"type": "unsigned"}}
        orderhook.configure(
            sources={"shop": source | {"api": {"base_url": url, "token": "token"}}}, workflows=[]
        )
        path = file(NEW | {"conditions": {"order.countryCode": "NO"}})

        said = await asyncio.to_thread(orderhook.run, "workflows", "backtest", path, "--fetch")

    assert ["3", "2", "0"] == said.out.splitlines()[1].split()[4:7]
    assert "3 events need the order: read as it is now" in said.err


def _seeded(url: str) -> str:
    request = urllib.request.Request(f"{url}/_sandbox/seed", data=b"{}", method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["orders"][0]["value"]


def test_only_the_wanted_events_are_looked_at(orderhook, recorded, file):
    """A week of a source, or its newest hundred."""
    (newest,) = orderhook.run("workflows", "backtest", file(NEW), "--limit", "2", "--json").rows
    (none,) = orderhook.run("workflows", "backtest", file(NEW), "--source", "open", "--json").rows

    assert (1, 0) == (newest["started"], none["started"])


def test_an_event_whose_body_is_gone_is_left_out_and_told(client, orderhook, recorded, file):
    """An erasure must not look like a workflow that wants nothing."""
    client.delete(keys.body(record(client, "both").key))

    said = orderhook.run("workflows", "backtest", file(NEW))

    assert "1 event left out: the body is gone or unusable" in said.err


@pytest.mark.parametrize(
    ("text", "code", "message"),
    [
        pytest.param("x = 1", 2, "has no [[workflows]]", id="no-workflows"),
        pytest.param("[[workflows]]\nname = 'x'", 2, "workflows[0].trigger", id="unsound"),
        pytest.param("[[", 2, "expected TOML", id="no-toml"),
    ],
)
def test_a_file_that_cannot_be_used_is_told_why(orderhook, tmp_path, text, code, message):
    """The exit code is that of a wrong configuration."""
    path = tmp_path / "new.toml"
    path.write_text(text)

    said = orderhook.run("workflows", "backtest", str(path))

    assert code == said.code
    assert message in said.err


def test_a_file_that_is_not_there_is_told(orderhook, tmp_path):
    """A slip in the path is the commonest of all."""
    said = orderhook.run("workflows", "backtest", str(tmp_path / "none.toml"))

    assert 2 == said.code
    assert "none.toml" in said.err
