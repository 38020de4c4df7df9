"""
The one way to the Dispatch API: an operation in, what its envelope holds out, every trouble a `Failure`.

Owns the envelopes: `{"data", "success"}`, the list's, and `{"success": false, "error"}`, which counts as a refusal
under any status. Refuses to know which operations there are. Nothing is repeated here.
"""

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import aiohttp

from ...failures import BadResponse
from ..http import Edge
from ..replies import Call, Reply, code_of, decoded, json_object, settled, words_of
from ..sending import form_of, json_of, path_of
from ..shapes import Outgoing
from .operations import OPERATIONS
from .pages import LARGEST_PAGE, Family, Page, Tell, every

T = TypeVar("T")

_CALLS = {name: Call(operation=one, route=one.route) for name, one in OPERATIONS.items()}
#: What the documented codes mean, for an API that says them under a 2xx.
_STATUSES = {"CONFIGURATION_ERROR": 400, "NOT_FOUND": 404, "CONFLICT": 409}


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """
    Which items of a list are wanted.

    Args:
        query: Filters, order and search, as the API spells them.
        size: How many a page is to hold; the vendor documents at most 100.
        first_page: Where to begin, counted from 1.
        tell: Told of every page.
    """

    query: Mapping[str, str]
    size: int = LARGEST_PAGE
    first_page: int = 1
    tell: Tell | None = None


class Door:
    """The Dispatch API behind one edge; the parts of the client share it."""

    def __init__(self, edge: Edge) -> None:
        self._edge = edge

    async def read(
        self, name: str, read: Callable[[Any], T], *, query: Mapping[str, str] | None = None, **ids: str
    ) -> T:
        """Return the `data` of the answer, read by *read*."""
        call = _CALLS[name]
        return decoded(call, await self._asked(call, path_of(call, ids, query)), _within(read))

    async def bare(self, name: str, read: Callable[[Any], T], *, query: Mapping[str, str]) -> T:
        """Return an answer that has no envelope."""
        call = _CALLS[name]
        return decoded(call, await self._asked(call, path_of(call, {}, query)), read)

    async def write(
        self,
        name: str,
        body: Outgoing | Mapping[str, Any] | None = None,
        *,
        key: str,
        query: Mapping[str, str] | None = None,
        **ids: str,
    ) -> None:
        """Make a call whose answer says only that it succeeded."""
        call = _CALLS[name]
        settled(call, await self._written(call, body, key, query, ids))

    async def make(
        self,
        name: str,
        read: Callable[[Any], T],
        body: Outgoing | Mapping[str, Any] | None = None,
        *,
        key: str,
        query: Mapping[str, str] | None = None,
        **ids: str,
    ) -> T:
        """Make a call that changes something and answers with `data`."""
        call = _CALLS[name]
        return decoded(call, await self._written(call, body, key, query, ids), _within(read))

    async def upload(
        self,
        name: str,
        read: Callable[[Any], T],
        content: bytes,
        *,
        file_name: str,
        media_type: str,
        key: str,
    ) -> T:
        """Send a file as a form and return the `data` of the answer."""
        call = _CALLS[name]
        form = form_of(call, content, name=file_name, media_type=media_type)
        return decoded(call, await self._asked(call, path_of(call, {}), body=form, key=key), _within(read))

    async def page(
        self, name: str, item: Callable[[Any], T], family: Family, wanted: Listing, number: int
    ) -> Page[T]:
        """Return one page of a list."""
        call = _CALLS[name]
        query = {**family.query(number, wanted.size), **wanted.query}
        reply = await self._asked(call, path_of(call, {}, query))
        return decoded(call, reply, lambda answer: Page.read(answer, item, number=number, size=wanted.size))

    def every(self, name: str, item: Callable[[Any], T], family: Family, wanted: Listing) -> AsyncIterator[T]:
        """Return an iterator over the items of all pages."""

        async def fetch(number: int) -> Page[T]:
            return await self.page(name, item, family, wanted, number)

        return every(fetch, first_page=wanted.first_page, tell=wanted.tell)

    async def _written(
        self,
        call: Call,
        body: Outgoing | Mapping[str, Any] | None,
        key: str,
        query: Mapping[str, str] | None,
        ids: Mapping[str, str],
    ) -> Reply:
        given = body.body() if isinstance(body, Outgoing) else body
        content = None if given is None else json_of(call, given)
        return await self._asked(call, path_of(call, ids, query), body=content, key=key)

    async def _asked(
        self,
        call: Call,
        path: str,
        *,
        body: bytes | aiohttp.FormData | None = None,
        key: str | None = None,
    ) -> Reply:
        reply = self._edge.check(call, await self._edge.send(call, path, body=body, key=key))
        if json_object(reply).get("success") is False:
            self._edge.check(call, _as_refusal(call, reply))
        return reply


def _as_refusal(call: Call, reply: Reply) -> Reply:
    """
    Return the reply under the status that its error code stands for.

    Raises:
        BadResponse: The code is none that is documented: it is not known whether the call had its effect.
    """
    status = _STATUSES.get(code_of(reply))
    if status is None:
        words = words_of(reply) or "no words"
        message = f"{call} answered {reply.status} and success: false ({words}); the vendor must act"
        raise BadResponse(message, effect=call.effect_if_lost)
    return replace(reply, status=status)


def _within(read: Callable[[Any], T]) -> Callable[[Any], T]:
    def reads(answer: Any) -> T:
        if not isinstance(answer, Mapping) or "data" not in answer:
            raise ValueError("expected an object with data")
        return read(answer["data"])

    return reads
