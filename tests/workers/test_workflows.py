"""
Workflows: loading definitions, versions, and which ones an event starts.
"""

import json
import re
import tomllib
from datetime import UTC, date, datetime
from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.actions import Registry, action
from workers.actions.building import build
from workers.actions.marking import mark_of
from workers.conditions import View, holds
from workers.workflows import (
    WorkflowErrors,
    load_workflow,
    load_workflows,
    triggered,
    workflow_warnings,
)
from workers.workflows.triggers import INSTALLER_EVENT_TYPES, TRIGGERS, Standing, code_of

REGISTRY = Registry.load()


def a_definition(**changes):
    definition = {
        "name": "Tag and dispatch new orders",
        "entity_type": "Order",
        "trigger": "order_created",
        "conditions": {"countryCode": "NO"},
        "actions": [{"type": "assign_tag", "tag": "imported"}, {"type": "dispatch_order"}],
        **changes,
    }
    return {key: value for key, value in definition.items() if value is not ...}


def a_workflow(**changes):
    return load_workflow(a_definition(**changes), known=REGISTRY)


def problems_of(*definitions):
    with pytest.raises(WorkflowErrors) as caught:
        load_workflows(definitions, known=REGISTRY)
    return caught.value.problems


def test_a_definition_of_the_configuration_file_is_loaded():
    """The example of the documentation, through the parser of the file."""
    text = """
        [[workflows]]
        name = "Tag and dispatch new orders"
        entity_type = "Order"
        trigger = "order_created"
        conditions = { "countryCode" = "NO" }
        actions = [ { type = "assign_tag", tag = "imported" }, { type = "dispatch_order" } ]
    """

    (workflow,) = load_workflows(tomllib.loads(text)["workflows"], known=REGISTRY)

    assert (workflow.name, workflow.trigger, workflow.enabled, workflow.on_stale) == (
        "Tag and dispatch new orders",
        "order_created",
        True,
        "skip",
    )
    assert [step.type for step in workflow.actions] == ["assign_tag", "dispatch_order"]
    assert holds(workflow.conditions, View(event={}, data={"countryCode": "NO"}))


def test_entity_type_conditions_and_the_flags_have_defaults():
    """The shortest workflow says what starts it and what it does."""
    workflow = a_workflow(entity_type=..., conditions=...)

    assert (workflow.entity_type, workflow.enabled, workflow.on_stale) == ("Order", True, "skip")
    assert holds(workflow.conditions, View(event={}, data={})) is True


def test_the_parameters_of_a_step_are_the_model_of_its_action():
    """They are validated once, here, and given to the action as they are."""
    step, _ = a_workflow().actions

    assert isinstance(step.params, REGISTRY["assign_tag"].params)


@pytest.mark.parametrize(
    ("changes", "key", "step", "message"),
    [
        pytest.param({"name": ...}, "name", None, "is required", id="no-name"),
        pytest.param({"name": ""}, "name", None, "String should have at least 1 character", id="empty-name"),
        pytest.param(
            {"name": " x"}, "name", None, "expected printable text without spaces around it", id="space"
        ),
        pytest.param(
            {"name": "a\nb"}, "name", None, "expected printable text without spaces around it", id="newline"
        ),
        pytest.param({"trigger": ...}, "trigger", None, "is required", id="no-trigger"),
        pytest.param(
            {"trigger": "order created"},
            "trigger",
            None,
            "expected an event type such as order.created, or its code order_created",
            id="trigger-form",
        ),
        pytest.param(
            {"triger": "x"},
            "triger",
            None,
            "unknown key; known: name, entity_type, trigger, conditions, actions, enabled, mode, on_stale, on_echo, latest_only",
            id="unknown-key",
        ),
        pytest.param(
            {"entity_type": "order"},
            "entity_type",
            None,
            "Input should be 'Order', 'Shipment', 'Customer' or 'Product'",
            id="entity-type",
        ),
        pytest.param({"on_stale": "ask"}, "on_stale", None, "Input should be 'skip' or 'run'", id="on-stale"),
        pytest.param({"actions": ...}, "actions", None, "is required", id="no-actions"),
        pytest.param({"actions": []}, "actions", None, "expected at least one action", id="empty-actions"),
        pytest.param(
            {"actions": ["dispatch_order"]}, "actions[0]", None, "valid dictionary", id="action-as-text"
        ),
        pytest.param(
            {"actions": [{"tag": "x"}]}, "actions[0].type", 0, "expected the name of an action", id="no-type"
        ),
        pytest.param(
            {"actions": [{"type": "fetch_order"}, {"type": "dispach_order"}]},
            "actions[1].type",
            1,
            f"unknown action 'dispach_order'; known: {', '.join(sorted(REGISTRY))}; did you mean dispatch_order?",
            id="unknown-action",
        ),
        pytest.param(
            {"actions": [{"type": "assign_tag"}]}, "actions[0].tag", 0, "is required", id="no-parameter"
        ),
        pytest.param(
            {"actions": [{"type": "assign_tag", "tag": 5}]},
            "actions[0].tag",
            0,
            "valid string",
            id="parameter-kind",
        ),
        pytest.param(
            {"actions": [{"type": "assign_tag", "tag": "x", "tags": "y"}]},
            "actions[0].tags",
            0,
            "unknown key; known: tag",
            id="unknown-parameter",
        ),
        pytest.param(
            {"actions": [{"type": "dispatch_order", "tag": "x"}]},
            "actions[0].tag",
            0,
            "unknown key; known: none",
            id="no-parameters-at-all",
        ),
        pytest.param(
            {"conditions": {"total": {"$gtt": 5}}},
            "conditions.total.$gtt",
            None,
            "unknown operator $gtt here",
            id="condition",
        ),
        pytest.param(
            {"conditions": {"createdAt": datetime(2025, 1, 15, tzinfo=UTC)}},
            "conditions.createdAt",
            None,
            "put a date or time in quotes",
            id="condition-date",
        ),
        pytest.param({"conditions": "all"}, "conditions", None, "valid dictionary", id="condition-kind"),
    ],
)
def test_a_wrong_definition_is_told_where_and_what(changes, key, step, message):
    """Whoever reads it has the file open: workflow, key and what is possible there must be in the message."""
    (problem,) = problems_of(a_definition(**changes))

    assert (problem.key, problem.step) == (f"workflows[0].{key}", step)
    assert message in problem.message


