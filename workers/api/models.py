"""
What the Installer API answers, as frozen values.

Owns the tolerant reading: fields that nobody documents are ignored, an id may stand under several names, a
list may come bare or in an envelope. What is sent is stricter and lives in `orders.py`.
Refuses to know HTTP, paths and failures: an answer that cannot be read is a ValueError (pydantic's is one).
"""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Any, ClassVar, Self

from pydantic import Field, model_validator

from .shapes import Answer, JsonObject, kind_of

#: Where a list or an object may hide: no sample of an answer is published, so both are read. Ours.
ENVELOPES = ("data", "value")


class OrderPhase(StrEnum):
    """Where an order stands. The names are the vendor's; which number means which is in `paths.py`."""

    CREATED = "created"
    DISPATCHING = "dispatching"  # offered to, or assigned to, an installer
    SCHEDULED = "scheduled"  # date and time are booked
    IN_PROGRESS = "in_progress"  # the installer is on site
    COMPLETED = "completed"  # finished, documented and invoiced
    DECLINED = "declined"
    CANCELLED = "cancelled"


class _Identified(Answer):
    """An answer whose id may stand under several names."""

    #: Names under which the id may stand, best first.
    id_names: ClassVar[tuple[str, ...]] = ("id", "value", "orderId")

    @model_validator(mode="before")
    @classmethod
    def _find_id(cls, body: object) -> object:
        if not isinstance(body, Mapping):
            return body
        return {**body, "id": first_of(body, cls.id_names)}


class Tag(_Identified):
    """A tag as the list, an order and the answer to its creation show it."""

    id: str = Field(min_length=1)
    name: str


class Order(_Identified):
    """An order as the API shows it; `raw` is the whole object, which conditions look into."""

    id: str = Field(min_length=1)
    display_id: str | None = None
    status: int = Field(strict=True)
    tags: tuple[Tag, ...] = ()
    phase: OrderPhase | None = None  # None: the number is not in the table
    raw: JsonObject = Field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, answer: object, *, statuses: Mapping[int, OrderPhase]) -> Self:
        """
        Read an order, bare or in an envelope.

        Raises:
            ValueError: There is no id or no integer status in it.
        """
        body = opened(answer)
        status = body.get("status")
        phase = statuses.get(status) if type(status) is int else None
        return cls.model_validate({**body, "tags": body.get("tags") or (), "phase": phase, "raw": body})


class OrderCreated(_Identified):
    """The answer to a create call; `duplicate` says that the order had been there before it."""

    #: `value` comes first: the id is there in the only answer on record, which is second-hand.
    id_names: ClassVar[tuple[str, ...]] = ("value", "id", "orderId")

    id: str = Field(min_length=1)
    display_id: str | None = None
    client_url: str | None = None
    duplicate: bool = False

    @classmethod
    def read(cls, answer: object, *, duplicate: bool) -> Self:
        return cls.model_validate({**opened(answer), "duplicate": duplicate})


class Installer(_Identified):
    """One of "my installers"; that `id` is the organisation's is inferred, the shape is not documented."""

    id_names: ClassVar[tuple[str, ...]] = ("id", "organizationId", "value")

    id: str = Field(min_length=1)
    name: str | None = None
    raw: JsonObject = Field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, answer: object) -> Self:
        body = opened(answer)
        return cls.model_validate({**body, "raw": body})


class Webform(_Identified):
    """A form of the vendor's; what stands in it is not documented, so only `raw` shows it."""

    id_names: ClassVar[tuple[str, ...]] = ("id", "webformId", "value")

    id: str = Field(min_length=1)
    name: str | None = None
    raw: JsonObject = Field(default_factory=dict, repr=False)

    @classmethod
    def read(cls, answer: object) -> Self:
        body = opened(answer)
        return cls.model_validate({**body, "raw": body})


class UploadedFile(_Identified):
    """The answer to an upload; `file_id` is documented, its camel-case twin is how create order spells it."""

    id_names: ClassVar[tuple[str, ...]] = ("file_id", "fileId", "id", "value")

    id: str = Field(min_length=1)


def first_of(body: JsonObject, names: Sequence[str]) -> Any:
    """Return the first value of *names* that is there and not null."""
    return next((body[name] for name in names if body.get(name) is not None), None)


def opened(answer: object) -> JsonObject:
    """
    Return the object, taken out of its envelope where it has one.

    Raises:
        ValueError: It is not a JSON object.
    """
    if not isinstance(answer, Mapping):
        raise ValueError(f"expected a JSON object, found {kind_of(answer)}")  # noqa: TRY004 - callers catch one class
    inner = (answer.get(name) for name in ENVELOPES)
    return next((body for body in inner if isinstance(body, Mapping)), answer)


def listed(answer: object) -> Sequence[object]:
    """
    Return the list, taken out of its envelope where it has one.

    Raises:
        ValueError: There is no list in it.
    """
    inner = [answer.get(name) for name in ENVELOPES] if isinstance(answer, Mapping) else [answer]
    found = next((items for items in inner if isinstance(items, list)), None)
    if found is None:
        raise ValueError(f"expected a list, bare or under {' or '.join(ENVELOPES)}, found {kind_of(answer)}")
    return found
