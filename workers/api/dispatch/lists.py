"""
Lists that take OData: orders, customers and products.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from .door import Door, Listing
from .filters import Filter, Ordering, search_for
from .pages import CAPITAL, LARGEST_PAGE, Page, Tell

T = TypeVar("T")


class ODataList(Generic[T]):
    """
    A part of the API whose things can be listed, filtered, ordered and searched.

    Args:
        name: The operation that lists.
        item: Reads one of them.
    """

    def __init__(self, door: Door, name: str, item: Callable[[Any], T]) -> None:
        self._door = door
        self._list = name
        self._item = item

    async def page(
        self,
        number: int = 1,
        *,
        where: Filter | None = None,
        order_by: Sequence[Ordering] = (),
        search: str | None = None,
        size: int = LARGEST_PAGE,
    ) -> Page[T]:
        """Return one page of what *where* and *search* leave."""
        wanted = Listing(query=_query(where, order_by, search), size=size)
        return await self._door.page(self._list, self._item, CAPITAL, wanted, number)

    def every(
        self,
        *,
        where: Filter | None = None,
        order_by: Sequence[Ordering] = (),
        search: str | None = None,
        size: int = LARGEST_PAGE,
        first_page: int = 1,
        tell: Tell | None = None,
    ) -> AsyncIterator[T]:
        """
        Iterate over all of it, page by page; *tell* hears of each page.

        What is created or deleted meanwhile moves the pages: an item may come twice or not at all, unless the order
        is one in which new ones come last.
        """
        query = _query(where, order_by, search)
        wanted = Listing(query=query, size=size, first_page=first_page, tell=tell)
        return self._door.every(self._list, self._item, CAPITAL, wanted)


def _query(where: Filter | None, order_by: Sequence[Ordering], search: str | None) -> Mapping[str, str]:
    query = {
        "$filter": "" if where is None else str(where),
        "$orderby": ",".join(map(str, order_by)),
        "$search": "" if search is None else search_for(search),
    }
    return {name: text for name, text in query.items() if text}
