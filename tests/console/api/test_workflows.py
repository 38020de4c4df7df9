"""The workflow part of the Integrations API over HTTP: documented bodies and answers, and refusals that say where."""

import pytest

from console.api.workflow_bodies import definition_of
from console.api.workflow_models import NewWorkflow
from tests.support import deeds
from tests.support.events import accepted, an_event, record
from tests.support.rest import Caller
from workers.workflows.library import managed_guid
from workers.workflows.triggers import TRIGGERS

#: As the page of the Integrations API has it, but for an action that every installation has.
DOCUMENTED = {
    "name": "Tag delivered orders",
    "entityType": "Order",
    "triggerId": next(one.guid for one in TRIGGERS if one.code == "order_status_changed"),
    "action": {"type": "assign_tag", "tag": "delivered"},
    "conditions": {"status": "delivered"},
}


def configured(admin: Caller, **changes) -> str:
    """Configure a workflow; return its guid."""
    answer = admin.post("/api/workflows/configure", DOCUMENTED | changes)
    assert answer.status == 200, answer.body
    return answer.data["guid"]


def test_the_triggers_of_an_entity_type_are_as_documented(admin):
    """guid, name, code and description, and nothing else; a client picks one by its guid."""
    answer = admin.get("/api/workflows/triggers/Order")

    assert (200, True) == (answer.status, answer.json["success"])
    assert {"guid", "name", "code", "description"} == set(answer.data[0])
    assert {"order_created", "order_status_changed"} <= {one["code"] for one in answer.data}
    assert ["shipment_delivered"] == [
        one["code"]
        for one in admin.get("/api/workflows/triggers/Shipment").data
        if "documented" in one["description"]
    ]


@pytest.mark.parametrize("entity_type", ["Customer", "Product"])
def test_every_entity_type_has_triggers(admin, entity_type):
    """Product stands in one table of the documentation and not in the other; it works all the same."""
    assert admin.get(f"/api/workflows/triggers/{entity_type}").data
    assert [] == admin.get(f"/api/workflows/{entity_type}/configured").data


def test_a_workflow_is_made_by_the_documented_body(admin, orderhook):
    """Answer and list have the documented fields, and the action is a string in the list."""
    answer = admin.post("/api/workflows/configure", DOCUMENTED)

    guid = answer.data["guid"]
    assert {"guid": guid, "name": "Tag delivered orders", "isActive": True} == answer.data
    assert {
        "guid": guid,
        "name": "Tag delivered orders",
        "entityType": "Order",
        "trigger": "order_status_changed",
        "action": "assign_tag",
        "isActive": True,
        "isManaged": False,
    } in admin.get("/api/workflows/Order/configured").data


def test_what_is_configured_is_run_by_the_next_shift(admin, orderhook, client):
    """From the API to an effect, without a restart."""
    configured(admin, action={"type": "first"}, conditions={"status": "delivered"})
    accepted(client, an_event("evt-1", type="order.completed", data={"status": "delivered"}))
    accepted(client, an_event("evt-2", type="order.completed", data={"status": "pending"}, subject="order-2"))

    orderhook.work()

    assert [("first", "evt-1")] == [(name, event) for name, event, _ in deeds.DEEDS]


def test_managed_picks_those_of_the_file_or_those_of_the_api(admin):
    """What can be changed here, and what cannot."""
    configured(admin)

    names = {
        managed: [one["name"] for one in admin.get(f"/api/workflows/Order/configured{managed}").data]
        for managed in ("?managed=true", "?managed=false", "")
    }
    assert {
        "?managed=true": ["both"],
        "?managed=false": ["Tag delivered orders"],
        "": ["both", "Tag delivered orders"],
    } == names


def test_a_guid_in_the_body_changes_that_workflow(admin):
    """Which field names the workflow to be changed is documented nowhere: this one is ours."""
    guid = configured(admin)

    answer = admin.post("/api/workflows/configure", DOCUMENTED | {"guid": guid, "name": "Renamed"})

    assert (guid, "Renamed") == (answer.data["guid"], answer.data["name"])
    assert ["both", "Renamed"] == [one["name"] for one in admin.get("/api/workflows/Order/configured").data]


