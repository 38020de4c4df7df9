"""`orderhook workflows explain`: why did my workflow not match?"""

import asyncio
import json
import urllib.request

import pytest

from receiver import keys
from sandbox.config import SandboxConfig
from sandbox.server import serving
from tests.support.events import accepted, an_event
from workers.configured import written
from workers.workflows.library import Stored

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


def a_workflow(name: str, **changes) -> dict:
    return {"name": name, "trigger": "order.created", "actions": [{"type": "first"}]} | changes


def test_whatever_else_decides_is_said_too(client, orderhook):
    """Conditions that all hold, and still nothing happened: the reason is somewhere else."""
    accepted(client, an_event())
    orderhook.configure(
        workflows=[
            a_workflow("late", trigger="order.updated"),
            a_workflow("shipments", entity_type="Shipment"),
            a_workflow("off", enabled=False),
            a_workflow("trial", mode="shadow"),
        ]
    )
    client.hset(keys.configured(), "g", written(Stored(guid="g", definition=a_workflow("b", actions=[]))))

    rows = orderhook.run("workflows", "explain", "evt-1", "--json").rows

    found = {row["workflow"]: [one["code"] for one in (*row["hindrances"], *row["remarks"])] for row in rows}
    assert {
        "late": ["trigger"],
        "shipments": ["entity_type"],
        "off": ["disabled"],
        "trial": ["shadow"],
        "b": ["broken"],
    } == found
    assert ["api"] == [row["from"] for row in rows if row["workflow"] == "b"]


def test_an_echo_and_a_shop_are_told_as_hindrances(client, orderhook):
    """Both keep back a workflow whose trigger and conditions fit, and neither shows in the payload."""
    accepted(client, an_event(), an_event("evt-2", source="shopify-1a2b3c4d"))
    client.hset(keys.event("shop", "evt-1"), "echo", "assign_tag shop evt-0")
    orderhook.configure(workflows=[a_workflow("w"), a_workflow("v", on_echo="run")])

    found = {
        event_id: [
            [one["code"] for one in row["hindrances"]]
            for row in orderhook.run("workflows", "explain", event_id, "--json").rows
        ]
        for event_id in ("evt-1", "evt-2")
    }

    assert {"evt-1": [["echo"], []], "evt-2": [["shop"], ["shop"]]} == found


def test_a_version_that_the_event_is_pinned_to_is_told_from_todays(client, orderhook):
    """It ran by yesterday's conditions; today's would have said no."""
    accepted(client, an_event(data={"total": 5}))
    orderhook.configure(workflows=[a_workflow("w", conditions={"total": 5}), a_workflow("x", enabled=False)])
    orderhook.work()
    orderhook.configure(workflows=[a_workflow("w", conditions={"total": 6}), a_workflow("x")])

    said = orderhook.run("workflows", "explain", "evt-1")

    assert "the event was planned with version" in said.out
    assert "the event was planned without it, and stays so" in said.out


def test_a_workflow_that_is_gone_is_still_told_of_an_event_that_it_ran(client, orderhook):
    """The effect is there, and no list of today names its cause."""
    accepted(client, an_event())
    orderhook.configure(workflows=[a_workflow("yesterday's")])
    orderhook.work()
    orderhook.configure(workflows=[a_workflow("today's")])

    said = orderhook.run("workflows", "explain", "evt-1")
    (row,) = orderhook.run("workflows", "explain", "evt-1", "--json").rows

    assert said.out.startswith("the event was planned with yesterday's@")
    assert ["planned_gone"] == [one["code"] for one in row["decided"]]


def test_of_a_hint_the_conditions_see_nothing(client, orderhook):
    """The payload shows the country, and the condition finds none: without a word that is a riddle."""
    hint = {"system": "installer", "trust": "hint", "scheme": {"type": "unsigned"}}
    hint |= {"api": {"base_url": "http://127.0.0.1:1", "token": "token"}}
    orderhook.configure(sources={"shop": hint}, workflows=[NORWEGIAN])
    accepted(client, an_event(data={"countryCode": "NO", "total": 5000}))

    said = orderhook.run("workflows", "explain", "evt-1", "--no-fetch")

    assert said.out.startswith("its source is trusted as a hint only")
    assert "norwegian: depends on the order, which was not fetched" in said.out


def test_a_secret_is_never_shown_and_personal_data_only_where_it_was_asked_for(client, orderhook):
    """The output ends up in a ticket."""
    conditions = {
        "api_token": "abc",
        "customer": {"$exists": True},
        "contact": {"$contains": {"name": "Kari"}},
        "contact.0.name": "Ola",
    }
    orderhook.configure(workflows=[a_workflow("w", conditions={"$or": [conditions]})])
    contact = [{"name": "Kari", "password": "hunter2"}]
    data = {"api_token": "s3cret", "customer": {"name": "Nordmann"}, "contact": contact}
    accepted(client, an_event(data=data))

    said = orderhook.run("workflows", "explain", "evt-1")

    for hidden in ("s3cret", "hunter2", "Nordmann"):
        assert hidden not in said.out
    assert 'customer $exists true: found "a mapping"' in said.out
    assert 'contact.0.name $eq "Ola": found "Kari"' in said.out


def _seeded(url: str) -> str:
    """Have the sandbox make an order; return its id."""
    request = urllib.request.Request(f"{url}/_sandbox/seed", data=b"{}", method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.load(answer)["orders"][0]["value"]
