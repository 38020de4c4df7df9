"""
Calls to one shop's API: JSON out and in, behind the guard and the shop's own budget, every trouble a `Failure`.

Owns what both shop systems have in common. Refuses to know their paths and what their orders say.
"""

from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, TypeVar

import aiohttp

from receiver.secrets import Secret

from ..api.gate import Gate
from ..api.http import Edge
from ..api.replies import Call, Reply, decoded
from ..api.routes import Operation, Route, Standing
from ..api.sending import json_of, path_of
from ..api.token import Token
from ..api.transport import Proof
from ..failures import OrderGone, Unauthorized
from .provider import Provider

T = TypeVar("T")

#: Seconds that one call may take in all.
DEADLINE_S = 15.0
_MISSING = frozenset({HTTPStatus.NOT_FOUND, HTTPStatus.GONE})


def operation(name: str, method: str, path: str, *, of_order: bool = True) -> Operation:
    """Return one operation of a shop's API; all that are called are documented."""
    return Operation(
        name=name,
        route=Route(method=method, path=path),
        standing=Standing.DOCUMENTED,
        writes=method != "GET",
        about="order" if of_order else "",
        configurable=False,
    )


class ShopCalls:
    """One shop's API; the session and the gate stay the caller's."""

    def __init__(
        self,
        provider: Provider,
        session: aiohttp.ClientSession,
        *,
        token: str,
        proof: Proof,
        gate: Gate | None = None,
    ) -> None:
        self._source = provider.source
        self._edge = Edge(
            session,
            base_url=provider.store_url,
            token=Token(Secret("a connected shop's credentials", token)),
            deadline_s=DEADLINE_S,
            gate=gate,
            proof=proof,
        )

    async def ask(
        self,
        what: Operation,
        read: Callable[[Any], T],
        *,
        ids: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, Any] | None = None,
        key: str | None = None,
    ) -> T:
        """
        Make one call and return what *read* finds in its answer.

        Raises:
            Failure: It did not succeed, or its answer cannot be read.
        """
        call = Call(operation=what, route=what.route)
        path = path_of(call, ids or {}, query)
        content = None if body is None else json_of(call, body)
        return decoded(call, await self._sent(call, path, content, key), read)

    async def _sent(self, call: Call, path: str, content: bytes | None, key: str | None) -> Reply:
        try:
            reply = await self._edge.send(call, path, body=content, key=key)
            if reply.status in _MISSING and call.operation.about:
                raise OrderGone(f"{call} answered {reply.status}: {self._source} has no such order any more")
            return self._edge.check(call, reply)
        except Unauthorized as refusal:
            raise self._refused(call, refusal) from refusal

    def _refused(self, call: Call, refusal: Unauthorized) -> Unauthorized:
        """Say who must act: a shop's credentials stand in no file."""
        message = f"{call}: the shop of {self._source} refuses its credentials; disable the provider, then configure it"
        return Unauthorized(message, retry_after_s=refusal.retry_after_s, punctual=refusal.punctual)


def json_object(answer: Any) -> Mapping[str, Any]:
    """
    Return an answer that is an object.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(answer, dict):
        raise ValueError("expected a JSON object")  # noqa: TRY004 - callers catch one class
    return answer


def json_list(answer: Any) -> list[Mapping[str, Any]]:
    """
    Return an answer that is a list of objects.

    Raises:
        ValueError: It is none.
    """
    if not isinstance(answer, list) or not all(isinstance(one, dict) for one in answer):
        raise ValueError("expected a list of JSON objects")
    return answer


def inside(name: str) -> Callable[[Any], Mapping[str, Any]]:
    """Return a reader of the object that stands under *name*."""
    return lambda answer: json_object(json_object(answer).get(name))


def listed(name: str) -> Callable[[Any], list[Mapping[str, Any]]]:
    """Return a reader of the list that stands under *name*."""
    return lambda answer: json_list(json_object(answer).get(name))