def test_our_richer_form_takes_several_actions_and_conditions_of_our_language(admin):
    """What a file can say, the API can say."""
    guid = configured(
        admin,
        action=None,
        actions=[{"type": "first"}, {"type": "second"}],
        triggerId="order.created",
        conditions={"$or": [{"order.total": {"$gte": 1000}}, {"event.source": "shop"}]},
        mode="shadow",
        latestOnly=True,
    )

    (found,) = [one for one in admin.get("/api/workflows/Order/configured").data if one["guid"] == guid]
    assert ("first, second", "order.created") == (found["action"], found["trigger"])


def test_the_entity_type_may_be_the_triggers(admin):
    """No field is documented as required."""
    configured(admin, entityType=None, triggerId="shipment_delivered")

    (found,) = admin.get("/api/workflows/Shipment/configured").data
    assert "shipment_delivered" == found["trigger"]


@pytest.mark.parametrize(
    ("action", "ours"),
    [
        pytest.param(
            {"type": "send_email", "recipient": "customer", "template": "delivered"},
            {"type": "send_email", "recipient": "customer", "template": "delivered"},
            id="email",
        ),
        pytest.param(
            {"type": "send_push", "recipient": "all", "template": "Order {{ order.displayId }}"},
            {"type": "send_push", "to": [], "title": "Order {{ order.displayId }}"},
            id="push-to-all",
        ),
        pytest.param(
            {"type": "send_push", "recipient": "warehouse", "template": "Delivered"},
            {"type": "send_push", "to": ["warehouse"], "title": "Delivered"},
            id="push-to-one",
        ),
        pytest.param(
            {"type": "webhook", "recipient": "erp"}, {"type": "webhook", "target": "erp"}, id="webhook"
        ),
        pytest.param(
            {"type": "update_status", "status": "processing"},
            {"type": "update_status", "status": "processing"},
            id="a-parameter-of-ours",
        ),
    ],
)
def test_the_documented_fields_of_an_action_become_the_parameters_of_ours(action, ours):
    """type, recipient and template are all that the vendor's page shows."""
    body = NewWorkflow.model_validate(DOCUMENTED | {"action": action})

    assert [ours] == definition_of(body)["actions"]


@pytest.mark.parametrize(
    ("changes", "places"),
    [
        pytest.param({"action": {"type": "assign_tag"}}, ["action.tag"], id="a-parameter-is-missing"),
        pytest.param({"action": {"type": "nothing"}}, ["action.type"], id="an-unknown-action"),
        pytest.param({"action": None}, ["action:"], id="no-action"),
        pytest.param({"triggerId": "no trigger"}, ["triggerId"], id="no-trigger"),
        pytest.param({"entityType": "Shipment"}, ["entityType"], id="another-entity"),
        pytest.param({"conditions": {"a": {"$gtt": 1}}}, ["conditions.a.$gtt"], id="no-operator"),
        pytest.param(
            {"actions": [{"type": "first"}, {"type": "x"}], "action": None, "name": " x"},
            ["name", "actions[1].type"],
            id="several",
        ),
        pytest.param(
            {"action": {"type": "webhook", "recipient": "erp"}},
            ["action.recipient", "'erp'"],
            id="no-such-target",
        ),
        pytest.param(
            {"action": {"type": "send_email", "recipient": "customer", "template": "delivered"}},
            ["action.template: no mail server is configured"],
            id="no-mail-server",
        ),
        pytest.param(
            {"action": {"type": "send_push", "template": "Delivered"}},
            ["action.template: push messages are not configured"],
            id="no-push",
        ),
        pytest.param({"mode": "dry"}, ["mode"], id="no-mode"),
    ],
)
def test_what_cannot_work_is_refused_with_its_places(admin, changes, places):
    """The vendor's word for it, and what a form needs to mark its fields."""
    answer = admin.post("/api/workflows/configure", DOCUMENTED | changes)

    assert (400, "CONFIGURATION_ERROR") == (answer.status, answer.code)
    assert all(place in answer.message for place in places), answer.message


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_toggle_is_a_get_as_documented_and_a_post(admin, method):
    """The GET is the vendor's; a client that respects HTTP takes the twin."""
    guid = configured(admin)

    answers = [admin.call(method, f"/api/workflows/configured/{guid}/toggle").data for _ in range(2)]

    assert [{"guid": guid, "isActive": False}, {"guid": guid, "isActive": True}] == answers


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_the_paused_runs_of_a_workflow_are_resumed(admin, client, orderhook, method):
    """An approval by another system: one call, and what waited goes on."""
    guid = configured(
        admin,
        triggerId="order_created",
        action=None,
        actions=[{"type": "pause"}, {"type": "first"}],
        conditions={},
    )
    accepted(client, an_event())
    orderhook.work()
    assert "paused" == record(client).status
    deeds.forget()

    answer = admin.call(method, f"/api/workflows/resume-workflow?workflowId={guid}")
    orderhook.work()

    assert {"success": True} == answer.json
    assert ("succeeded", ["first"]) == (record(client).status, [name for name, _, _ in deeds.DEEDS])
    assert (409, "CONFLICT") == _refused(
        admin.call(method, f"/api/workflows/resume-workflow?workflowId={guid}")
    )
    assert (404, "NOT_FOUND") == _refused(
        admin.call(method, "/api/workflows/resume-workflow?workflowId=none")
    )


