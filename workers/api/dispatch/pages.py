"""
Lists page by page: what a page holds, when there are no more, and what shows that an API goes in circles.

Knows no HTTP: a page is fetched by who calls. Of an answer's numbers none is relied on: `totalPages` is missing in
several of the vendor's samples, and what happens to a size above 100 is not documented.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, Self, TypeVar

from ...failures import BadResponse

T = TypeVar("T")

#: The most that the vendor documents; also what is asked for where the caller does not say.
LARGEST_PAGE = 100
#: Pages after which an API is taken to have no end. Ours.
MOST_PAGES = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """How one kind of list spells its page and its size."""

    page: str
    size: str

    def query(self, number: int, size: int) -> Mapping[str, str]:
        return {self.page: str(number), self.size: str(size)}


#: Orders, customers and products.
CAPITAL = Family(page="Page", size="PageSize")
#: Shipments; the answer says `pageSize` all the same.
PER_PAGE = Family(page="page", size="perPage")


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[T]):
    """
    One page of a list.

    Args:
        items: What is on it, in the API's order.
        number: Which page was asked for, counted from 1.
        size: How many a full page holds: what the API says, else what was asked for.
        total_items: Of all pages; None where the API does not say.
        total_pages: The same for the pages.
        mark: What tells its contents from those of another page.
    """

    items: tuple[T, ...]
    number: int
    size: int
    total_items: int | None = None
    total_pages: int | None = None
    mark: int = 0

    @classmethod
    def read(cls, answer: Any, item: Callable[[Any], T], *, number: int, size: int) -> Self:
        """
        Read the envelope of a list.

        Raises:
            ValueError: There is no list of such items in it.
        """
        data = answer.get("data") if isinstance(answer, Mapping) else None
        if not isinstance(data, list):
            raise ValueError("expected an object with a list under data")  # noqa: TRY004 - callers catch one class
        return cls(
            items=tuple(map(item, data)),
            number=number,
            size=_count(answer.get("pageSize")) or max(size, 1),
            total_items=_count(answer.get("totalCount")),
            total_pages=_count(answer.get("totalPages")),
            mark=hash(tuple(map(_mark, data))),
        )

    @property
    def pages(self) -> int | None:
        """Return of how many pages this is one, as far as it is known."""
        if self.total_pages is None and self.total_items is not None:
            return max(1, -(-self.total_items // self.size))
        return self.total_pages

    def is_last(self, seen: int) -> bool:
        """
        Return whether no page follows, *seen* items being those up to this page's last.

        Where the API says how much there is, a short page is not the end: it may have shortened the size by itself.
        A total of nought beside items is none.
        """
        if not self.items:
            return True
        if self.total_pages:
            return self.number >= self.total_pages
        if self.total_items:
            return seen >= self.total_items
        return len(self.items) < self.size


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Where an iteration stands: at which page, of how many (None: not known), and how many items so far."""

    page: int
    pages: int | None
    items: int


Tell = Callable[[Progress], object]
Fetch = Callable[[int], Awaitable[Page[T]]]


async def every(
    fetch: Fetch[T], *, first_page: int = 1, tell: Tell | None = None, most_pages: int = MOST_PAGES
) -> AsyncIterator[T]:
    """
    Yield the items of all pages.

    Args:
        fetch: Returns the page of that number.
        first_page: Where to begin: behind the last page that was told, after a failure.
        tell: Called with each page, before its items are yielded.

    Raises:
        BadResponse: The API repeats a page, or has no end.
        Failure: A page could not be fetched.
    """
    marks: set[int] = set()
    seen = 0
    for number in range(first_page, first_page + most_pages):
        page = await fetch(number)
        _refuse_repeat(page, marks)
        seen += len(page.items)
        if tell is not None:
            tell(Progress(page=number, pages=page.pages, items=seen))
        for item in page.items:
            yield item
        if page.is_last(seen + (first_page - 1) * page.size):
            return
    raise BadResponse(
        f"the list has more than {most_pages} pages; the vendor must act, or narrow it by a filter"
    )


def _refuse_repeat(page: Page[Any], marks: set[int]) -> None:
    if page.items and page.mark in marks:
        raise BadResponse(
            f"page {page.number} holds what an earlier one held; the vendor must act, expected the next"
        )
    marks.add(page.mark)


def _count(value: object) -> int | None:
    return value if type(value) is int and value >= 0 else None


def _mark(item: object) -> object:
    """Return what an item is known by: its guid; one without is known by all of its text."""
    guid = item.get("guid") if isinstance(item, Mapping) else None
    return guid if isinstance(guid, str | int) else repr(item)
