"""
The vendor's Workflows calls: triggers, and workflows that are configured, switched and deleted. Documented whole.

Ours: the list of triggers but for three codes, the guid in the body of an update, that managed workflows cannot be
changed, and what resuming does. No workflow ever runs here.
"""

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Literal

from pydantic import Field

from ..bodies import read
from ..errors import Refusal
from ..operations import Answer, Call, Handler
from .bodies import Body, Guid, Text
from .envelope import DONE, data
from .world import Entity, World, found

_TRIGGERS: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        # The codes of the first two, and shipment_delivered, are documented.
        "Order": (
            ("order_created", "Order created"),
            ("order_status_changed", "Order status changed"),
            ("order_updated", "Order updated"),
        ),
        "Shipment": (
            ("shipment_created", "Shipment created"),
            ("shipment_status_changed", "Shipment status changed"),
            ("shipment_delivered", "Shipment delivered"),
        ),
        "Customer": (("customer_created", "Customer created"),),
        "Product": (("product_created", "Product created"),),
    }
)


def _guid(code: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"urn:sandbox:trigger:{code}"))


#: By entity type: what list_triggers answers.
TRIGGERS: Mapping[str, tuple[Mapping[str, str], ...]] = MappingProxyType(
    {
        entity: tuple(
            {
                "guid": _guid(code),
                "name": name,
                "code": code,
                "description": f"Runs when: {name.lower()}",
            }
            for code, name in triggers
        )
        for entity, triggers in _TRIGGERS.items()
    }
)


class Action(Body):
    """
    What a workflow does.
    """

    type: Literal["send_email", "send_push", "webhook", "update_status"]
    recipient: str | None = None
    template: str | None = None


class Configured(Body):
    """
    The body of configure_workflow.
    """

    guid: Guid | None = None
    name: Text
    entity_type: Literal["Order", "Shipment", "Customer", "Product"]
    trigger_id: Guid
    action: Action
    conditions: dict[str, Any] = Field(default={})


class Workflows:
    """
    One method for each call.
    """

    def __init__(self, world: World) -> None:
        self._world = world

    def table(self) -> Mapping[str, Handler]:
        """
        Return the handler of each call, by the operation's name.
        """
        return {
            "list_triggers": self._triggers,
            "list_workflows": self._list,
            "configure_workflow": self._configure,
            "toggle_workflow": self._toggle,
            "delete_workflow": self._delete,
            "resume_workflow": self._resume,
        }

    def _triggers(self, call: Call) -> Answer:
        return data(list(TRIGGERS[_entity_type(call)]))

    def _list(self, call: Call) -> Answer:
        entity_type, managed = _entity_type(call), call.query.get("managed")
        if managed not in {None, "true", "false"}:
            raise Refusal(HTTPStatus.BAD_REQUEST, "managed: expected true or false")
        return data(
            [
                _shown(one)
                for one in self._world.workflows.values()
                if one["entityType"] == entity_type and managed in {None, str(one["isManaged"]).lower()}
            ]
        )

    def _configure(self, call: Call) -> Answer:
        wish = read(Configured, call)
        trigger = next((one for one in TRIGGERS[wish.entity_type] if one["guid"] == wish.trigger_id), None)
        if trigger is None:
            raise Refusal(
                HTTPStatus.BAD_REQUEST, f"triggerId: no trigger of {wish.entity_type} has this guid"
            )
        fields = {**wish.whole(), "trigger": trigger["code"]}
        workflow = self._saved(fields, wish.guid)
        self._world.did(call, workflowId=workflow["guid"])
        return data({name: workflow[name] for name in ("guid", "name", "isActive")})

    def _saved(self, fields: Mapping[str, Any], guid: str | None) -> Entity:
        if guid is not None:
            return self._world.change(self._changeable(guid), **fields)
        rest = {name: value for name, value in fields.items() if name != "guid"}
        return self._world.add(self._world.workflows, **rest, isActive=True, isManaged=False)

    def _changeable(self, guid: str) -> Entity:
        workflow = found(self._world.workflows, guid, "Workflow")
        if workflow["isManaged"]:
            raise Refusal(HTTPStatus.CONFLICT, "Workflow is managed")
        return workflow

    def _toggle(self, call: Call) -> Answer:
        workflow = self._changeable(call.parameters["guid"])
        self._world.change(workflow, isActive=not workflow["isActive"])
        self._world.did(call, workflowId=workflow["guid"], isActive=workflow["isActive"])
        return data({name: workflow[name] for name in ("guid", "isActive")})

    def _delete(self, call: Call) -> Answer:
        workflow = self._changeable(call.parameters["guid"])
        del self._world.workflows[workflow["guid"]]
        self._world.did(call, workflowId=workflow["guid"])
        return DONE

    def _resume(self, call: Call) -> Answer:
        workflow = found(self._world.workflows, call.query.get("workflowId", ""), "Workflow")
        if workflow["isActive"]:
            raise Refusal(HTTPStatus.CONFLICT, "Workflow is active")
        self._world.change(workflow, isActive=True)
        self._world.did(call, workflowId=workflow["guid"])
        return DONE


def _entity_type(call: Call) -> str:
    wanted = call.parameters["entityType"]
    if wanted not in TRIGGERS:
        raise Refusal(HTTPStatus.NOT_FOUND, f"Entity type not found; known: {', '.join(TRIGGERS)}")
    return wanted


def _shown(workflow: Entity) -> Entity:
    names = ("guid", "name", "entityType", "trigger", "isActive", "isManaged")
    # Documented: an object in the request is a string here.
    return {name: workflow[name] for name in names} | {"action": workflow["action"]["type"]}
