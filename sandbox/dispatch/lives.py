"""
The statuses of orders, shipments and dispatches, and which changes are possible.

Documented are pending, processing, in_transit, out_for_delivery, delivered, draft and in_progress, as words in samples;
the other words, their order and what is final are ours.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus

from ..errors import Refusal


@dataclass(frozen=True, slots=True, kw_only=True)
class Life:
    """
    The statuses of one kind of thing.
    """

    what: str
    #: The way that it goes when all is well.
    path: tuple[str, ...]
    #: Where it can go from anywhere.
    exits: tuple[str, ...]
    final: frozenset[str]

    @property
    def words(self) -> tuple[str, ...]:
        return self.path + self.exits

    def check(self, status: str, to: str) -> None:
        """
        Raises:
            Refusal: 400 for an unknown word, 409 where the status is final.

        """
        if to not in self.words:
            raise Refusal(
                HTTPStatus.BAD_REQUEST, f"status: {to!r} is unknown; known: {', '.join(self.words)}"
            )
        if status in self.final and to != status:
            raise Refusal(HTTPStatus.CONFLICT, f"the {self.what} is {status}")

    def way(self, status: str, to: str | None) -> Sequence[str]:
        """
        Return what to pass through, forward on the path or out of it; None is the next step.

        Raises:
            Refusal: 409 where no way leads there.

        """
        ahead = self.path[self.path.index(status) + 1 :] if status in self.path else ()
        target = to or (ahead[0] if ahead else status)
        self.check(status, target)
        if target in self.exits and status != target:
            return (target,)
        if target not in ahead:
            raise Refusal(HTTPStatus.CONFLICT, f"no way leads from {status} to {to or 'anything'}")
        return ahead[: ahead.index(target) + 1]


ORDER = Life(
    what="order",
    path=("pending", "processing", "shipped", "delivered"),
    exits=("cancelled",),
    final=frozenset({"delivered", "cancelled"}),
)
SHIPMENT = Life(
    what="shipment",
    path=("created", "in_transit", "out_for_delivery", "delivered"),
    exits=("failed", "cancelled"),
    final=frozenset({"delivered", "cancelled"}),
)
RUN = Life(
    what="dispatch",
    path=("draft", "in_progress", "completed"),
    exits=("cancelled",),
    final=frozenset({"completed", "cancelled"}),
)
