"""The list of changed orders of the Dispatch API: whole, in order, however it moves while it is read."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest

from workers.api.dispatch.models import DispatchOrder
from workers.api.dispatch.pages import Page
from workers.failures import BadResponse
from workers.reconcile.listing import DispatchListing

pytestmark = pytest.mark.anyio

BEGIN = datetime(2026, 1, 1, tzinfo=UTC)
END = datetime(2026, 1, 2, tzinfo=UTC)


class Orders:
    """A list of orders that is asked as the client's is; `between` changes it after a page."""

    def __init__(self, times, *, size=3, totals=True, between=lambda _: None):
        self.times, self.size, self.totals, self.between = dict(times), size, totals, between
        self.calls = 0

    async def page(self, number=1, *, where, order_by):
        assert str(order_by[0]).endswith("At asc")
        self.calls += 1
        begin = str(where).partition(" ge ")[2].partition(" and ")[0]
        left = sorted((at, guid) for guid, at in self.times.items() if at >= begin)
        items = [
            DispatchOrder.model_validate({"guid": guid, "status": "pending", "updatedAt": at})
            for at, guid in left[(number - 1) * self.size : number * self.size]
        ]
        self.between(self)
        total = len(left) if self.totals else None
        return Page(items=tuple(items), number=number, size=self.size, total_items=total)


async def listed(orders, field="updatedAt"):
    async def call(fetch):
        return await fetch()

    listing = DispatchListing(SimpleNamespace(orders=orders), field, call)
    return [order.id async for order in listing.changed(BEGIN, END)]


def minute(number: int) -> str:
    return f"2026-01-01T00:{number:02}:00Z"


@pytest.mark.parametrize("totals", [True, False])
async def test_every_order_comes_once_and_in_order(totals):
    """`totalCount` may be missing; an end is then seen by a page that brings nothing."""
    orders = Orders({f"o-{n}": minute(n) for n in range(10)}, totals=totals)

    assert [f"o-{n}" for n in range(10)] == await listed(orders)


async def test_orders_of_one_moment_all_come():
    """An import gives a hundred orders one time; a list that went on by time alone would stand still."""
    orders = Orders({f"o-{n}": minute(1) for n in range(8)} | {"o-9": minute(2)})

    assert {f"o-{n}" for n in range(8)} | {"o-9"} == set(await listed(orders))


async def test_an_order_that_changes_meanwhile_pushes_no_other_out():
    """By page numbers all behind it would move up by one, and the first of the next page would never be seen."""

    def change(orders):
        orders.times.pop("o-0", None)

    found = await listed(Orders({f"o-{n}": minute(n) for n in range(7)}, between=change))

    assert [f"o-{n}" for n in range(7)] == found


async def test_a_list_without_the_field_says_which_setting_is_wrong():
    """Its name is documented nowhere, so it will be wrong somewhere."""
    with pytest.raises(BadResponse, match=r"modifiedAt.*reconcile\.changed_field"):
        await listed(Orders({"o-1": minute(1)}), "modifiedAt")
