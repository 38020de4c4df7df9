"""
What makes one emulated API of several in a sandbox: its operations, its words for errors, its limit and tokens.

A `System` is the whole pretended upstream behind one API; the door and the server know it by this protocol alone.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from .config import JSON
from .errors import Refusal
from .limiting import Limiting
from .operations import Answer, Handler, Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Api:
    """
    One emulated API.
    """

    operations: Mapping[str, Operation]
    #: By the operation's name.
    handlers: Mapping[str, Handler]
    #: Writes a refusal in the API's own shape.
    refused: Callable[[Refusal], Answer]
    limiting: Limiting
    #: Raises 401 for headers that let nobody in; None asks for one of the bearer tokens.
    admit: Callable[[Mapping[str, str]], None] | None = None


class System(Protocol):
    """
    One pretended upstream: its API, its orders, its events.
    """

    @property
    def api(self) -> Api: ...

    @property
    def event_types(self) -> Collection[str]: ...

    def owns(self, path: str) -> bool:
        """
        Say whether a path that leads nowhere would be one of this API's.
        """

    def summary(self) -> Mapping[str, Any]: ...

    def orders(self) -> list[JSON]:
        """
        Return every order with what only the sandbox knows.
        """

    def holds(self, subject: str) -> bool:
        """
        Say whether it knows an order, or whatever else moves on, by this id.
        """

    def advance(self, subject: str, to: str | None) -> tuple[str, ...]:
        """
        Move something on as people and time would, and return what it passed; None is the next step.

        Raises:
            Refusal: 404, 409 where no way leads there, 422 for a word that is unknown.

        """

    def create_order(self, fields: Mapping[str, Any]) -> JSON:
        """
        Create an order from these fields and sample ones for the rest, as a client or a shop would.

        Raises:
            Refusal: 422, a field is wrong.

        """

    def forget(self) -> None:
        """
        Go back to the start.
        """

    def close(self) -> None: ...
