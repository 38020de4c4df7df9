"""
What goes in and out of `/api/workflows`. Pure.

The documented fields are those of the Integrations API; what is ours beside them says so.
"""

from typing import Any

from pydantic import ConfigDict, Field

from workers.workflows import EntityType

from ..rest.shapes import Answer, BodyModel, PathModel, QueryBool, QueryModel


class EntityPath(PathModel):
    """
    Which kind of entity.
    """

    entity_type: EntityType = Field(description="What the workflows are about.")


class WorkflowPath(PathModel):
    """
    Which workflow.
    """

    guid: str = Field(max_length=64, description="The workflow's guid, as the list shows it.")


class ManagedQuery(QueryModel):
    """
    Which workflows of a list.
    """

    managed: QueryBool | None = Field(
        default=None,
        description="`true`: those of the file and of providers. `false`: those configured here. All, if unset (ours).",
    )


class WhatToDo(BodyModel):
    """
    An action: `type`, and its parameters.
    """

    model_config = ConfigDict(extra="allow")

    type: str = Field(
        max_length=64,
        description="`send_email`, `send_push`, `webhook`, `update_status`, or (ours) any other action.",
    )
    recipient: str | None = Field(
        default=None,
        max_length=500,
        description="Whom it goes to: `customer` or an address; of a `webhook` the target's name, of a `send_push` a "
        "subscription's name, or `all` (ours).",
    )
    template: str | None = Field(
        default=None,
        max_length=500,
        description="Which template it is made of; of a `send_push` the title (ours).",
    )


class NewWorkflow(BodyModel):
    """
    A workflow to be made, or changed.
    """

    guid: str | None = Field(
        default=None, max_length=64, description="Ours: of the workflow to be changed; unset makes a new one."
    )
    name: str = Field(max_length=200, description="Names one workflow, up to 120 characters.")
    entity_type: EntityType | None = Field(
        default=None, description="What it is about; if unset what its trigger's events are about."
    )
    trigger_id: str = Field(
        max_length=200, description="The guid of a trigger; or (ours) its code, or an event type."
    )
    action: WhatToDo | None = Field(default=None, description="What is done.")
    actions: list[WhatToDo] | None = Field(
        default=None, description="Ours: what is done, in this order, in place of `action`."
    )
    conditions: dict[str, Any] | None = Field(
        default=None,
        description="What must hold: `status` and what it must be; or (ours) conditions as in a file.",
    )
    mode: str | None = Field(
        default=None, max_length=20, description="Ours: `live`, or `shadow` to only note what it would do."
    )
    on_stale: str | None = Field(
        default=None, max_length=20, description="Ours: `skip` or `run`, when the event came late."
    )
    on_echo: str | None = Field(
        default=None,
        max_length=20,
        description="Ours: `skip` or `run`, when a write of ours raised the event.",
    )
    latest_only: bool | None = Field(
        default=None, description="Ours: pass an event over while a newer one of its type waits."
    )
    why: str = Field(default="", max_length=500, description="Ours: why; stands in the trail of changes.")


class ResumeQuery(QueryModel):
    """
    Which runs to resume.
    """

    workflow_id: str = Field(max_length=64, description="The guid of the workflow whose paused runs go on.")


class TriggerAnswer(Answer):
    """
    A trigger.
    """

    guid: str = Field(description="Its guid, the same everywhere.")
    name: str = Field(description="Its name.")
    code: str = Field(description="Its code, such as `order_created`.")
    description: str = Field(description="When it fires, and whose word it is.")


class ListedWorkflow(Answer):
    """
    A workflow, as the list shows it.
    """

    guid: str = Field(description="Its guid.")
    name: str = Field(description="Its name.")
    entity_type: str = Field(description="What it is about.")
    trigger: str = Field(description="Its trigger's code, or an event type.")
    action: str = Field(description="What it does; of several, by commas (ours).")
    is_active: bool = Field(description="Whether it starts anything.")
    is_managed: bool = Field(description="Whether it comes from a file or a provider, and cannot be changed.")


class ConfiguredWorkflow(Answer):
    """
    A workflow that was just made or changed.
    """

    guid: str = Field(description="Its guid.")
    name: str = Field(description="Its name.")
    is_active: bool = Field(description="Whether it starts anything.")


class ToggledWorkflow(Answer):
    """
    A workflow that was just switched.
    """

    guid: str = Field(description="Its guid.")
    is_active: bool = Field(description="Whether it starts anything from now on.")
