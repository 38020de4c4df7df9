"""
What actions work with beside the order API, as protocols: templates, mail, push messages, downloads.

A step has one `Kit`; what the configuration lacks is None in it, and whoever takes it by the function here is told so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from ..failures import Permanent
from ..templating import NO_SHELF, Shelf

if TYPE_CHECKING:
    from ..mail import Letter
    from .base import OrderApi

T = TypeVar("T")

#: The reason of a dead letter whose action needs a table that the configuration lacks.
MISSING = "not_configured"


class Mailer(Protocol):
    """Sends letters, see `workers.mail`."""

    async def send(self, letter: "Letter") -> Mapping[str, object]:
        """Hand a letter over; return what the ledger keeps. Raises a `Failure`."""


class Pusher(Protocol):
    """Sends push messages, see `workers.push`."""

    async def send(
        self, message: bytes, *, key: str, to: Sequence[str], ttl_s: int, urgency: str
    ) -> Mapping[str, object]:
        """Send to each subscription that is meant, once; return what the ledger keeps. Raises a `Failure`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Download:
    """A file that was fetched."""

    content: bytes = field(repr=False)
    media_type: str


class Downloader(Protocol):
    """Fetches files from addresses that somebody else wrote, see `workers.downloads`."""

    async def fetch(self, url: str, *, most_bytes: int) -> Download:
        """Return the file. Raises a `Failure`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kit:
    """
    What the actions of one shift share.

    Args:
        apis: The order APIs by source, for an action that acts at another one than the event's.
    """

    shelf: Shelf = NO_SHELF
    mailer: Mailer | None = field(default=None, repr=False)
    pusher: Pusher | None = field(default=None, repr=False)
    downloader: Downloader | None = field(default=None, repr=False)
    apis: Mapping[str, "OrderApi"] = field(default_factory=dict, repr=False)


def there(tool: T | None, table: str) -> T:
    """
    Return the tool.

    Raises:
        Permanent: The configuration has no such table.
    """
    if tool is None:
        raise Permanent(f"there is no [{table}] in the configuration; add it, then replay", reason=MISSING)
    return tool


EMPTY = Kit()
#: What templates see: `event`, `data` and `order`, or what else the workflow is about.
Values = Mapping[str, Any]
