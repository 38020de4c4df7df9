"""
What a list is asked for: a page of it, filtered, sorted and searched.

The names of the parameters are documented, for Orders, Customers and Products other ones than for shipments.
That a bad page is a 400, and a page past the end is empty, is ours.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from ..config import JSON
from ..errors import Refusal
from ..operations import Answer
from .envelope import listed
from .odata import matching

PAGE_SIZE, MAX_PAGE_SIZE = 50, 100

#: What the API shows of a thing.
Show = Callable[[JSON], JSON]

_SELECTING = ("$filter", "$search", "$orderby")

_PATH = r"[A-Za-z_]\w*(?:/[A-Za-z_]\w*)*"
_ORDER = re.compile(rf"\s*({_PATH})(?:\s+(asc|desc))?\s*", re.IGNORECASE)

_WHOLE = re.compile(r"0{0,9}[1-9][0-9]{0,8}")

#: The vendor's sample sorts by the one name, its answers show the other.
_ALIASES = {"createdDate": "createdAt"}


def page_of(things: Sequence[JSON], query: Mapping[str, str], show: Show, *, total_pages: bool) -> Answer:
    """
    Return the page that `Page` and `PageSize` ask for, of what the three $-parameters leave.

    Raises:
        Refusal: 400, it cannot be.

    """
    page, size = _number(query, "Page", default=1), _size(query, "PageSize")
    if not any(query.get(name, "").strip() for name in _SELECTING):
        # Only what is on the page is shown: a list may be long.
        return listed(things, show, page=page, page_size=size, total_pages=total_pages)
    shown = selected([show(thing) for thing in things], query)
    return listed(shown, lambda one: one, page=page, page_size=size, total_pages=total_pages)


def shipments_page_of(
    things: Sequence[JSON], query: Mapping[str, str], show: Show, *, total_pages: bool
) -> Answer:
    """
    Return the page that `page` and `perPage` ask for; the answer says `pageSize` all the same.
    """
    page, size = _number(query, "page", default=1), _size(query, "perPage")
    return listed(things, show, page=page, page_size=size, total_pages=total_pages)


def _size(query: Mapping[str, str], name: str) -> int:
    size = _number(query, name, default=PAGE_SIZE)
    if size > MAX_PAGE_SIZE:
        raise _bad(f"{name}: {size} is over {MAX_PAGE_SIZE}")
    return size


def _number(query: Mapping[str, str], name: str, *, default: int) -> int:
    text = query.get(name, str(default))
    if not _WHOLE.fullmatch(text):
        raise _bad(f"{name}: expected a number from 1 on")
    return int(text)


def selected(items: Sequence[JSON], query: Mapping[str, str]) -> list[JSON]:
    """
    Return what `$filter` and `$search` leave, in the order of `$orderby`.

    Raises:
        Refusal: 400, one of them cannot be understood.

    """
    found: list[JSON] = list(items)
    if query.get("$filter", "").strip():
        found = list(matching(found, query["$filter"]))
    if query.get("$search", "").strip():
        found = searched(found, query["$search"])
    if query.get("$orderby", "").strip():
        found = ordered(found, query["$orderby"])
    return found


def searched(items: Sequence[JSON], text: str) -> list[JSON]:
    """
    Return the objects in whose texts every word occurs, whatever its case.
    """
    words = text.replace('"', " ").casefold().split()
    return [item for item in items if _has(item, words)]


def _has(item: JSON, words: Sequence[str]) -> bool:
    texts = [text.casefold() for text in _texts(item)]
    return all(any(word in text for text in texts) for word in words)


def _texts(value: JSON) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def ordered(items: Sequence[JSON], text: str) -> list[JSON]:
    """
    Sort by each of several paths; a null is lower than anything.
    """
    found = list(items)
    # The last one first: a stable sort keeps what a less important path has put in order.
    for part in reversed(text.split(",")):
        named = _ORDER.fullmatch(part)
        if named is None:
            raise _bad(f"$orderby: {part.strip()[:100]!r} is no path with asc or desc")
        path = [_ALIASES.get(name, name) for name in named[1].split("/")]
        found.sort(key=lambda item, path=path: _rank(item, path), reverse=(named[2] or "").lower() == "desc")
    return found


def _rank(item: JSON, path: Sequence[str]) -> tuple[int, Any]:
    value = item
    for name in path:
        if value is None:
            return (0, 0)
        if not isinstance(value, dict) or name not in value:
            raise _bad(f"$orderby: {'/'.join(path)} is no field; known: {', '.join(item)}")
        value = value[name]
    if value is None:
        return (0, 0)
    if isinstance(value, dict | list):
        raise _bad(f"$orderby: {'/'.join(path)} is no single value")
    return (1, value) if isinstance(value, int | float) else (2, value)


def _bad(message: str) -> Refusal:
    return Refusal(HTTPStatus.BAD_REQUEST, message)