def test_all_problems_of_all_definitions_are_told_at_once():
    """With the names of the workflows they are in."""
    found = problems_of(
        a_definition(
            name="A", trigger="?", conditions={"a": {"$x": 1}}, actions=[{"type": "no"}, {"type": "nor"}]
        ),
        a_definition(name="B"),
        a_definition(name="C", enabled="perhaps"),
    )

    assert [(problem.workflow, problem.key) for problem in found] == [
        ("A", "workflows[0].trigger"),
        ("A", "workflows[0].conditions.a.$x"),
        ("A", "workflows[0].actions[0].type"),
        ("A", "workflows[0].actions[1].type"),
        ("C", "workflows[2].enabled"),
    ]


def test_two_workflows_of_one_name_are_a_problem():
    """The name stands for the workflow in the record of every event."""
    (problem,) = problems_of(a_definition(), a_definition(trigger="order_updated"))

    assert (problem.key, problem.message) == (
        "workflows[1].name",
        "the name is used 2 times; a name stands for one workflow",
    )


def test_the_error_reads_like_a_list():
    """It is shown as it is where nobody formats it."""
    (problem,) = problems_of(a_definition(trigger="?"))

    assert str(problem).startswith("workflow 'Tag and dispatch new orders': workflows[0].trigger: expected")


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.dates(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.one_of(
        json_values,
        st.fixed_dictionaries(
            {},
            optional=dict.fromkeys(
                ["name", "trigger", "conditions", "actions", "enabled", "on_stale", "x"], json_values
            ),
        ),
        st.builds(
            lambda actions: a_definition(actions=actions),
            st.lists(st.dictionaries(st.just("type"), json_values)),
        ),
    )
)
def test_any_definition_is_loaded_or_refused(raw):
    """It may come from a file, an environment variable or the API: one kind of error, whatever it is."""
    try:
        workflow = load_workflow(raw, known=REGISTRY)
    except WorkflowErrors as error:
        assert error.problems
    else:
        assert workflow.version


def test_a_definition_too_deep_is_refused():
    """Recursion must not end the process that reads it."""
    deep: list = []
    for _ in range(100_000):
        deep = [deep]

    (problem,) = problems_of(a_definition(conditions={"a": deep}))

    assert problem.message.startswith("is not JSON")


def test_the_version_is_twelve_hex_digits():
    """Short enough to be read out, long enough not to meet another."""
    assert re.fullmatch("[0-9a-f]{12}", a_workflow().version)


def test_the_version_ignores_the_order_of_keys():
    """Moving a line in the file changes nothing that an event could notice."""
    definition = a_definition()

    assert load_workflow(dict(reversed(definition.items())), known=REGISTRY).version == a_workflow().version


