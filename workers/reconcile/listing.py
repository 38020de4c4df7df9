"""
Orders by the time of their change: what reconciliation needs of an order API, and which one can give it.

The Dispatch API's list takes `$filter` and `$orderby`; that an order has a time of its last change, and that it can be
filtered and ordered by, is documented nowhere: field and use are ours, to be checked against the real API.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import Protocol

from ..api.dispatch.client import DispatchClient
from ..api.dispatch.filters import ascending, field
from ..api.dispatch.models import DispatchOrder
from ..api.dispatch.pages import Page
from ..clients import Client
from ..failures import BadResponse
from .comparing import OrderState

#: Pages of one list, before it is taken for one without an end.
MOST_PAGES = 10_000


class CannotList(Exception):
    """An order API has no list of orders by the time of their change; the message says which and why."""


class ChangedOrders(Protocol):
    """An order API that can say which orders have changed."""

    def changed(self, since: datetime, until: datetime) -> AsyncIterator[OrderState]:
        """
        Yield each order whose last change lies between the two times, the longest ago first.

        Raises:
            Failure: A page cannot be had, or says nothing about changes.
        """
        ...


def listing_of(client: Client, *, source: str, changed_field: str, call: "Caller") -> ChangedOrders:
    """
    Return the list of a source's order API.

    Raises:
        CannotList: It has none.
    """
    if isinstance(client, DispatchClient):
        return DispatchListing(client, changed_field, call)
    raise CannotList(
        f"source {source}: the Installer API documents no list of orders by the time of their change, "
        "so there is nothing to compare with"
    )


class Caller(Protocol):
    """Makes one call, and waits where the budget of the API says so."""

    async def __call__(
        self, fetch: Callable[[], Awaitable[Page[DispatchOrder]]], /
    ) -> Page[DispatchOrder]: ...


class DispatchListing:
    """
    The list of the Dispatch API, read along the time of change.

    Each page begins at the time where the last one ended, and not at a number: an order that changes meanwhile leaves
    its place, and all behind it move up by one.
    """

    def __init__(self, client: DispatchClient, changed_field: str, call: Caller) -> None:
        self._client = client
        self._field = changed_field
        self._call = call

    async def changed(self, since: datetime, until: datetime) -> AsyncIterator[OrderState]:
        """See `ChangedOrders`."""
        seen: set[str] = set()
        number, begin = 1, since
        for _ in range(MOST_PAGES):
            page = await self._page(number, begin, until)
            states = [self._state(order) for order in page.items]
            for state in states:
                if state.id not in seen:
                    seen.add(state.id)
                    yield state
            if not states or (number == 1 and page.total_items == len(states)):
                return
            last = _moment(states[-1].changed)
            number, begin = (number + 1, begin) if last == begin else (1, last)
        raise BadResponse(
            f"the list of changed orders has more than {MOST_PAGES} pages; narrow it by --since"
        )

    async def _page(self, number: int, begin: datetime, until: datetime) -> Page[DispatchOrder]:
        changed = field(self._field)
        where = (changed >= begin) & (changed <= until)
        order_by = (ascending(self._field),)
        return await self._call(lambda: self._client.orders.page(number, where=where, order_by=order_by))

    def _state(self, order: DispatchOrder) -> OrderState:
        changed = _milliseconds(order.raw.get(self._field))
        if not changed:
            raise BadResponse(
                f"the list of orders has no time in {self._field!r}; see reconcile.changed_field of the source"
            )
        return OrderState(
            id=order.guid,
            status=order.status,
            created=_milliseconds(order.created_at),
            changed=changed,
            raw=order.raw,
        )


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)


def _milliseconds(text: object) -> int:
    """Return a time of the API; 0 for what is none. One without a zone is taken for UTC, which is ours."""
    try:
        found = datetime.fromisoformat(str(text))
    except ValueError:
        return 0
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)
