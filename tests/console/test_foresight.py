"""What a replay would do with a step, by what the ledger says of it."""

import json

import pytest

from console.catalog import Catalog, stored_actions
from console.foresight import Fate, foresee
from receiver import keys
from receiver.inbox import Inbox
from tests.support.events import accepted, an_event, record
from workers.actions import Registry
from workers.workflows import load_workflow

NATURAL, KEYED, UNKEYED = "dispatch_order", "first", "mail"


@pytest.fixture(name="catalog")
def _catalog(client) -> Catalog:
    """A workflow with a step of three effect classes."""
    registry = Registry.load(["tests.support.deeds"])
    actions = [{"type": NATURAL}, {"type": KEYED}, {"type": UNKEYED}]
    workflow = load_workflow({"name": "w", "trigger": "order.created", "actions": actions}, known=registry)
    return Catalog(registry=registry, workflows=(workflow,), client=client)


@pytest.fixture(name="foreseen")
def _foreseen(client, catalog):
    """Makes a dead letter with these ledger entries, and says what a replay would do."""

    def build(*, pinned: bool = True, **entries: str):
        accepted(client, an_event())
        plan = {"plan": json.dumps([f"w@{catalog.workflows[0].version}"])} if pinned else {}
        steps = {f"step:0.{name[1]}": f"5 {state} 7 " for name, state in entries.items()}
        client.hset(keys.event("shop", "evt-1"), mapping={"status": "dead", **plan, **steps})
        found = record(client)
        return foresee(found, Inbox(client).body(found), catalog, trusts_payload=True)

    return build


def test_a_step_that_is_done_is_not_repeated_and_the_next_runs(foreseen):
    """The promise of a replay in one line."""
    assert [Fate.DONE, Fate.RUN, Fate.RUN] == [step.fate for step in foreseen(s0="done").steps]


def test_a_step_that_failed_without_effect_runs(foreseen):
    """`failed` says that nothing has happened on the other side."""
    assert Fate.RUN is foreseen(s0="failed").steps[0].fate


@pytest.mark.parametrize(
    ("place", "fate"),
    [("s0", Fate.LOOK), ("s1", Fate.REPEAT), ("s2", Fate.PARK)],
    ids=[NATURAL, KEYED, UNKEYED],
)
@pytest.mark.parametrize("state", ["intent", "unknown"])
def test_an_unknown_outcome_goes_by_the_effect_class(foreseen, place, fate, state):
    """May I press the button? For a mail that may be out already, the answer is: it will not be sent again."""
    (step,) = [step for step in foreseen(**{place: state}).steps if step.place == f"0.{place[1]}"]

    assert fate is step.fate


def test_an_event_that_was_never_matched_is_judged_by_todays_workflows(foreseen):
    """Nothing is pinned yet, so what stands in the file now decides."""
    assert [NATURAL, KEYED, UNKEYED] == [step.action for step in foreseen(pinned=False).steps]


def test_conditions_that_need_the_order_leave_the_answer_open(client, catalog):
    """A dry run makes no call; it says that the order decides."""
    definition = {
        "name": "w",
        "trigger": "order.created",
        "conditions": {"countryCode": "NO"},
        "actions": [{"type": KEYED}],
    }
    catalog = Catalog(
        registry=catalog.registry,
        workflows=(load_workflow(definition, known=catalog.registry),),
        client=client,
    )
    accepted(client, an_event())
    client.hset(keys.event("shop", "evt-1"), "status", "dead")
    found = record(client)

    foresight = foresee(found, Inbox(client).body(found), catalog, trusts_payload=True)

    assert [Fate.MAYBE] == [step.fate for step in foresight.steps]


def test_an_erased_body_is_an_obstacle(client, catalog):
    """A replay would be dead again at once; it need not be tried."""
    accepted(client, an_event())
    client.hset(keys.event("shop", "evt-1"), "status", "dead")

    foresight = foresee(record(client), None, catalog, trusts_payload=True)

    assert "the body was erased" in foresight.obstacle


def test_a_workflow_that_is_known_nowhere_is_an_obstacle(client, catalog):
    """Its definition is stored for 90 days; after that nobody knows what its steps were."""
    accepted(client, an_event())
    client.hset(keys.event("shop", "evt-1"), mapping={"status": "dead", "plan": '["gone@000000000000"]'})
    found = record(client)

    foresight = foresee(found, Inbox(client).body(found), catalog, trusts_payload=True)

    assert "gone@000000000000 is known nowhere" in foresight.obstacle


def test_stored_definitions_name_the_steps_without_a_configuration(client):
    """The story of an event is told on a machine that has no configuration file."""
    client.set(keys.workflow("w", "abc"), json.dumps({"actions": [{"type": "x"}, {"type": "y"}]}))

    assert ("x", "y") == stored_actions(client)("w@abc")
    assert () == stored_actions(client)("w@unknown")