@pytest.mark.parametrize(
    "changes",
    [
        pytest.param({"name": "Other"}, id="name"),
        pytest.param({"conditions": {"countryCode": "SE"}}, id="conditions"),
        pytest.param(
            {"actions": [{"type": "dispatch_order"}, {"type": "assign_tag", "tag": "imported"}]}, id="order"
        ),
        pytest.param({"on_stale": "run"}, id="on_stale"),
    ],
)
def test_the_version_changes_with_the_definition(changes):
    """An event goes on with the version it began with."""
    assert a_workflow(**changes).version != a_workflow().version


def test_the_version_is_the_same_in_every_process_and_release():
    """It is stored with events: a change of the canonical form would orphan them."""
    assert a_workflow().version == "790e7f0d1c36"


def test_a_stored_definition_makes_the_same_workflow():
    """A pinned version is loaded from what Redis kept of it."""
    workflow = a_workflow(name="Blåbær 蓝莓")

    again = load_workflow(json.loads(json.dumps(workflow.definition)), known=REGISTRY)

    assert again == workflow


def test_a_date_of_the_file_is_kept_as_text_and_read_again():
    """TOML has dates, JSON has not; an action that takes one must not lose it on the way through Redis."""

    @action("remind", effect="natural")
    def remind(step, *, on: date):
        """Do nothing."""

    registry = Registry({"remind": build(remind, mark_of(remind))})
    raw = tomllib.loads(
        'name = "R"\ntrigger = "order_created"\nactions = [ { type = "remind", on = 2026-01-15 } ]'
    )

    workflow = load_workflow(raw, known=registry)

    assert workflow.definition["actions"] == [{"type": "remind", "on": "2026-01-15"}]
    assert load_workflow(workflow.definition, known=registry) == workflow


def test_a_read_only_mapping_is_a_definition_too():
    """Configuration is handed on frozen; the version must not depend on it."""
    frozen = MappingProxyType(a_definition(conditions=MappingProxyType({"countryCode": "NO"})))

    assert load_workflow(frozen, known=REGISTRY) == a_workflow()


def test_what_has_no_form_in_json_is_refused():
    """A definition is stored with the events that it handled."""
    (problem,) = problems_of(a_definition(actions=[{"type": "assign_tag", "tag": {"a", "set"}}]))

    assert (problem.key, problem.message) == ("workflows[0]", "is not JSON: a set has no form in JSON")


@pytest.mark.parametrize(
    ("trigger", "event_type", "starts"),
    [
        pytest.param("order.created", "order.created", True, id="event-type"),
        pytest.param("order_created", "order.created", True, id="code"),
        pytest.param("workflow_step_completed", "workflow.step.completed", True, id="code-of-three"),
        pytest.param("order_created", "order.updated", False, id="another"),
        pytest.param("order_created", "order_created", True, id="a-sender-that-sends-codes"),
        pytest.param("order.created", "order_created", False, id="dots-are-exact"),
        pytest.param("order", "order.created", False, id="no-prefixes"),
        pytest.param("order_status_changed", "order.completed", True, id="status-completed"),
        pytest.param("order_status_changed", "order.cancelled", True, id="status-cancelled"),
        pytest.param("order_status_changed", "order.dispatched", True, id="status-dispatched"),
        pytest.param("order_status_changed", "order.assigned", True, id="status-assigned"),
        pytest.param("order_status_changed", "order.created", False, id="created-is-no-change"),
        pytest.param("order_status_changed", "order.updated", False, id="updated-is-no-status"),
        pytest.param("order_status_changed", "booking.created", False, id="a-booking-has-another-id"),
        pytest.param("order_status_changed", "order.status_changed", True, id="status-by-name"),
        pytest.param("order_status_changed", "order.status.changed", True, id="status-by-dotted-name"),
        pytest.param("Order.Created", "order.created", False, id="case-matters"),
    ],
)
def test_a_trigger_admits_a_type_its_code_or_a_change_of_status(trigger, event_type, starts):
    """The two systems spell triggers differently; both spellings work for both."""
    workflow = a_workflow(trigger=trigger)

    assert triggered(event_type, False, [workflow]) == ((workflow,) if starts else ())


@pytest.mark.parametrize(
    ("changes", "stale", "starts"),
    [
        pytest.param({}, False, True, id="fresh"),
        pytest.param({}, True, False, id="stale-is-skipped"),
        pytest.param({"on_stale": "run"}, True, True, id="stale-is-run-where-asked"),
        pytest.param({"enabled": False}, False, False, id="disabled"),
    ],
)
def test_a_disabled_workflow_and_a_stale_event_start_nothing(changes, stale, starts):
    """A late event must not undo what a later one has done."""
    assert bool(triggered("order.created", stale, [a_workflow(**changes)])) is starts


