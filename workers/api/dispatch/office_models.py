"""
What the Dispatch API answers about the business itself: its settings, runs, integrations and workflows.

As tolerant as `models.py`, and of the same make.
"""

from decimal import Decimal

from pydantic import Field

from .models import Address, Entity, Guid, Many, Named, Thing


class BusinessSettings(Thing):
    """The settings that a business shows."""

    timezone: str | None = None
    currency: str | None = None


class Business(Entity):
    """The business that the token belongs to."""

    email: str | None = None
    phone: str | None = None
    address: Address | None = None
    settings: BusinessSettings | None = None


class DefaultConfiguration(Thing):
    """What new shipments get; the vendor's sample is cut after the first two."""

    default_carrier: str | None = None
    default_service_level: str | None = None


class ApiToken(Thing):
    """A token of the API, without its text; the shape is ours."""

    guid: Guid
    description: str | None = None
    created_at: str | None = None
    last_used_at: str | None = None


class NewApiToken(ApiToken):
    """A token that was just made; `token` is shown this once, and `raw` holds it too."""

    token: str = Field(repr=False)


class DispatchOverview(Thing):
    """How the delivery runs stand; `on_time_rate` is 0 to 1."""

    total_dispatches: int | None = None
    active_dispatches: int | None = None
    completed_today: int | None = None
    pending_deliveries: int | None = None
    drivers_active: int | None = None
    on_time_rate: Decimal | None = None


class DispatchStop(Thing):
    """A shipment on a delivery run."""

    guid: str | None = None
    tracking_number: str | None = None
    status: str | None = None
    delivered_at: str | None = None
    estimated_arrival: str | None = None


class DispatchRun(Entity):
    """A delivery run, which upstream calls a dispatch; `notes` is ours."""

    status: str | None = None
    driver: Named | None = None
    vehicle: Named | None = None
    planned_date: str | None = None
    started_at: str | None = None
    shipment_count: int | None = None
    shipments: Many[DispatchStop] = ()
    notes: str | None = None


class RouteStop(Thing):
    """A stop on the way; the shape is ours."""

    sequence: int | None = None
    shipment_id: str | None = None
    tracking_number: str | None = None
    address: str | None = None
    status: str | None = None
    estimated_arrival: str | None = None
    arrived_at: str | None = None


class DispatchRoute(Thing):
    """The way of a delivery run; the shape is ours."""

    guid: Guid
    dispatch_id: str | None = None
    status: str | None = None
    distance_km: Decimal | None = None
    stops: Many[RouteStop] = ()


class Moment(Thing):
    """One line of a route's timeline; the shape is ours."""

    type: str | None = None
    at: str | None = None
    description: str | None = None
    shipment_id: str | None = None


class Integration(Thing):
    """A shop that is connected to the business."""

    guid: Guid
    provider: str | None = None
    status: str | None = None
    connected_at: str | None = None


class DispatchTrigger(Entity):
    """What may start one of upstream's workflows; two codes of orders are documented."""

    code: str | None = None
    description: str | None = None


class DispatchWorkflow(Entity):
    """
    One of upstream's workflows, not of ours.

    `action` is a text here, and an object in what configures it.
    """

    entity_type: str | None = None
    trigger: str | None = None
    action: str | None = None
    is_active: bool | None = None
    is_managed: bool | None = None
