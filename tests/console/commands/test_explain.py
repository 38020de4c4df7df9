"""`orderhook workflows explain`: why did my workflow not match?"""

import asyncio
import json
import urllib.request

import pytest

from sandbox.config import SandboxConfig
from sandbox.server import serving
from tests.support.events import accepted, an_event

NORWEGIAN = {
    "name": "norwegian",
    "trigger": "order.created",
    "conditions": {"countryCode": "NO", "total": {"$gte": 1000}},
    "actions": [{"type": "first"}],
}


def test_each_condition_is_shown_with_what_was_found(client, orderhook):
    """`NO` in the file and `no` in the payload are told apart at a glance."""
    orderhook.configure(workflows=[NORWEGIAN])
    accepted(client, an_event(data={"countryCode": "no", "total": 1500}))

    said = orderhook.run("workflows", "explain", "evt-1")

    assert 0 == said.code
    assert [
        "norwegian: does not want it",
        '    does not  countryCode $eq "NO": found "no"',
        "    holds     total $gte 1000: found 1500",
    ] == said.out.splitlines()


def test_a_workflow_that_the_event_does_not_start_says_why(client, orderhook):
    """A wrong trigger is the commonest reason of all."""
    accepted(client, an_event(type="order.updated"))
    orderhook.configure(
        workflows=[
            {"name": "other", "trigger": "order.created", "actions": [{"type": "first"}]},
            {"name": "off", "trigger": "order.updated", "actions": [{"type": "first"}], "enabled": False},
        ]
    )

    said = orderhook.run("workflows", "explain", "evt-1")

    assert "its trigger is order.created, the event is order.updated" in said.out
    assert "it is disabled" in said.out


def test_an_order_that_is_not_fetched_leaves_the_question_open(client, orderhook):
    """Without the network it still says which conditions hold, and what is missing."""
    orderhook.configure(workflows=[NORWEGIAN])
    accepted(client, an_event(data={"total": 1500}))

    said = orderhook.run("workflows", "explain", "evt-1", "--no-fetch")

    assert "norwegian: depends on the order, which was not fetched" in said.out
    assert '    depends   countryCode $eq "NO": not fetched' in said.out
    (row,) = orderhook.run("workflows", "explain", "evt-1", "--no-fetch", "--json").rows
    assert row["wanted"] is None


def test_without_an_api_an_order_cannot_be_fetched(client, orderhook):
    """The worker would fail in the same way; better to learn it here."""
    orderhook.configure(workflows=[NORWEGIAN])
    accepted(client, an_event(data={"total": 1500}))

    said = orderhook.run("workflows", "explain", "evt-1")

    assert 1 == said.code
    assert "sources.shop.api is not configured" in said.err


@pytest.mark.anyio
async def test_the_order_is_fetched_where_the_answer_depends_on_it(client, orderhook):
    """The payload carries no country; the order does, and the explanation must judge as a worker would."""
    async with serving(SandboxConfig(port=0, tokens=("token",))) as url:
        order_id = await asyncio.to_thread(_seeded, url)
        accepted(client, an_event(subject=order_id))
        api = {"base_url": url, "token": "token"}
        source = {"system": "installer", "scheme": {"type": "unsigned"}, "api": api}
        workflow = NORWEGIAN | {"conditions": {"countryCode": "NO"}}
        orderhook.configure(sources={"shop": source}, workflows=[workflow])

        said = await asyncio.to_thread(orderhook.run, "workflows", "explain", "evt-1")

    assert ["norwegian: wants it", '    holds     countryCode $eq "NO": found "NO"'] == said.out.splitlines()


def _seeded(url: str) -> str:
    """Have the sandbox make an order; return its id."""
    request = urllib.request.Request(f"{url}/_sandbox/seed", data=b"{}", method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["orders"][0]["value"]