def test_a_workflow_is_deleted(admin):
    """Success alone is the documented answer."""
    guid = configured(admin)

    answer = admin.call("DELETE", f"/api/workflows/configured/{guid}")

    assert {"success": True} == answer.json
    assert (404, "NOT_FOUND") == _refused(admin.call("DELETE", f"/api/workflows/configured/{guid}"))


@pytest.mark.parametrize(
    ("method", "path"),
    [("DELETE", "/api/workflows/configured/{}"), ("POST", "/api/workflows/configured/{}/toggle")],
)
def test_a_managed_workflow_cannot_be_changed(admin, method, path):
    """The file says what it is, and would say so again."""
    assert (409, "CONFLICT") == _refused(admin.call(method, path.format(managed_guid("both"))))


def test_a_name_that_is_taken_is_a_conflict(admin):
    """Runs are told apart by it."""
    configured(admin)

    assert (409, "CONFLICT") == _refused(admin.post("/api/workflows/configure", DOCUMENTED))
    assert (409, "CONFLICT") == _refused(
        admin.post("/api/workflows/configure", DOCUMENTED | {"name": "both"})
    )
    assert (404, "NOT_FOUND") == _refused(
        admin.post("/api/workflows/configure", DOCUMENTED | {"guid": "none"})
    )


def _refused(answer) -> tuple[int, str]:
    return answer.status, answer.code


def test_only_an_administrator_configures(operator):
    """Who may switch a workflow off at night need not be able to make one."""
    assert (403, "FORBIDDEN") == _refused(operator.post("/api/workflows/configure", DOCUMENTED))


def test_an_event_is_explained_as_on_the_command_line(admin, client, orderhook):
    """One core, two doors."""
    configured(admin, triggerId="order_created", conditions={"status": "delivered", "note": None})
    accepted(client, an_event(data={"status": "pending", "note": None}))

    answer = admin.get("/api/v1/events/evt-1/explain")

    (ours,) = [one for one in answer.data["workflows"] if one["from"] == "api"]
    assert (True, False) == (ours["starts"], ours["wanted"])
    assert [("status", "pending", False), ("note", None, True)] == [
        (one["path"], one.get("actual"), one["held"]) for one in ours["conditions"]
    ]
    assert (404, "NOT_FOUND") == _refused(admin.get("/api/v1/events/none/explain"))


def test_a_backtest_says_what_a_workflow_would_have_done(admin, client):
    """A form that shows whom a change reaches, before it is saved."""
    accepted(
        client, an_event("evt-1", data={"total": 5}), an_event("evt-2", data={"total": 500}, subject="2")
    )
    tried = {
        "name": "both",
        "trigger": "order.created",
        "conditions": {"total": {"$gt": 100}},
        "actions": [{"type": "first"}],
    }

    answer = admin.post("/api/v1/workflows/backtest", {"workflows": [tried]})

    (row,) = answer.data["workflows"]
    assert (2, {}) == (answer.data["events"], answer.data["reads"])
    assert (2, 1, {"first": 1}, 0, ["evt-1"]) == tuple(
        row[key] for key in ("started", "matched", "actions", "gained", "lostIds")
    )
    refused = admin.post("/api/v1/workflows/backtest", {"workflows": [tried | {"trigger": "?"}]})
    assert (400, "CONFIGURATION_ERROR") == _refused(refused)
    assert "workflows[0].trigger" in refused.message
