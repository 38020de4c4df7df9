"""
What `[loop_guard]` may say: when an event is the echo of our own write, and how far a chain of our own events goes.

Which event types a write raises is documented by neither API: the table is ours, and a user corrects it here.
"""

from typing import Annotated, Literal, Self, TypeAlias

from pydantic import Field

from receiver.settings import Section

EventType: TypeAlias = Annotated[
    str,
    Field(
        pattern=r"^[A-Za-z0-9][A-Za-z0-9._/:-]{0,127}$",
        json_schema_extra={"expected": "an event type such as order.updated"},
    ),
]
EventTypes: TypeAlias = list[EventType]


class EchoTypes(Section):
    """
    The events that each of our writes raises: ours, since no documentation says which. One of each type is expected.
    """

    dispatch_order: EventTypes = Field(
        default=["order.dispatched", "order.assigned", "order.updated"],
        description="Events that dispatching an order raises.",
    )
    cancel_order: EventTypes = Field(
        default=["order.cancelled", "order.updated"], description="Events that cancelling one raises."
    )
    assign_tag: EventTypes = Field(
        default=["order.updated"], description="Events that putting a tag on an order raises."
    )
    remove_tag: EventTypes = Field(
        default=["order.updated"], description="Events that taking a tag off an order raises."
    )
    update_status: EventTypes = Field(
        default=["order.status_changed", "order.updated"],
        description="Events that a change of status raises.",
    )
    attach_file: EventTypes = Field(
        default=["order.updated"], description="Events that a file at an order raises."
    )
    assign_carrier: EventTypes = Field(
        default=["order.updated"], description="Events that a carrier for an order raises; Dispatch API."
    )
    add_dimension_preset: EventTypes = Field(
        default=["order.updated"], description="Events that new dimensions raise; Dispatch API."
    )
    assign_collection_date: EventTypes = Field(
        default=["order.updated"], description="Events that a collection date raises; Dispatch API."
    )
    create_order: EventTypes = Field(default=["order.created"], description="Events that a new order raises.")


class LoopGuardSettings(Section):
    """
    What keeps our own writes from starting workflows over and over.
    """

    echo: Literal["ignore", "run"] = Field(
        default="ignore",
        description="What an event does that is the echo of a write of ours: `ignore` starts no workflow but those "
        'with `on_echo = "run"`, `run` starts them all.',
    )
    echo_window_s: float = Field(
        default=120.0,
        gt=0,
        le=3_600,
        description="Seconds after a write in which an event of an order may be its echo.",
    )
    max_depth: int = Field(
        default=5,
        ge=1,
        le=100,
        description="How many of our writes may follow from each other; the event of one more is a dead letter, "
        "`loop_depth`.",
    )
    max_order_runs: int = Field(
        default=60,
        ge=1,
        le=1_000_000,
        description="Runs that an order may have for the events that come in one window; an event that would begin "
        "more is a dead letter, `order_rate`.",
    )
    order_runs_window_s: float = Field(
        default=600.0,
        gt=0,
        le=86_400,
        description="Length of that window in seconds; it begins with the event of a run.",
    )
    echo_types: EchoTypes = EchoTypes()

    def over(self, general: Self) -> Self:
        """Return these settings where they are given, and those of *general* where they are not."""
        return type(self).model_validate(
            {**general.model_dump(exclude_unset=True), **self.model_dump(exclude_unset=True)}
        )
