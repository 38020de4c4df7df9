"""
The things in the pretended upstream: orders, tags, uploads, web forms, installers; and their JSON.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..times import milliseconds, whole_seconds
from .phases import Phase
from .requests import NewOrder

#: Where the made-up clientUrl points; the vendor's own address of it is unknown.
CLIENT_URL = "https://client.example.com/orders/"

# What get-order shows of the body of create-order. The set is ours.
_SHOWN = {
    "name",
    "description",
    "workplace",
    "address",
    "city",
    "postal_code",
    "country_code",
    "latitude",
    "longitude",
    "email",
    "phone_number",
    "contact_person_name",
    "file_ids",
    "metadata",
    "workflow_id",
    "workflow_custom_id",
    "custom_fields",
    "actor_assignments",
    "offer",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """
    A label that orders can carry.
    """

    id: str
    name: str

    def to_json(self) -> dict[str, str]:
        return {"id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Upload:
    """
    A file that was sent; its content is not kept.
    """

    id: str
    filename: str
    content_type: str
    size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class WebForm:
    """
    A form from which orders can be made.
    """

    id: str
    name: str

    def to_json(self) -> dict[str, Any]:
        return {"id": self.id, "name": self.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class InstallerFirm:
    """
    A firm that carries out orders. That its id serves as an organizationId is inferred.
    """

    id: str
    name: str

    def to_json(self) -> dict[str, str]:
        return {"id": self.id, "name": self.name}


@dataclass(slots=True, kw_only=True)
class Order:
    """
    One order, as it was asked for and as it stands.
    """

    id: str
    display_id: str
    request: NewOrder
    created_at: datetime
    updated_at: datetime
    phase: Phase = Phase.CREATED
    tags: dict[str, Tag] = field(default_factory=dict)
    #: Ids of files that came after its creation, which is ours.
    attached: list[str] = field(default_factory=list)
    cancel_reason: str | None = None
    #: Each phase with the time at which the order entered it.
    history: list[tuple[Phase, datetime]] = field(default_factory=list)

    def enter(self, phase: Phase, now: datetime) -> None:
        self.phase, self.updated_at = phase, now
        self.history.append((phase, now))

    @property
    def name(self) -> str:
        return self.request.name or self.display_id

    @property
    def customer_name(self) -> str:
        # Events say customerName where create-order says contactPersonName; that they are one is inferred.
        return self.request.contact_person_name or ""

    @property
    def address_line(self) -> str:
        """
        Return the address as events carry it: one line, "123 Main St, Oslo".
        """
        return ", ".join(part for part in (self.request.address, self.request.city) if part)

    def to_json(self) -> dict[str, Any]:
        """
        Return the order as get-order answers it. The shape is ours.
        """
        shown = self.request.model_dump(mode="json", by_alias=True, include=_SHOWN)
        return {
            "id": self.id,
            "displayId": self.display_id,
            "status": int(self.phase),
            **shown,
            "name": self.name,
            "customerName": self.customer_name,
            "fileIds": [*map(str, self.request.file_ids), *self.attached],
            "tags": [tag.to_json() for tag in self.tags.values()],
            "cancelReason": self.cancel_reason,
            "createdAt": whole_seconds(self.created_at),
            "updatedAt": whole_seconds(self.updated_at),
        }

    def for_control(self) -> Mapping[str, Any]:
        """
        Return the order with what only the sandbox knows.
        """
        return {
            **self.to_json(),
            "phase": self.phase.word,
            "history": [{"phase": phase.word, "at": milliseconds(at)} for phase, at in self.history],
            "idempotencyKey": self.request.idempotency_key,
        }

    def receipt(self) -> dict[str, str]:
        """
        Return the 201 body of create-order, which is second-hand.
        """
        return {"value": self.id, "displayId": self.display_id, "clientUrl": CLIENT_URL + self.id}