@pytest.mark.parametrize(
    ("entity_type", "event_type", "starts"),
    [
        pytest.param("Order", "order.created", True, id="order"),
        pytest.param("Order", "booking.created", True, id="a-booking-is-an-order's"),
        pytest.param("Shipment", "order.created", False, id="a-shipment-is-no-order"),
        pytest.param("Order", "shipment.delivered", False, id="an-order-is-no-shipment"),
        pytest.param("Shipment", "shipment.delivered", True, id="shipment"),
        pytest.param("Customer", "customer.updated", True, id="customer"),
        pytest.param("Product", "product.updated", True, id="product"),
        pytest.param("Product", "customer.updated", False, id="a-product-is-no-customer"),
        pytest.param("Shipment", "erp.sync", True, id="a-foreign-type-is-about-what-the-workflow-says"),
        pytest.param("Customer", "order_created", False, id="a-sender-that-sends-codes"),
    ],
)
def test_a_workflow_of_another_entity_type_is_not_started(entity_type, event_type, starts):
    """Its conditions would be asked of the wrong thing, and its actions done to it."""
    workflow = a_workflow(entity_type=entity_type, trigger=event_type)

    assert bool(triggered(event_type, False, [workflow])) is starts


@pytest.mark.parametrize(
    ("event_type", "starts"),
    [("shipment.delivered", True), ("shipment.status_changed", True), ("shipment.created", False)],
)
def test_a_shipments_change_of_status_is_a_trigger_like_an_orders(event_type, starts):
    """A workflow on it needs no list of statuses that nobody has published."""
    workflow = a_workflow(trigger="shipment_status_changed", entity_type="Shipment")

    assert bool(triggered(event_type, False, [workflow])) is starts


def test_a_workflow_that_its_entity_type_keeps_from_starting_is_warned_about():
    """Shipments are delivered, orders are not: it would wait for ever, and look right."""
    (warning,) = workflow_warnings([a_workflow(trigger="shipment_delivered", entity_type="Order")])

    assert ("entity_type", True) == (warning.key, "expected Shipment" in warning.message)


def test_every_well_known_trigger_has_a_guid_of_its_own_and_can_start_something():
    """A client names a trigger by its guid, on every machine the same."""
    assert len(TRIGGERS) == len({one.guid for one in TRIGGERS}) == len({one.code for one in TRIGGERS})
    assert () == workflow_warnings(
        [a_workflow(name=one.code, trigger=one.code, entity_type=one.entity_type) for one in TRIGGERS]
    )


def test_every_documented_trigger_is_there():
    """The twelve event types of Installer.com and the three codes of the Dispatch API."""
    codes = {code_of(event_type) for event_type in INSTALLER_EVENT_TYPES}
    documented = {one.code for one in TRIGGERS if one.standing is not Standing.OURS}

    assert documented == codes | {"order_status_changed", "shipment_delivered"}


def test_workflows_start_in_the_order_of_the_file():
    """What stands above runs first; that is what a reader of the file expects."""
    workflows = load_workflows([a_definition(name=name) for name in "CAB"], known=REGISTRY)

    assert [workflow.name for workflow in triggered("order.created", False, workflows)] == ["C", "A", "B"]


@pytest.mark.parametrize(
    ("trigger", "meant"),
    [
        pytest.param("order.canceled", "order.cancelled", id="american"),
        pytest.param("order_create", "order_created", id="tense"),
        pytest.param("Order.Created", "order.created", id="case"),
        pytest.param("order_status_change", "order_status_changed", id="status"),
        pytest.param("workflow.step.complete", "workflow.step.completed", id="step"),
    ],
)
def test_a_misspelt_well_known_trigger_is_warned_about(trigger, meant):
    """It is allowed, since event types are the sender's words; but it would wait for ever."""
    (warning,) = workflow_warnings([a_workflow(trigger=trigger)])

    assert (warning.key, warning.message) == (
        "trigger",
        f"{trigger!r} is no event type that we know; did you mean {meant!r}?",
    )


@pytest.mark.parametrize(
    "trigger",
    [
        *INSTALLER_EVENT_TYPES,
        "order_created",
        "order_status_changed",
        "order.paid",
        "push",
    ],
)
def test_a_known_or_foreign_trigger_is_not_warned_about(trigger):
    """A warning that is always there is read by nobody."""
    assert workflow_warnings([a_workflow(trigger=trigger)]) == ()
