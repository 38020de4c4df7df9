"""
What `[sources.NAME.reconcile]` may say: how often the order API is compared with the record, and by which field.
"""

from pydantic import Field

from receiver.settings import Section


class ReconcileSettings(Section):
    """
    The job that looks for events that never came. It runs where this table stands, for order APIs that can list orders
    by the time of their change.
    """

    every_s: float = Field(
        default=3_600.0, ge=10, le=604_800, description="Seconds from one comparison to the next."
    )
    since_s: float = Field(
        default=86_400.0,
        ge=60,
        le=2_592_000,
        description="How far back it looks, in seconds; more than `every_s`, so that nothing is left out in between.",
    )
    grace_s: float = Field(
        default=300.0,
        ge=0,
        le=86_400,
        description="Seconds that an event has to arrive; only changes that are older are looked for.",
    )
    changed_field: str = Field(
        default="updatedAt",
        pattern=r"^[A-Za-z_][A-Za-z0-9_]{0,63}$",
        description="The field of an order with the time of its last change; undocumented, so the default is ours.",
        json_schema_extra={"expected": "the name of a field such as updatedAt"},
    )
